//! Markets of which a client is owed the state: [`Debts`].

use std::collections::VecDeque;

use kmi_app::board::MarketId;
use kmi_app::hub::MarketSet;

/// Markets of which a client is owed the state, each once however often it asks, first come first paid. So there are never more than
/// the subscription covers.
#[derive(Debug, Default)]
pub(super) struct Debts {
    queue: VecDeque<MarketId>,
    /// Those in the queue.
    owed: MarketSet,
}

impl Debts {
    /// Owes this one, unless it is owed already.
    pub(super) fn push(&mut self, market: MarketId) {
        if self.owed.insert(market) {
            self.queue.push_back(market);
        }
    }

    /// Owes all of these.
    pub(super) fn extend(&mut self, markets: impl IntoIterator<Item = MarketId>) {
        for market in markets {
            self.push(market);
        }
    }

    /// The one that is owed longest.
    pub(super) fn pop(&mut self) -> Option<MarketId> {
        let market = self.queue.pop_front()?;
        self.owed.remove(market);
        Some(market)
    }

    /// Owes none of these any more.
    pub(super) fn forgive(&mut self, markets: impl IntoIterator<Item = MarketId>) {
        let mut any = false;
        for market in markets {
            any |= self.owed.remove(market);
        }
        if any {
            self.queue.retain(|market| self.owed.contains(*market));
        }
    }

    /// Owes nothing any more.
    pub(super) fn clear(&mut self) {
        *self = Debts::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_is_owed_once_however_often_it_is_asked_for() {
        let mut debts = Debts::default();
        for _ in 0..3 {
            debts.extend([MarketId(7), MarketId(2), MarketId(7)]);
        }
        assert_eq!(debts.queue, [MarketId(7), MarketId(2)]);
        debts.forgive([MarketId(7), MarketId(9)]);
        debts.push(MarketId(7));
        assert_eq!(debts.pop(), Some(MarketId(2)));
        debts.push(MarketId(2));
        assert_eq!(
            [debts.pop(), debts.pop(), debts.pop()],
            [Some(MarketId(7)), Some(MarketId(2)), None]
        );
    }
}
