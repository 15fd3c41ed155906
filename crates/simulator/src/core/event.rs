//! What happened, in order. Records, streams and the event log are built from these alone.

use kmi_domain::matching::{GroupEvent, GroupId, MarketId, OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{
    BookSide, EventTicker, MarketResult, MarketStatus, Money, Price, Quantity, SeriesTicker, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::ids::{Account, Shard, Subaccount, UserId};

/// Something that happened at the exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A series was listed.
    SeriesListed(SeriesTicker),
    /// An event was listed.
    EventListed(EventTicker),
    /// A market was listed.
    MarketListed(MarketId),
    /// A market's life went on.
    Market(MarketId, Lifecycle),
    /// A user was opened.
    UserOpened(UserId),
    /// A price level of the public book changed.
    Level {
        /// Market.
        market: MarketId,
        /// The market's clock: one more with each change of its book.
        clock: u64,
        /// Side of the YES book.
        side: BookSide,
        /// YES price.
        price: Price,
        /// Signed change of contracts, never zero.
        change: Quantity,
        /// Contracts there now.
        total: Quantity,
        /// Order that caused it, where one did.
        cause: Option<OrderId>,
    },
    /// The whole public book of a replayed market was replaced; read it from the exchange.
    BookReplaced {
        /// Market.
        market: MarketId,
        /// The market's clock.
        clock: u64,
    },
    /// Two orders met, or a replayed market printed.
    Trade(TradeRecord),
    /// An account's own execution; a trade between two accounts gives two. None for the house's traders.
    Fill(FillRecord),
    /// An order of an account came, changed or ended. None for the house's traders.
    Order(OrderChange),
    /// A position changed by a fill. None for the house's traders.
    Position(PositionState),
    /// A position was paid. None for the house's traders.
    Settlement(SettlementRecord),
    /// Something happened to an order group.
    Group {
        /// Whose.
        account: Account,
        /// Which.
        group: GroupId,
        /// What.
        event: GroupEvent,
    },
    /// An account's cash changed. None for the house's traders.
    Cash(AccountChange),
    /// Money began to move between subaccounts or shards, or arrived.
    Transfer(TransferState),
    /// Trading or the exchange paused (or resumed).
    Paused {
        /// Trading is possible.
        trading_active: bool,
        /// Anything is possible.
        exchange_active: bool,
        /// When it is said to go on.
        until: Option<Timestamp>,
    },
}

/// A step in a market's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    /// Trading started, as planned.
    Opened,
    /// Trading ended; its resting orders are canceled after this.
    Closed,
    /// Paused.
    Deactivated,
    /// Goes on; its resting orders were canceled.
    Activated,
    /// Closes at another time.
    CloseTimeChanged(Timestamp),
    /// Other prices are valid.
    GridChanged,
    /// Its result is known.
    Determined(MarketResult),
    /// Its result was paid.
    Settled(MarketResult),
}

impl Lifecycle {
    /// Status of a market after the step; `None` where it stays.
    pub const fn status(&self) -> Option<MarketStatus> {
        match self {
            Lifecycle::Opened | Lifecycle::Activated => Some(MarketStatus::Active),
            Lifecycle::Closed => Some(MarketStatus::Closed),
            Lifecycle::Deactivated => Some(MarketStatus::Inactive),
            Lifecycle::CloseTimeChanged(_) | Lifecycle::GridChanged => None,
            Lifecycle::Determined(_) => Some(MarketStatus::Determined),
            Lifecycle::Settled(_) => Some(MarketStatus::Finalized),
        }
    }
}

/// A public trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeRecord {
    /// Its number, unique at this exchange; `IdSpace::Trade` makes it public.
    pub number: u64,
    /// The id it was recorded with, in a replayed market.
    pub recorded_id: Option<String>,
    /// Market.
    pub market: MarketId,
    /// When.
    pub time: Timestamp,
    /// YES price.
    pub price: Price,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// Side of the YES book the taker was on.
    pub taker_side: BookSide,
}

/// One account's part in a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillRecord {
    /// Number of the trade.
    pub trade: u64,
    /// Whose.
    pub account: Account,
    /// Order it filled.
    pub order: OrderId,
    /// Id the client gave that order.
    pub client_order_id: Option<String>,
    /// Market.
    pub market: MarketId,
    /// When.
    pub time: Timestamp,
    /// Side of the YES book the order is on.
    pub side: BookSide,
    /// YES price.
    pub price: Price,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// Whether the order crossed.
    pub is_taker: bool,
    /// Trade fee and rounding fee: what `fee_cost` says.
    pub fee_cost: Money,
    /// Rounding fees given back with this fill; not part of `fee_cost`.
    pub rebate: Money,
    /// Position afterwards: + YES, − NO.
    pub post_position: Quantity,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderStatus {
    /// In the book.
    Resting,
    /// Over with something unfilled.
    Canceled,
    /// Filled whole.
    Executed,
}

