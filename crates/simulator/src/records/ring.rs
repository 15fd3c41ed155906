//! Rows in order of arrival, each under a number that stays its own: [`Ring`].

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The latest rows of an endless list. The n-th ever pushed has number n, from 0, also when earlier ones are gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Ring<T> {
    dropped: u64,
    rows: VecDeque<T>,
}

impl<T> Default for Ring<T> {
    fn default() -> Ring<T> {
        Ring {
            dropped: 0,
            rows: VecDeque::new(),
        }
    }
}

impl<T> Ring<T> {
    /// Adds a row and gives back its number, and the oldest row where there are now more than `limit`.
    pub(crate) fn push(&mut self, row: T, limit: usize) -> (u64, Option<T>) {
        self.rows.push_back(row);
        let number = self.end() - 1;
        if self.rows.len() <= limit {
            return (number, None);
        }
        self.dropped += 1;
        (number, self.rows.pop_front())
    }

    /// Number the next row will have.
    pub(crate) fn end(&self) -> u64 {
        self.dropped + self.rows.len() as u64
    }

    /// The row of a number.
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        let index = number.checked_sub(self.dropped)?;
        self.rows.get(usize::try_from(index).ok()?)
    }

    /// Number of the first row for which `is_before` no longer holds; it must hold for none after one for which it does not.
    pub(crate) fn first_not(&self, is_before: impl FnMut(&T) -> bool) -> u64 {
        self.dropped + self.rows.partition_point(is_before) as u64
    }

    /// Rows below number `end` with their numbers, newest first.
    pub(crate) fn newest_first(&self, end: u64) -> impl Iterator<Item = (u64, &T)> {
        let end = end.min(self.end());
        (self.dropped..end)
            .rev()
            .filter_map(|number| self.get(number).map(|row| (number, row)))
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Ring;

    #[test]
    fn a_row_keeps_its_number_when_older_ones_go() {
        let mut ring = Ring::default();
        assert_eq!(ring.push('a', 2), (0, None));
        assert_eq!(ring.push('b', 2), (1, None));
        assert_eq!(ring.push('c', 2), (2, Some('a')));
        assert_eq!(ring.get(0), None);
        assert_eq!(ring.get(2), Some(&'c'));
        assert_eq!(
            ring.newest_first(u64::MAX).collect::<Vec<_>>(),
            [(2, &'c'), (1, &'b')]
        );
        assert_eq!(ring.newest_first(2).collect::<Vec<_>>(), [(1, &'b')]);
        assert_eq!(ring.first_not(|row| *row < 'c'), 2);
    }
}
