//! An own order that waits in a recorded queue.

use super::order::{FlowOrder, QueueModel};
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// Contracts that left a level this millisecond and may turn out to be a print.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Early {
    millisecond: i64,
    /// Contracts that left.
    vanished: i64,
    /// How far that moved the order ahead.
    credited: i64,
}

/// A resting own order.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Resting {
    pub(super) order: FlowOrder,
    /// Price of the contract gained: the level it waits at.
    pub(super) price: Price,
    pub(super) remaining: Quantity,
    /// Millisecond in which it joined.
    joined: i64,
    /// Contracts of others that trade before it, in hundredths.
    pub(super) ahead: i64,
    /// Contracts printed at its level whose delta has not come yet.
    printed: i64,
    early: Early,
}

impl Resting {
    /// Joins a level where `displayed` contracts of others wait.
    pub(super) fn join(
        now: Timestamp,
        order: FlowOrder,
        remaining: Quantity,
        model: QueueModel,
        displayed: Quantity,
    ) -> Self {
        let ahead = match model {
            QueueModel::Front => 0,
            QueueModel::Back | QueueModel::Proportional => displayed.units(),
        };
        Resting {
            order,
            price: order.own_price(),
            remaining,
            joined: now.millis(),
            ahead,
            printed: 0,
            early: Early::default(),
        }
    }

    /// Its level shrank from `old` to `new` contracts of others.
    pub(super) fn level_shrank(&mut self, now: Timestamp, model: QueueModel, old: i64, new: i64) {
        let explained = (old - new).min(self.printed);
        self.printed -= explained;
        let (old, left) = (old - explained, old - new - explained);
        if left == 0 {
            self.ahead = self.ahead.min(new);
            return;
        }
        let before = self.ahead;
        if model == QueueModel::Proportional {
            // The product of two levels needs more than 64 bits; the quotient is at most `ahead`.
            let share = i128::from(left) * i128::from(before.min(old)) / i128::from(old);
            self.ahead -= i64::try_from(share).expect("a share is no larger than the whole");
        }
        self.ahead = self.ahead.min(new);
        if self.early.millisecond != now.millis() {
            self.early = Early {
                millisecond: now.millis(),
                ..Early::default()
            };
        }
        self.early.vanished += left;
        self.early.credited += before - self.ahead;
    }

    /// A print of `quantity` at its level, before it eats the queue: takes back what the same contracts moved it ahead
    /// when their delta came, so that they do not count twice.
    pub(super) fn level_printed(&mut self, now: Timestamp, quantity: i64) {
        let mut matched = 0;
        if self.early.millisecond == now.millis() && self.early.vanished > 0 {
            matched = quantity.min(self.early.vanished);
            let vanished = i128::from(self.early.vanished);
            // Rounded up: against us.
            let back = (i128::from(self.early.credited) * i128::from(matched) + vanished - 1) / vanished;
            let back = i64::try_from(back).expect("a share is no larger than the whole");
            self.early.vanished -= matched;
            self.early.credited -= back;
            self.ahead += back;
        }
        self.printed += quantity - matched;
    }

    /// A snapshot shows `displayed` contracts of others at its level.
    pub(super) fn resynced(&mut self, displayed: Quantity) {
        self.ahead = self.ahead.min(displayed.units());
        self.printed = 0;
        self.early = Early::default();
    }

    /// False within the millisecond it joined: a print told now may have been made before, its delta being told first.
    pub(super) fn may_meet_prints(&self, now: Timestamp) -> bool {
        self.joined != now.millis()
    }

    /// Contracts filled so far.
    pub(super) fn filled(&self) -> Quantity {
        self.order.quantity - self.remaining
    }
}
