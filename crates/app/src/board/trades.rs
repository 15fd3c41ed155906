//! The newest trades of every market: [`Trades`].

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use kmi_kalshi::ws::message::Trade;

use super::MarketId;

/// The newest trades of each market, and no more than so many of all markets together.
#[derive(Debug)]
pub(super) struct Trades {
    of_market: usize,
    of_all: usize,
    kept: HashMap<MarketId, VecDeque<(u64, Arc<Trade>)>>,
    /// Those that came last, over all markets, by the count of their arrival.
    arrivals: VecDeque<MarketId>,
    arrived: u64,
}

impl Trades {
    /// Keeps `of_market` of each, out of the last `of_all` of all.
    pub(super) fn new(of_market: usize, of_all: usize) -> Trades {
        Trades {
            of_market,
            of_all,
            kept: HashMap::new(),
            arrivals: VecDeque::new(),
            arrived: 0,
        }
    }

    /// Takes a trade; false when it is one of those kept already.
    pub(super) fn take(&mut self, market: MarketId, trade: Arc<Trade>) -> bool {
        let kept = self.kept.entry(market).or_default();
        if kept.iter().any(|(_, known)| known.trade_id == trade.trade_id) {
            return false;
        }
        self.arrived += 1;
        kept.push_front((self.arrived, trade));
        kept.truncate(self.of_market);
        self.arrivals.push_back(market);
        if self.arrivals.len() > self.of_all {
            self.forget_oldest();
        }
        true
    }

    /// The newest of a market, newest first.
    pub(super) fn newest(&self, market: MarketId, limit: usize) -> Vec<Arc<Trade>> {
        let kept = self.kept.get(&market).into_iter().flatten();
        kept.take(limit).map(|(_, trade)| Arc::clone(trade)).collect()
    }

    /// Forgets those of a market.
    pub(super) fn forget(&mut self, market: MarketId) {
        self.kept.remove(&market);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.arrived + 1 - self.arrivals.len() as u64;
        let Some(market) = self.arrivals.pop_front() else {
            return;
        };
        // It may be gone already, in favour of newer ones of its market.
        if let Some(kept) = self.kept.get_mut(&market) {
            if kept.back().is_some_and(|(arrival, _)| *arrival <= oldest) {
                kept.pop_back();
            }
            if kept.is_empty() {
                self.kept.remove(&market);
            }
        }
    }
}
