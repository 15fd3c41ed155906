//! What can be asked of the exchange without changing it.

use kmi_domain::matching::{GroupId, MarketId, OrderId};
use kmi_domain::{BookSide, EventTicker, Level, Money, Quantity, SeriesTicker, Timestamp};

use super::super::account::{GroupState, KeyState, Ledger, UserState};
use super::super::event::{OrderState, PositionState, TransferState};
use super::super::ids::{Account, Shard, UserId};
use super::super::market::{EventState, MarketState, SeriesState};
use super::super::spec::Rules;
use super::Exchange;

/// Rules and pauses.
impl Exchange {
    /// Rules of the house.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Time of the last command; [`Timestamp::MIN`] before the first.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether orders are taken.
    pub const fn trading_active(&self) -> bool {
        self.trading_active && self.is_running
    }

    /// Whether anything is taken.
    pub const fn exchange_active(&self) -> bool {
        self.is_running
    }

    /// When the present pause is said to end.
    pub const fn resume_time(&self) -> Option<Timestamp> {
        self.resume_time
    }

    /// When time next does something by itself: `Advance` is due then.
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(time, _)| *time)
    }
}

/// Catalogue and books. Methods that take a [`MarketId`] panic on one that this exchange did not give.
impl Exchange {
    /// All series, by ticker.
    pub fn series(&self) -> impl Iterator<Item = &SeriesState> {
        self.series.values()
    }

    /// A series.
    pub fn series_of(&self, ticker: &SeriesTicker) -> Option<&SeriesState> {
        self.series.get(ticker)
    }

    /// All events, in order of listing.
    pub fn events(&self) -> impl Iterator<Item = &EventState> {
        self.events.iter()
    }

    /// An event.
    pub fn event(&self, ticker: &EventTicker) -> Option<&EventState> {
        self.event_numbers
            .get(ticker)
            .map(|number| &self.events[*number as usize])
    }

    /// Events of a series, in order of listing.
    pub fn events_of(&self, series: &SeriesTicker) -> impl Iterator<Item = &EventState> {
        let numbers = self
            .series
            .get(series)
            .into_iter()
            .flat_map(|series| &series.events);
        numbers.map(|number| &self.events[*number as usize])
    }

    /// All markets, in order of listing.
    pub fn markets(&self) -> impl Iterator<Item = &MarketState> {
        self.markets.iter()
    }

    /// Number of a market in the exchange.
    pub fn market_id(&self, ticker: &str) -> Option<MarketId> {
        self.market_ids.get(ticker).copied()
    }

    /// The market of a number that [`MarketState::number`] gave.
    pub fn market_of_number(&self, number: u64) -> Option<&MarketState> {
        self.markets.get(usize::try_from(number).ok()?)
    }

    /// A market.
    pub fn market(&self, market: MarketId) -> &MarketState {
        &self.markets[Self::slot(market)]
    }

    /// Markets of an event, in order of listing.
    pub fn markets_of(&self, event: &EventTicker) -> impl Iterator<Item = &MarketState> {
        let markets = self.event(event).into_iter().flat_map(|event| &event.markets);
        markets.map(|market| self.market(*market))
    }

    /// Shard a market trades on.
    pub fn shard_of(&self, market: MarketId) -> Shard {
        self.market(market).shard
    }

    /// Levels of the public book in YES prices, best first. That of a replayed market is the recorded one, own orders apart.
    pub fn levels(&self, market: MarketId, side: BookSide) -> impl Iterator<Item = Level> {
        let tape = self.tapes.get(&market);
        let recorded = tape.into_iter().flat_map(move |tape| tape.levels(side));
        recorded.chain(self.engine.market(market).levels(side))
    }

    /// YES bids, best first.
    pub fn bids(&self, market: MarketId) -> impl Iterator<Item = Level> {
        self.levels(market, BookSide::Bid)
    }

    /// YES asks, best first; an ask at p is a NO bid at 1 − p.
    pub fn asks(&self, market: MarketId) -> impl Iterator<Item = Level> {
        self.levels(market, BookSide::Ask)
    }

    /// Highest YES bid of the public book.
    pub fn best_bid(&self, market: MarketId) -> Option<Level> {
        self.bids(market).next()
    }

    /// Lowest YES ask of the public book.
    pub fn best_ask(&self, market: MarketId) -> Option<Level> {
        self.asks(market).next()
    }
}

/// Orders and groups.
impl Exchange {
    /// An order that is not over.
    pub fn order(&self, order: OrderId) -> Option<&OrderState> {
        self.orders.get(&order).map(|order| &order.state)
    }

    /// Orders of a user that are not over, by number.
    pub fn open_orders(&self, user: UserId) -> Vec<&OrderState> {
        let accounts = self.user(user).into_iter().flat_map(UserState::accounts);
        let mut orders: Vec<&OrderState> = accounts
            .flat_map(|account| self.open_orders_of(account))
            .collect();
        orders.sort_unstable_by_key(|order| order.order);
        orders
    }

    /// Orders of an account that are not over, by number.
    pub fn open_orders_of(&self, account: Account) -> Vec<&OrderState> {
        let stakes = self
            .accounts
            .get(&account)
            .into_iter()
            .flat_map(|state| state.stakes.values());
        let mut orders: Vec<&OrderState> = stakes
            .flat_map(|stake| &stake.orders)
            .filter_map(|order| self.order(*order))
            .collect();
        orders.sort_unstable_by_key(|order| order.order);
        orders
    }

