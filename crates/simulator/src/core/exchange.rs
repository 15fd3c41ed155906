//! The pure exchange: [`Exchange`].

mod catalogue;
mod change;
mod check;
mod digest;
mod groups;
mod life;
mod money;
mod place;
mod settle;
mod tape;
mod users;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::matching::{self, ExchangeEvent, GroupId, MarketId, OrderId};
use kmi_domain::{EventTicker, Money, SeriesTicker, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use super::account::{AccountState, KeyState, UserState};
use super::command::{Command, Outcome, Reply};
use super::event::{Event, OrderState};
use super::ids::{Account, Shard, UserId};
use super::market::{EventState, MarketState, SeriesState};
use super::order::WorkingOrder;
use super::refusal::Refusal;
use super::spec::Rules;
use tape::Tape;

/// An exchange: catalogue, users, books, money. The same commands at the same times give the same answers and events.
///
/// What is over is forgotten: finished orders, fills and settled positions are told in [`Event`]s only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    rules: Rules,
    /// Time of the last command.
    now: Timestamp,
    trading_active: bool,
    is_running: bool,
    resume_time: Option<Timestamp>,
    series: BTreeMap<SeriesTicker, SeriesState>,
    events: Vec<EventState>,
    event_numbers: BTreeMap<EventTicker, u32>,
    markets: Vec<MarketState>,
    market_ids: BTreeMap<Ticker, MarketId>,
    /// Who has a stake in each market, by market number.
    holders: Vec<BTreeSet<Account>>,
    engine: matching::Exchange,
    /// Replayed markets: orders there meet these, not each other.
    tapes: BTreeMap<MarketId, Tape>,
    /// The house's account on the other side of every fill against a tape, once there is one.
    tape_account: Option<Account>,
    users: Vec<UserState>,
    user_ids: BTreeMap<String, UserId>,
    keys: BTreeMap<String, KeyState>,
    accounts: BTreeMap<Account, AccountState>,
    /// Orders in books.
    orders: BTreeMap<OrderId, WorkingOrder>,
    /// Those of them that a pause cancels.
    canceled_on_pause: BTreeSet<OrderId>,
    groups: BTreeMap<GroupId, GroupOwner>,
    /// What time will do by itself.
    wakes: BTreeSet<(Timestamp, Wake)>,
    next: Counters,
    /// What stands behind open contracts.
    collateral: Money,
    /// Given back of it already.
    advanced: Money,
    fees: Money,
    in_transit: Money,
    deposits: Money,
    /// What the matching engine said of the command at work.
    #[serde(skip)]
    said: Vec<ExchangeEvent>,
    /// The order that the command at work is about, and as it ended if it did.
    #[serde(skip)]
    asked: Option<(OrderId, Option<OrderState>)>,
}

/// Whose a group is and where it trades; the rest the matching engine knows.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct GroupOwner {
    account: Account,
    shard: Shard,
    created: Timestamp,
}

/// Numbers to be given next.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Counters {
    order: u64,
    trade: u64,
    group: u32,
    transfer: u64,
}

/// Something that happens when its time comes. Of the same instant the first named happens first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Wake {
    /// A transfer arrives: its user and number.
    Arrive(UserId, u64),
    /// An order expires.
    Expire(OrderId),
    /// A market opens.
    Open(MarketId),
    /// A market closes.
    Close(MarketId),
    /// A result is paid.
    Settle(MarketId),
}

impl Exchange {
    /// An exchange with nothing listed and nobody there; trading is on.
    pub fn new(rules: Rules) -> Exchange {
        Exchange {
            rules,
            now: Timestamp::MIN,
            trading_active: true,
            is_running: true,
            resume_time: None,
            series: BTreeMap::new(),
            events: Vec::new(),
            event_numbers: BTreeMap::new(),
            markets: Vec::new(),
            market_ids: BTreeMap::new(),
            holders: Vec::new(),
            engine: matching::Exchange::new(),
            tapes: BTreeMap::new(),
            tape_account: None,
            users: Vec::new(),
            user_ids: BTreeMap::new(),
            keys: BTreeMap::new(),
            accounts: BTreeMap::new(),
            orders: BTreeMap::new(),
            canceled_on_pause: BTreeSet::new(),
            groups: BTreeMap::new(),
            wakes: BTreeSet::new(),
            next: Counters {
                order: 1,
                trade: 1,
                group: 1,
                transfer: 1,
            },
            collateral: Money::ZERO,
            advanced: Money::ZERO,
            fees: Money::ZERO,
            in_transit: Money::ZERO,
            deposits: Money::ZERO,
            said: Vec::new(),
            asked: None,
        }
    }

