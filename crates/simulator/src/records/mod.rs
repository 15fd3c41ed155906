//! The read side of the exchange: what was, built from its events alone.
//!
//! [`Records`] takes in every [`Event`] and remembers the orders, fills, positions, settlements and deposits
//! of the exchange's members (not of its own traders), the public trades, quotes and candles of all markets. It is pure:
//! time is an argument. Whatever it keeps is bounded by [`Limits`].
//!
//! Lists are given a [`Page`] at a time. Rows that arrive between two pages are neither shown twice nor lost. Each row is
//! served by the live routes or by the historical ones, never both ([`HistoryAges`]). Private reads may be behind ([`Lag`]).

mod board;
mod candles;
mod lagged;
mod limits;
mod market;
mod money;
mod orders;
mod page;
mod positions;
pub mod query;
mod ring;

use kmi_domain::matching::{GroupId, MarketId, OrderId};
use kmi_domain::{Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::core::{
    Account, Event, FillRecord, OrderState, SettlementRecord, Shard, Subaccount, TradeRecord, UserId,
};
pub use board::{Board, Touch};
pub use candles::{Candlestick, Period, Snapshot};
use lagged::Lagged;
pub use limits::{CandleLimits, Cutoffs, HistoryAges, Lag, Limits};
use market::MarketData;
pub use money::Deposit;
use money::MoneyRecords;
use orders::OrderRecords;
pub use orders::resting_value;
pub(crate) use page::Listing;
pub use page::{Page, PageRequest};
pub use positions::PositionRecord;
use positions::PositionRecords;
use query::{FillFilter, OrderFilter, PositionFilter, SettlementFilter, TradeFilter};

/// What the exchange remembers for those who ask later.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Records {
    limits: Limits,
    ages: HistoryAges,
    markets: MarketData,
    orders: Lagged<OrderRecords>,
    positions: Lagged<PositionRecords>,
    money: MoneyRecords,
}

/// How much is kept at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Public trades.
    pub trades: usize,
    /// Candles of all lengths.
    pub candles: usize,
    /// Orders of members.
    pub orders: usize,
    /// Their fills.
    pub fills: usize,
    /// Their positions.
    pub positions: usize,
    /// Their settlements.
    pub settlements: usize,
}

impl Records {
    /// Of an exchange at which nothing has happened yet.
    pub fn new(limits: Limits, ages: HistoryAges, lag: Lag) -> Records {
        Records {
            limits,
            ages,
            markets: MarketData::new(&limits),
            orders: Lagged::new(OrderRecords::default(), lag.orders_micros),
            positions: Lagged::new(PositionRecords::default(), lag.positions_micros),
            money: MoneyRecords::default(),
        }
    }

    /// Takes in an event of the command that was applied at `now`; `board` is the exchange after that command. To be called
    /// with every event, in order.
    pub fn apply(&mut self, now: Timestamp, event: &Event, board: &impl Board) {
        self.markets.apply(now, event, board, &self.limits);
        self.orders.apply(now, event, &self.limits);
        self.positions.apply(now, event, &self.limits);
        if let Event::Cash(change) = event {
            self.money.apply(change, &self.limits);
        }
    }

    /// Lets private reads see what the lag hid until `now`. To be called before reading, as far as there is a lag.
    pub fn advance(&mut self, now: Timestamp) {
        self.orders.advance(now, &self.limits);
        self.positions.advance(now, &self.limits);
    }

