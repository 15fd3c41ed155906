//! Things by a small number that is used again: [`Slab`].

use serde::{Deserialize, Serialize};

/// Things by number; the number of a removed thing is given to the next one, so that memory is that of the most there ever
/// were at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    pub(super) fn insert(&mut self, thing: T) -> u32 {
        if let Some(number) = self.free.pop() {
            self.places[number as usize] = Some(thing);
            return number;
        }
        self.places.push(Some(thing));
        u32::try_from(self.places.len() - 1).expect("fewer things than u32 counts")
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<T> {
        let thing = self.places.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(thing)
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.places.get(number as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.places.get_mut(number as usize)?.as_mut()
    }

    /// In order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0_u32..)
            .zip(&self.places)
            .filter_map(|(number, place)| Some((number, place.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_again_after_its_thing_is_gone() {
        let mut slab = Slab::default();
        assert_eq!((slab.insert("a"), slab.insert("b")), (0, 1));
        assert_eq!(slab.remove(0), Some("a"));
        assert_eq!(slab.remove(0), None);
        assert_eq!(slab.insert("c"), 0);
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(0, &"c"), (1, &"b")]);
        assert_eq!(slab.get(7), None);
    }
}