/// Why an order changed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateReason {
    /// It came.
    Placed,
    /// Its owner made it smaller.
    Decrease,
    /// Its owner amended it.
    Amend,
    /// It traded.
    Trade,
    /// Its owner canceled it.
    UserCancel,
    /// Immediate or cancel, fill or kill: nothing more to take.
    ImmediateCancel,
    /// It met an own order.
    SelfTradeCancel,
    /// It expired.
    ExpiryCancel,
    /// The market closed.
    CloseCancel,
    /// The market was paused or went on after a pause.
    HaltCancel,
    /// Trading paused, and it was flagged for that.
    PauseCancel,
    /// Its group was triggered or deleted.
    GroupCancel,
    /// Post-only, and it would have traded.
    PostOnlyCrossCancel,
    /// Reduce-only, and nothing was left to reduce.
    ReduceOnlyCancel,
}

/// An order as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderState {
    /// Number; `IdSpace::Order` makes it public.
    pub order: OrderId,
    /// Whose.
    pub account: Account,
    /// Market.
    pub market: MarketId,
    /// Id the client gave.
    pub client_order_id: Option<String>,
    /// Side of the YES book.
    pub side: BookSide,
    /// Limit, a YES price.
    pub price: Price,
    /// Contracts first asked for, or the total of the last amendment.
    pub initial: Quantity,
    /// Contracts filled.
    pub filled: Quantity,
    /// Contracts in the book.
    pub remaining: Quantity,
    /// Where it stands.
    pub status: OrderStatus,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// When it is canceled by itself.
    pub expiration: Option<Timestamp>,
    /// What happens when it meets an own order.
    pub self_trade: SelfTradePrevention,
    /// Canceled when trading pauses.
    pub cancel_on_pause: bool,
    /// Group.
    pub group: Option<GroupId>,
    /// Σ price of the contract gained × contracts, filled as taker.
    pub taker_cost: Money,
    /// Same, as maker.
    pub maker_cost: Money,
    /// Fees as taker, rebates deducted.
    pub taker_fees: Money,
    /// Fees as maker, rebates deducted.
    pub maker_fees: Money,
    /// When it came.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
}

/// An order, and why it is as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderChange {
    /// As it stands.
    pub order: OrderState,
    /// Why.
    pub reason: UpdateReason,
}

/// A position as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionState {
    /// Whose.
    pub account: Account,
    /// Market.
    pub market: MarketId,
    /// Contracts: + YES, − NO.
    pub quantity: Quantity,
    /// What the contracts held cost.
    pub cost: Money,
    /// Spent on opening, ever.
    pub traded: Money,
    /// P&L of what was closed, before fees.
    pub realized: Money,
    /// Fees paid, rebates deducted.
    pub fees: Money,
    /// Contracts traded, ever.
    pub volume: Quantity,
    /// When it changed last.
    pub updated: Timestamp,
}

/// A position that was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementRecord {
    /// The position as it was just before.
    pub position: PositionState,
    /// The result.
    pub result: MarketResult,
    /// Paid, after `fee`.
    pub revenue: Money,
    /// Kept back of a scalar payout to meet the balance's precision.
    pub fee: Money,
    /// When.
    pub time: Timestamp,
}

/// Money on its way between subaccounts or shards of a user, or there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferState {
    /// Number; `IdSpace::Transfer` makes it public.
    pub transfer: u64,
    /// Whose.
    pub user: UserId,
    /// Id the client gave.
    pub client_transfer_id: Option<String>,
    /// From this subaccount and shard.
    pub from: (Subaccount, Shard),
    /// To that one.
    pub to: (Subaccount, Shard),
    /// Above zero.
    pub amount: Money,
    /// When it began.
    pub created: Timestamp,
    /// When it arrived; `None` while it is under way.
    pub arrived: Option<Timestamp>,
}

/// Why cash changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CashReason {
    /// Paid in.
    Deposit,
    /// A fill, its fee included.
    Fill,
    /// A settlement.
    Settlement,
    /// Collateral given back (or asked back) because results exclude each other.
    Netting,
    /// Between subaccounts or shards.
    Transfer,
}

/// A change of an account's cash on one shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChange {
    /// Whose.
    pub account: Account,
    /// Where.
    pub shard: Shard,
    /// Signed change.
    pub change: Money,
    /// Cash now, what is held for orders included.
    pub cash: Money,
    /// Why.
    pub reason: CashReason,
    /// When.
    pub time: Timestamp,
}
