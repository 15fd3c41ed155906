//! Which slot an order lies in: [`Slots`].

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::order::OrderId;
use super::slab::Slot;

/// Slots by order number. Never iterated, so its order is never seen.
pub(super) type Slots = HashMap<OrderId, Slot, BuildHasherDefault<OrderIdHasher>>;

/// Spreads order numbers, usually consecutive, over the hash table: Fibonacci hashing. The numbers are the caller's own, so
/// nobody can aim at collisions.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct OrderIdHasher(u64);

impl Hasher for OrderIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The table takes its bucket from the low bits, where a product is weakest.
        self.0 = product ^ (product >> 32);
    }
}
