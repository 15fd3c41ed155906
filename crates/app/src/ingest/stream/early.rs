//! What the stream says of markets that are not on the board yet: [`Early`].

use std::collections::BTreeMap;

use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::ws::message::TickerUpdate;

use crate::board::{Board, Taken};

/// Markets whose quotes wait, at most; more are dropped, as the sweep brings them.
const QUOTES: usize = 50_000;

/// Quotes that wait for the sweep that brings their markets; the latest of each counts.
#[derive(Debug, Default)]
pub(super) struct Early {
    quotes: BTreeMap<Ticker, (TickerUpdate, Timestamp)>,
}

impl Early {
    pub(super) fn quote(&mut self, update: TickerUpdate, at: Timestamp) {
        if self.quotes.len() < QUOTES || self.quotes.contains_key(&update.market_ticker) {
            self.quotes.insert(update.market_ticker.clone(), (update, at));
        }
    }

    /// After a sweep: what is on the board now is told it. Gives the markets that are not; they are forgotten here.
    pub(super) fn resolve(&mut self, board: &Board) -> Vec<Ticker> {
        let waiting = std::mem::take(&mut self.quotes).into_iter();
        let unknown =
            waiting.filter(|(_, (update, at))| matches!(board.take_ticker(update, *at), Taken::Unknown));
        unknown.map(|(ticker, _)| ticker).collect()
    }
}