    /// Does what time has brought up to `now`, then the command; what happened is appended to `out`.
    ///
    /// Time does not go back: an earlier `now` counts as the latest one before.
    ///
    /// # Errors
    /// [`Refusal`]: the command changed nothing (what time brought stands).
    pub fn apply(&mut self, now: Timestamp, command: &Command, out: &mut Vec<Event>) -> Outcome {
        let now = now.max(self.now);
        self.wake(now, out);
        self.now = now;
        self.asked = None;
        match command {
            Command::Advance => Ok(Reply::Done),
            Command::Place(order) => self.place(order, out),
            Command::Amend(amendment) => self.amend(amendment, out),
            Command::Decrease(decrease) => self.decrease(decrease, out),
            Command::Cancel(cancel) => self.cancel(cancel, out),
            Command::CancelAll(cancel) => self.cancel_all(*cancel, out),
            Command::CreateGroup(_)
            | Command::TriggerGroup { .. }
            | Command::ResetGroup { .. }
            | Command::LimitGroup { .. }
            | Command::DeleteGroup { .. } => self.change_group(command, out),
            Command::ListSeries(_) | Command::ListEvent(_) | Command::ListMarket(_) => {
                self.list(command, out)
            }
            Command::OpenUser { .. }
            | Command::AddKey(_)
            | Command::RemoveKey { .. }
            | Command::CreateSubaccount { .. } => self.change_user(command, out),
            Command::Deposit { .. }
            | Command::TransferSubaccount(_)
            | Command::TransferShard(_)
            | Command::SetNetting { .. } => self.move_money(command, out),
            Command::PauseTrading { .. }
            | Command::PauseExchange { .. }
            | Command::Resume
            | Command::Deactivate { .. }
            | Command::Activate { .. }
            | Command::ChangeCloseTime { .. }
            | Command::ChangeGrid { .. } => self.change_life(command, out),
            Command::Determine {
                market,
                result,
                payment,
            } => self.determine(market, *result, *payment, out),
            Command::Replay {
                market,
                recorded_at,
                recorded,
            } => self.replay(market, *recorded_at, recorded, out),
        }
    }

    /// Refuses while everything is paused.
    const fn check_exchange(&self) -> Result<(), Refusal> {
        if self.is_running {
            Ok(())
        } else {
            Err(Refusal::ExchangePaused)
        }
    }

    /// Refuses while trading is paused.
    fn check_trading(&self) -> Result<(), Refusal> {
        self.check_exchange()?;
        if self.trading_active {
            Ok(())
        } else {
            Err(Refusal::TradingPaused)
        }
    }

    fn find_market(&self, ticker: &Ticker) -> Result<MarketId, Refusal> {
        self.market_ids
            .get(ticker)
            .copied()
            .ok_or_else(|| Refusal::UnknownMarket(ticker.clone()))
    }

    fn find_user(&self, user: UserId) -> Result<&UserState, Refusal> {
        self.users
            .get(user.0 as usize)
            .ok_or_else(|| Refusal::unknown("user", user))
    }

    fn user_mut(&mut self, user: UserId) -> &mut UserState {
        &mut self.users[user.0 as usize]
    }

    fn find_account(&self, account: Account) -> Result<&AccountState, Refusal> {
        self.find_user(account.user)?;
        self.accounts
            .get(&account)
            .ok_or_else(|| Refusal::unknown("subaccount", account.subaccount.number()))
    }

    fn account_mut(&mut self, account: Account) -> &mut AccountState {
        self.accounts
            .get_mut(&account)
            .expect("accounts are never removed, and this one was found")
    }

    const fn slot(market: MarketId) -> usize {
        market.index()
    }
}

#[cfg(test)]
mod tests;