    /// Whether [`Records::advance`] would show private reads something new: spares a reader the write lock.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.orders.is_due(now) || self.positions.is_due(now)
    }

    /// Changes the lag. What was seen stays seen: under a longer lag the state stands still until it has passed.
    pub const fn set_lag(&mut self, lag: Lag) {
        self.orders.set_lag(lag.orders_micros);
        self.positions.set_lag(lag.positions_micros);
    }

    /// The bounds.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Everything that happened up to this instant is in private reads made at `now`: `user_data_timestamp`.
    pub fn user_data_as_of(&self, now: Timestamp) -> Timestamp {
        let orders = self.orders.as_of_if_advanced(now);
        orders.min(self.positions.as_of_if_advanced(now))
    }

    /// The cut-offs between live and historical rows.
    pub const fn cutoffs(&self, now: Timestamp) -> Cutoffs {
        self.ages.cutoffs(now)
    }

    /// Contracts a market traded in the 24 hours before `now`, to the minute.
    pub fn volume_24h(&self, market: MarketId, now: Timestamp) -> Quantity {
        self.markets.candles.day_volume(market, now)
    }

    /// Quotes and last price of a market 24 hours before `now`, to the minute as long as its minute candles are kept.
    pub fn day_ago(&self, market: MarketId, now: Timestamp) -> Snapshot {
        self.markets.candles.at(market, now.plus_seconds(-86_400))
    }

    /// Public trades, newest first.
    pub fn trades(&self, now: Timestamp, filter: &TradeFilter, page: &PageRequest) -> Page<&TradeRecord> {
        self.markets
            .trades(filter, self.cutoffs(now).trades_created, page)
    }

    /// Candles that end in `[start, end]`, oldest first. Periods without a change of the book or a trade have none.
    pub fn candles(
        &self,
        market: MarketId,
        period: Period,
        start: Timestamp,
        end: Timestamp,
    ) -> impl Iterator<Item = Candlestick> {
        self.markets.candles.between(market, period, start, end)
    }

    /// The synthetic candle of `include_latest_before_start`: the last one that ended before `start`, carried to the first
    /// end of a period at or after `start`. Its quotes are flat, since they may not be absent on the wire; it has no prices,
    /// and `previous` is the last trade's. `None` if no candle is known from before.
    pub fn latest_before(&self, market: MarketId, period: Period, start: Timestamp) -> Option<Candlestick> {
        self.markets.candles.latest_before(market, period, start)
    }

    /// One order of a user, live or historical.
    pub fn order(&self, user: UserId, order: OrderId) -> Option<&OrderState> {
        self.orders.seen().order(user, order)
    }

    /// Orders, newest first.
    pub fn orders(&self, now: Timestamp, filter: &OrderFilter, page: &PageRequest) -> Page<&OrderState> {
        let cutoff = self.cutoffs(now).orders_updated;
        let on_shard = |order: &OrderState| self.is_on(filter.shard, order.market);
        self.orders.seen().orders(filter, on_shard, cutoff, page)
    }

    /// Resting orders of a user, oldest first.
    pub fn resting_orders(&self, user: UserId) -> impl Iterator<Item = &OrderState> {
        self.orders.seen().resting(user)
    }

    /// Resting orders of a group, oldest first.
    pub fn orders_in_group(&self, user: UserId, group: GroupId) -> impl Iterator<Item = &OrderState> {
        self.orders.seen().in_group(user, group)
    }

    /// Fills, newest first.
    pub fn fills(&self, now: Timestamp, filter: &FillFilter, page: &PageRequest) -> Page<&FillRecord> {
        let cutoff = self.cutoffs(now).trades_created;
        let on_shard = |fill: &FillRecord| self.is_on(filter.shard, fill.market);
        self.orders.seen().fills(filter, on_shard, cutoff, page)
    }

    /// One position.
    pub fn position(&self, account: Account, market: MarketId) -> Option<&PositionRecord> {
        self.positions.seen().position(account, market)
    }

    /// Positions, by market in the order of listing.
    pub fn positions(
        &self,
        now: Timestamp,
        filter: &PositionFilter,
        page: &PageRequest,
    ) -> Page<&PositionRecord> {
        let cutoff = self.cutoffs(now).positions_updated;
        let on_shard = |record: &PositionRecord| self.is_on(filter.shard, record.state.market);
        self.positions.seen().positions(filter, on_shard, cutoff, page)
    }

    /// The same without pages: what sums over events and values of portfolios are made of.
    pub fn all_positions(
        &self,
        now: Timestamp,
        filter: &PositionFilter,
    ) -> impl Iterator<Item = &PositionRecord> {
        let cutoff = self.cutoffs(now).positions_updated;
        let on_shard = |record: &PositionRecord| self.is_on(filter.shard, record.state.market);
        self.positions.seen().matching(filter, on_shard, cutoff)
    }

    /// Settlements, newest first; none from before the cut-off of positions.
    pub fn settlements(
        &self,
        now: Timestamp,
        filter: &SettlementFilter,
        page: &PageRequest,
    ) -> Page<&SettlementRecord> {
        let cutoff = self.cutoffs(now).positions_updated;
        self.positions.seen().settlements(filter, cutoff, page)
    }

    /// Deposits of a user, to all subaccounts or to one, newest first.
    pub fn deposits(
        &self,
        user: UserId,
        subaccount: Option<Subaccount>,
        page: &PageRequest,
    ) -> Page<&Deposit> {
        self.money.deposits(user, subaccount, page)
    }

    /// When an account's cash changed last, on one shard or on any.
    pub fn cash_changed(&self, account: Account, shard: Option<Shard>) -> Option<Timestamp> {
        self.money.changed(account, shard)
    }

    /// How much is kept.
    pub fn counts(&self) -> Counts {
        let (orders, fills) = self.orders.seen().counts();
        let (positions, settlements) = self.positions.seen().counts();
        Counts {
            trades: self.markets.trade_count(),
            candles: self.markets.candles.len(),
            orders,
            fills,
            positions,
            settlements,
        }
    }

    fn is_on(&self, shard: Option<Shard>, market: MarketId) -> bool {
        shard.is_none_or(|wanted| self.markets.shard(market) == Some(wanted))
    }
}

#[cfg(test)]
mod tests;