    /// Orders of a market that are not over: bids before asks, by priority; by number in a replayed market.
    pub fn open_orders_in(&self, market: MarketId) -> impl Iterator<Item = &OrderState> {
        let matched = [BookSide::Bid, BookSide::Ask]
            .into_iter()
            .flat_map(move |side| self.engine.market(market).orders(side))
            .map(|order| order.id);
        let replayed = if self.tapes.contains_key(&market) {
            self.orders_on_tape(market)
        } else {
            Vec::new()
        };
        matched.chain(replayed).filter_map(|order| self.order(order))
    }

    /// Contracts that fill before this order does; in a replayed market those ahead of it at its own price.
    pub fn queue_position(&self, order: OrderId) -> Option<Quantity> {
        let state = self.order(order)?;
        match self.tapes.get(&state.market) {
            Some(tape) => tape.queue_ahead(state.account, order),
            None => self.engine.market(state.market).queue_position(order),
        }
    }

    /// An order group.
    pub fn group(&self, group: GroupId) -> Option<GroupState> {
        let owner = self.groups.get(&group)?;
        let inner = self.engine.groups().get(group)?;
        Some(GroupState {
            group,
            account: owner.account,
            shard: owner.shard,
            limit: inner.limit(),
            volume: inner.volume(self.now),
            is_triggered: inner.is_triggered(),
            orders: inner.orders().map(|(_, order)| order).collect(),
            created: owner.created,
        })
    }

    /// Order groups of a user, by number. Walks all groups.
    pub fn groups_of(&self, user: UserId) -> Vec<GroupState> {
        let owned = self.groups.iter().filter(|(_, owner)| owner.account.user == user);
        owned.filter_map(|(group, _)| self.group(*group)).collect()
    }
}

/// Users and money.
impl Exchange {
    /// All users, by number.
    pub fn users(&self) -> impl Iterator<Item = &UserState> {
        self.users.iter()
    }

    /// A user.
    pub fn user(&self, user: UserId) -> Option<&UserState> {
        self.users.get(user.0 as usize)
    }

    /// A user by name.
    pub fn user_by_name(&self, name: &str) -> Option<&UserState> {
        self.user_ids.get(name).and_then(|user| self.user(*user))
    }

    /// A key.
    pub fn key(&self, key_id: &str) -> Option<&KeyState> {
        self.keys.get(key_id)
    }

    /// Keys of a user, by id. Walks all keys.
    pub fn keys_of(&self, user: UserId) -> impl Iterator<Item = &KeyState> {
        self.keys.values().filter(move |key| key.spec.user == user)
    }

    /// A position in a market that is not settled, once the account traded there.
    pub fn position(&self, account: Account, market: MarketId) -> Option<PositionState> {
        let stake = self.accounts.get(&account)?.stakes.get(&market)?;
        stake.volume.is_positive().then(|| stake.state(account, market))
    }

    /// Positions of an account in markets that are not settled, flat ones it traded included, by market.
    pub fn positions_of(&self, account: Account) -> impl Iterator<Item = PositionState> {
        let stakes = self
            .accounts
            .get(&account)
            .into_iter()
            .flat_map(|state| &state.stakes);
        stakes
            .filter(|(_, stake)| stake.volume.is_positive())
            .map(move |(market, stake)| stake.state(account, *market))
    }

    /// The same of all accounts of a user, by subaccount, then market.
    pub fn positions(&self, user: UserId) -> impl Iterator<Item = PositionState> {
        let accounts = self.user(user).into_iter().flat_map(UserState::accounts);
        accounts.flat_map(|account| self.positions_of(account))
    }

    /// Cash of an account on a shard, what is held for orders included.
    pub fn cash(&self, account: Account, shard: Shard) -> Money {
        self.accounts
            .get(&account)
            .map_or(Money::ZERO, |state| state.cash(shard))
    }

    /// What of the cash is held for resting orders, possible fees included.
    pub fn held(&self, account: Account, shard: Shard) -> Money {
        self.accounts
            .get(&account)
            .map_or(Money::ZERO, |state| state.held(shard))
    }

    /// Cash that may be spent; never below zero.
    pub fn available(&self, account: Account, shard: Shard) -> Money {
        self.cash(account, shard) - self.held(account, shard)
    }

    /// Whether what an account's positions pay in every outcome of an event is given back.
    pub fn netting_of(&self, account: Account) -> bool {
        self.accounts.get(&account).is_some_and(|state| state.netting)
    }

    /// The latest 10,000 transfers of a user, oldest first.
    pub fn transfers_of(&self, user: UserId) -> impl Iterator<Item = &TransferState> {
        self.user(user).into_iter().flat_map(|user| &user.transfers)
    }

    /// Where all the money is. Adds up all accounts.
    pub fn ledger(&self) -> Ledger {
        let cash: Money = self.accounts.values().flat_map(|account| account.cash).sum();
        Ledger {
            cash,
            collateral: self.collateral,
            netting_advanced: self.advanced,
            fees: self.fees,
            in_transit: self.in_transit,
            deposits: self.deposits,
            total: cash + self.collateral - self.advanced + self.fees + self.in_transit,
        }
    }
}
