//! Drawing things by weight: [`Weights`].

use serde::{Deserialize, Serialize};

/// Weights by number, drawn from and changed in logarithmic time. Source: Fenwick (1994), binary indexed trees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Weights {
    weights: Vec<u32>,
    /// One longer than `weights`: `sums[i]` is the sum of the `lowest_bit(i)` weights that end before `i`.
    sums: Vec<u64>,
}

impl Weights {
    /// Gives a number its weight; zero is never drawn.
    pub(super) fn set(&mut self, number: u32, weight: u32) {
        let index = number as usize;
        while self.weights.len() <= index {
            self.grow();
        }
        let old = std::mem::replace(&mut self.weights[index], weight);
        let mut node = index + 1;
        while node < self.sums.len() {
            self.sums[node] = self.sums[node] + u64::from(weight) - u64::from(old);
            node += lowest_bit(node);
        }
    }

    /// The weight of a number.
    pub(super) fn get(&self, number: u32) -> u32 {
        self.weights.get(number as usize).copied().unwrap_or(0)
    }

    /// Sum of all weights.
    pub(super) fn total(&self) -> u64 {
        let mut node = self.weights.len();
        let mut total = 0;
        while node > 0 {
            total += self.sums[node];
            node -= lowest_bit(node);
        }
        total
    }

    /// The number on which `point` falls when all weights lie one after the other; `point` must be below the total.
    pub(super) fn at(&self, mut point: u64) -> u32 {
        let mut node = 0;
        let mut step = self.weights.len().next_power_of_two();
        while step > 0 {
            let next = node + step;
            if next < self.sums.len() && self.sums[next] <= point {
                point -= self.sums[next];
                node = next;
            }
            step /= 2;
        }
        u32::try_from(node).expect("numbers are u32")
    }

    /// One more number, of weight zero.
    fn grow(&mut self) {
        if self.sums.is_empty() {
            self.sums.push(0);
        }
        self.weights.push(0);
        let node = self.weights.len();
        let (mut part, first) = (node - 1, node - lowest_bit(node));
        let mut sum = 0;
        while part > first {
            sum += self.sums[part];
            part -= lowest_bit(part);
        }
        self.sums.push(sum);
    }
}

const fn lowest_bit(node: usize) -> usize {
    node & node.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_point_falls_where_a_walk_along_the_weights_ends(
            changes in prop::collection::vec((0..40_u32, 0..9_u32), 1..120)
        ) {
            let (mut weights, mut plain) = (Weights::default(), vec![0; 40]);
            for (number, weight) in changes {
                weights.set(number, weight);
                plain[number as usize] = weight;
            }
            let walked: Vec<u32> = (0..40)
                .flat_map(|number| std::iter::repeat_n(number, plain[number as usize] as usize))
                .collect();
            prop_assert_eq!(weights.total(), walked.len() as u64);
            let drawn: Vec<u32> = (0..weights.total()).map(|point| weights.at(point)).collect();
            prop_assert_eq!(drawn, walked);
        }
    }
}
