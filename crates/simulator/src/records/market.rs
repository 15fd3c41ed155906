//! What was public: trades and candles. Never lags.

use std::collections::VecDeque;

use kmi_domain::Timestamp;
use kmi_domain::matching::MarketId;
use serde::{Deserialize, Serialize};

use super::board::{Board, Touch};
use super::candles::Candles;
use super::limits::Limits;
use super::page::{Listing, Page, PageRequest};
use super::query::{Era, TradeFilter};
use super::ring::Ring;
use crate::core::{Event, Shard, TradeRecord};

/// What is remembered of a market beside its trades and candles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MarketRecord {
    shard: Shard,
    /// Best prices after the last command that changed its book.
    touch: Touch,
}

/// All markets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MarketData {
    /// By [`MarketId::index`].
    markets: Vec<MarketRecord>,
    trades: Ring<TradeRecord>,
    /// Numbers in `trades` of each market's trades.
    trades_of: Vec<VecDeque<u64>>,
    pub(super) candles: Candles,
}

impl MarketData {
    pub(super) fn new(limits: &Limits) -> MarketData {
        MarketData {
            markets: Vec::new(),
            trades: Ring::default(),
            trades_of: Vec::new(),
            candles: Candles::new(limits),
        }
    }

    /// Where a market trades; `None` before it is listed.
    pub(super) fn shard(&self, market: MarketId) -> Option<Shard> {
        self.markets.get(market.index()).map(|record| record.shard)
    }

    pub(super) fn apply(&mut self, now: Timestamp, event: &Event, board: &impl Board, limits: &Limits) {
        match event {
            Event::MarketListed(market) => self.list(*market, board),
            Event::Level { market, .. } | Event::BookReplaced { market, .. } => {
                self.quote(now, *market, board);
            }
            Event::Trade(trade) => self.trade(trade, board, limits),
            _ => {}
        }
    }

    /// Markets are numbered in the order in which they are listed.
    fn list(&mut self, market: MarketId, board: &impl Board) {
        if self.markets.len() <= market.index() {
            let record = MarketRecord {
                shard: board.shard(market),
                touch: Touch::EMPTY,
            };
            self.markets.resize(market.index() + 1, record);
            self.trades_of.resize(market.index() + 1, VecDeque::new());
        }
    }

    fn quote(&mut self, now: Timestamp, market: MarketId, board: &impl Board) {
        if let Some(record) = self.markets.get_mut(market.index()) {
            let before = record.touch;
            record.touch = board.touch(market);
            self.candles.quote(now, market, before, record.touch);
        }
    }

    fn trade(&mut self, trade: &TradeRecord, board: &impl Board, limits: &Limits) {
        if let Some(record) = self.markets.get(trade.market.index()) {
            let open_interest = board.open_interest(trade.market);
            self.candles.trade(trade, record.touch, open_interest);
            self.keep(trade.clone(), limits);
        }
    }

    fn keep(&mut self, trade: TradeRecord, limits: &Limits) {
        let market = trade.market.index();
        let (number, dropped) = self.trades.push(trade, limits.trades.max(1));
        self.trades_of[market].push_back(number);
        if let Some(dropped) = dropped {
            self.trades_of[dropped.market.index()].pop_front();
        }
    }

    /// Newest first.
    pub(super) fn trades(
        &self,
        filter: &TradeFilter,
        cutoff: Timestamp,
        page: &PageRequest,
    ) -> Page<&TradeRecord> {
        let before = page.position(Listing::Trades).unwrap_or(u64::MAX);
        let (from, to) = self.span(filter, cutoff);
        let end = to.min(before);
        if let Some(market) = filter.market {
            let rows = self.numbers_below(market, end);
            return self.take(page.limit, rows.take_while(|number| *number >= from));
        }
        self.take(page.limit, (from..end).rev())
    }

    /// Numbers of the first trade that the filter lets through and of the first after those. Trades are in order of time.
    fn span(&self, filter: &TradeFilter, cutoff: Timestamp) -> (u64, u64) {
        let reached =
            |time: Option<Timestamp>| time.map_or(0, |time| self.trades.first_not(|trade| trade.time < time));
        let passed = |time: Option<Timestamp>| {
            time.map_or(u64::MAX, |time| self.trades.first_not(|trade| trade.time <= time))
        };
        let border = self.trades.first_not(|trade| trade.time < cutoff);
        let (low, high) = match filter.era {
            Era::Live => (border, self.trades.end()),
            Era::Historical => (self.trades.first_not(|_| false), border),
        };
        (
            low.max(reached(filter.time.from)),
            high.min(passed(filter.time.to)),
        )
    }

    fn numbers_below(&self, market: MarketId, end: u64) -> impl Iterator<Item = u64> {
        self.trades_of
            .get(market.index())
            .into_iter()
            .flat_map(move |numbers| {
                let count = numbers.partition_point(|number| *number < end);
                numbers.range(..count).rev().copied()
            })
    }

    fn take(&self, limit: usize, numbers: impl Iterator<Item = u64>) -> Page<&TradeRecord> {
        let rows = numbers.filter_map(|number| self.trades.get(number).map(|trade| (number, trade)));
        Page::take(Listing::Trades, limit, rows)
    }

    /// Trades kept.
    pub(super) fn trade_count(&self) -> usize {
        self.trades.len()
    }
}
