//! What the stream says of markets that are not on the board yet: [`Early`].

use std::collections::{BTreeMap, VecDeque};

use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::ws::message::{TickerUpdate, Trade};

use crate::board::Board;

/// Markets whose quotes wait, at most; more are dropped, as the sweep brings them.
const QUOTES: usize = 50_000;
/// Trades that wait, at most; the oldest are dropped from here. They are kept in the database all the same.
const TRADES: usize = 20_000;

/// Waits for the sweep that brings the markets. Of quotes the latest counts.
#[derive(Debug, Default)]
pub(super) struct Early {
    quotes: BTreeMap<Ticker, (TickerUpdate, Timestamp)>,
    trades: VecDeque<(Trade, Timestamp)>,
}

impl Early {
    pub(super) fn quote(&mut self, update: TickerUpdate, at: Timestamp) {
        if self.quotes.len() < QUOTES || self.quotes.contains_key(&update.market_ticker) {
            self.quotes.insert(update.market_ticker.clone(), (update, at));
        }
    }

    pub(super) fn trade(&mut self, trade: Trade, at: Timestamp) {
        if self.trades.len() == TRADES {
            self.trades.pop_front();
        }
        self.trades.push_back((trade, at));
    }

    /// After a sweep: what is on the board now is told it. Gives the markets that are not; they are forgotten here.
    pub(super) fn resolve(&mut self, board: &Board) -> Vec<Ticker> {
        let mut unknown = Vec::new();
        for (ticker, (update, at)) in std::mem::take(&mut self.quotes) {
            if board.take_ticker(&update, at).is_none() {
                unknown.push(ticker);
            }
        }
        for (trade, at) in std::mem::take(&mut self.trades) {
            if board.id(&trade.market_ticker).is_some() {
                board.take_trade(trade, at);
            } else {
                unknown.push(trade.market_ticker);
            }
        }
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }
}
