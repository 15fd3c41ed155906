//! Where resting orders live: [`Slab`], with the queue of a level threaded through it.

use std::num::NonZeroU32;

use super::ladder::PriceLevel;
use super::order::{AccountId, GroupId, OrderId, RestingOrder, SelfTradePrevention};
use crate::side::BookSide;
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// Place of an order in the slab, counted from one so that an absent link costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Slot(NonZeroU32);

impl Slot {
    const fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// A resting order and its neighbours in the queue.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Node {
    pub(super) id: OrderId,
    pub(super) remaining: Quantity,
    pub(super) filled: Quantity,
    pub(super) account: AccountId,
    pub(super) group: Option<GroupId>,
    pub(super) price: Price,
    pub(super) side: BookSide,
    pub(super) self_trade: SelfTradePrevention,
    pub(super) post_only: bool,
    pub(super) cancel_on_pause: bool,
    pub(super) expiration: Option<Timestamp>,
    pub(super) prev: Option<Slot>,
    pub(super) next: Option<Slot>,
}

impl Node {
    pub(super) fn view(&self) -> RestingOrder {
        RestingOrder {
            id: self.id,
            account: self.account,
            side: self.side,
            price: self.price,
            filled: self.filled,
            remaining: self.remaining,
            expiration: self.expiration,
            group: self.group,
        }
    }
}

/// Orders by slot; freed slots are used again, so that a book in balance allocates nothing.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Slab {
    nodes: Vec<Node>,
    /// First free slot; the free ones are linked through `next`.
    free: Option<Slot>,
}

impl Slab {
    /// True when no further order fits in.
    pub(super) fn is_full(&self) -> bool {
        self.free.is_none() && u32::try_from(self.nodes.len() + 1).is_err()
    }

    pub(super) fn get(&self, slot: Slot) -> &Node {
        &self.nodes[slot.index()]
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> &mut Node {
        &mut self.nodes[slot.index()]
    }

    pub(super) fn insert(&mut self, node: Node) -> Slot {
        if let Some(slot) = self.free {
            self.free = self.get(slot).next;
            *self.get_mut(slot) = node;
            return slot;
        }
        self.nodes.push(node);
        let count = u32::try_from(self.nodes.len()).expect("the caller asked is_full");
        Slot(NonZeroU32::new(count).expect("just pushed"))
    }

    pub(super) fn remove(&mut self, slot: Slot) {
        let free = self.free;
        self.get_mut(slot).next = free;
        self.free = Some(slot);
    }

    /// Puts an order at the end of a level's queue.
    pub(super) fn append(&mut self, level: &mut PriceLevel, slot: Slot) {
        let tail = level.tail;
        let node = self.get_mut(slot);
        node.prev = tail;
        node.next = None;
        level.total += node.remaining;
        match tail {
            Some(tail) => self.get_mut(tail).next = Some(slot),
            None => level.head = Some(slot),
        }
        level.tail = Some(slot);
    }

    /// Takes an order out of a level's queue.
    pub(super) fn unlink(&mut self, level: &mut PriceLevel, slot: Slot) {
        let Node {
            prev,
            next,
            remaining,
            ..
        } = *self.get(slot);
        level.total -= remaining;
        match prev {
            Some(prev) => self.get_mut(prev).next = next,
            None => level.head = next,
        }
        match next {
            Some(next) => self.get_mut(next).prev = prev,
            None => level.tail = prev,
        }
    }

    /// Orders of a level, oldest first.
    pub(super) fn queue(&self, level: PriceLevel) -> impl Iterator<Item = &Node> {
        std::iter::successors(level.head.map(|slot| self.get(slot)), |node| {
            node.next.map(|slot| self.get(slot))
        })
    }
}
