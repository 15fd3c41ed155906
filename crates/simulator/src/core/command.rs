//! What can be asked of the exchange, and what it answers.

use kmi_domain::matching::{GroupId, MarketId, OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, Level, MarketResult, Money, Price, Quantity, Side, TickGrid, Ticker, Timestamp};
use kmi_kalshi::sign::KeyType;
use serde::{Deserialize, Serialize};

use super::event::{OrderState, PositionState};
use super::ids::{Account, Shard, Subaccount, UserId};
use super::refusal::Refusal;
use super::spec::{EventSpec, MarketSpec, SeriesSpec};

/// Something that changes the exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Lists a series.
    ListSeries(SeriesSpec),
    /// Lists an event.
    ListEvent(EventSpec),
    /// Lists a market.
    ListMarket(MarketSpec),
    /// Lets time do its work up to now: markets open and close, orders expire, timers and transfers run out.
    Advance,
    /// Opens an account with the house's opening balance (none for the house's own traders).
    OpenUser {
        /// Its name, unique.
        name: String,
        /// Whether it is one of the exchange's own traders, whose orders and fills nobody reads.
        is_house: bool,
    },
    /// Registers a key.
    AddKey(KeySpec),
    /// Removes a key of a user.
    RemoveKey {
        /// Whose.
        user: UserId,
        /// Its id.
        key_id: String,
    },
    /// Pays money in.
    Deposit {
        /// To which account.
        account: Account,
        /// On which shard.
        shard: Shard,
        /// Above zero.
        amount: Money,
    },
    /// Opens the user's next subaccount.
    CreateSubaccount {
        /// Whose.
        user: UserId,
    },
    /// Moves cash between subaccounts of a user.
    TransferSubaccount(SubaccountTransfer),
    /// Moves cash between shards; arrives later.
    TransferShard(ShardTransfer),
    /// Switches collateral netting of a subaccount.
    SetNetting {
        /// Which.
        account: Account,
        /// On or off.
        enabled: bool,
    },
    /// Places an order.
    Place(PlaceOrder),
    /// Amends an order.
    Amend(AmendOrder),
    /// Makes an order smaller.
    Decrease(DecreaseOrder),
    /// Cancels an order.
    Cancel(CancelOrder),
    /// Cancels all orders of a user.
    CancelAll(CancelAll),
    /// Creates an order group.
    CreateGroup(NewGroup),
    /// Cancels a group's orders until reset.
    TriggerGroup {
        /// Who asks.
        user: UserId,
        /// Which.
        group: GroupId,
    },
    /// Lets a group take orders again.
    ResetGroup {
        /// Who asks.
        user: UserId,
        /// Which.
        group: GroupId,
    },
    /// Changes a group's limit.
    LimitGroup {
        /// Who asks.
        user: UserId,
        /// Which.
        group: GroupId,
        /// Contracts, 1 to 1,000,000.
        limit: u32,
    },
    /// Deletes a group and cancels its orders.
    DeleteGroup {
        /// Who asks.
        user: UserId,
        /// Which.
        group: GroupId,
    },
    /// Pauses trading: no creates or amends, cancels go on.
    PauseTrading {
        /// When it is said to end.
        until: Option<Timestamp>,
    },
    /// Pauses the whole exchange: cancels are refused too.
    PauseExchange {
        /// When it is said to end.
        until: Option<Timestamp>,
    },
    /// Ends either pause.
    Resume,
    /// Pauses one market.
    Deactivate {
        /// Which.
        market: Ticker,
    },
    /// Ends a market's pause; cancels all its resting orders, as Kalshi does.
    Activate {
        /// Which.
        market: Ticker,
    },
    /// Moves a market's close.
    ChangeCloseTime {
        /// Which.
        market: Ticker,
        /// When it closes now.
        close_time: Timestamp,
    },
    /// Gives a live market other prices.
    ChangeGrid {
        /// Which.
        market: Ticker,
        /// Name of the structure.
        structure: String,
        /// The prices.
        grid: TickGrid,
    },
    /// Gives a market its result (closing it first if it is open); it is paid after its timer.
    Determine {
        /// Which.
        market: Ticker,
        /// The result.
        result: MarketResult,
        /// Wait for the timer, or pay at once.
        payment: Payment,
    },
    /// Shows a replayed market the next of what was recorded of it.
    Replay {
        /// Which; listed as replayed.
        market: Ticker,
        /// When it was recorded. Differences count, so a recording may be played at any time, but not at another speed
        /// without changing which orders meet which prints.
        recorded_at: Timestamp,
        /// What.
        recorded: Recorded,
    },
}

/// What a recording shows of a market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recorded {
    /// The whole book: bids of each contract in its own prices.
    Snapshot {
        /// YES bids.
        yes: Vec<Level>,
        /// NO bids.
        no: Vec<Level>,
    },
    /// A signed change of a level.
    Delta {
        /// Contract bid for.
        side: Side,
        /// Price of that contract.
        price: Price,
        /// Signed change.
        change: Quantity,
    },
    /// A print.
    Trade {
        /// Its id.
        id: Option<String>,
        /// YES price.
        price: Price,
        /// Contracts, above zero.
        quantity: Quantity,
        /// Contract the taker gained.
        taker: Side,
        /// Matched off the book: orders never meet it.
        is_block: bool,
    },
    /// Something is missing: the book is not known until the next snapshot.
    Gap,
}

/// When a result is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Payment {
    /// After the market's settlement timer.
    AfterTimer,
    /// At once.
    Now,
}

/// An API key to be registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySpec {
    /// Its id, a UUID text, unique.
    pub key_id: String,
    /// Whose.
    pub user: UserId,
    /// Name its owner gave.
    pub name: String,
    /// Kind.
    pub key_type: KeyType,
    /// Public half, PEM.
    pub public_key_pem: String,
    /// `read`, `write` or children such as `write::trade`.
    pub scopes: Vec<String>,
    /// Locked to one subaccount.
    pub subaccount: Option<Subaccount>,
}

/// Cash from one subaccount of a user to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubaccountTransfer {
    /// Whose.
    pub user: UserId,
    /// Id the client gave; a second transfer with it is refused.
    pub client_transfer_id: Option<String>,
    /// From.
    pub from: Subaccount,
    /// To.
    pub to: Subaccount,
    /// On which shard.
    pub shard: Shard,
    /// Above zero.
    pub amount: Money,
}

/// Cash from one shard to another, and between subaccounts if they differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardTransfer {
    /// Whose.
    pub user: UserId,
    /// Id the client gave; a second transfer with it is refused.
    pub client_transfer_id: Option<String>,
    /// From this subaccount and shard.
    pub from: (Subaccount, Shard),
    /// To that one.
    pub to: (Subaccount, Shard),
    /// Above zero.
    pub amount: Money,
}

/// An order to be placed, in YES prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// Who.
    pub account: Account,
    /// Market.
    pub market: Ticker,
    /// Shard the client named; must be the market's.
    pub shard: Option<Shard>,
    /// Side of the YES book.
    pub side: BookSide,
    /// Limit.
    pub price: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// When it is canceled by itself.
    pub expiration: Option<Timestamp>,
    /// What happens when it meets an own order.
    pub self_trade: SelfTradePrevention,
    /// Never takes.
    pub post_only: bool,
    /// Only shrinks the position.
    pub reduce_only: bool,
    /// Canceled when trading pauses.
    pub cancel_on_pause: bool,
    /// Group it joins.
    pub group: Option<GroupId>,
    /// Id the client gave, at most 64 characters.
    pub client_order_id: Option<String>,
}

/// A change of price, size or expiration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmendOrder {
    /// Who asks: the order's account.
    pub account: Account,
    /// Which.
    pub order: OrderId,
    /// Must be the order's market.
    pub market: Ticker,
    /// Must be the order's side.
    pub side: BookSide,
    /// Limit wanted.
    pub price: Price,
    /// New total: contracts filled so far plus those still wanted.
    pub total: Quantity,
    /// Must be the order's, where given.
    pub client_order_id: Option<String>,
    /// Its id from now on, where given.
    pub updated_client_order_id: Option<String>,
    /// Outer `None` keeps the expiration, inner `None` clears it.
    pub expiration: Option<Option<Timestamp>>,
}

/// How much smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decrease {
    /// By so much of the remainder.
    By(Quantity),
    /// To this remainder.
    To(Quantity),
}

/// An order to be made smaller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecreaseOrder {
    /// Who asks.
    pub account: Account,
    /// Which.
    pub order: OrderId,
    /// How much.
    pub decrease: Decrease,
    /// How the order is found.
    pub route: Route,
}

/// Where an order is looked for. An order on another shard is not found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Route {
    /// On the shard of this market, which must be the order's.
    Market(Ticker),
    /// On this shard; [`Shard::MAIN`] where the client named neither.
    Shard(Shard),
}

/// An order to be canceled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelOrder {
    /// Who asks.
    pub account: Account,
    /// Which.
    pub order: OrderId,
    /// How the order is found.
    pub route: Route,
}

/// All orders of a user to be canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelAll {
    /// Whose.
    pub user: UserId,
    /// Of one subaccount only.
    pub subaccount: Option<Subaccount>,
}

/// A group to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGroup {
    /// Whose.
    pub account: Account,
    /// Contracts in 15 seconds, 1 to 1,000,000.
    pub limit: u32,
    /// Shard its orders trade on.
    pub shard: Shard,
}

/// What the exchange answers to a command it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Done, nothing to say.
    Done,
    /// A market was listed.
    Market(MarketId),
    /// A user was opened.
    User(UserId),
    /// A subaccount was opened.
    Subaccount(Subaccount),
    /// A group was created.
    Group(GroupId),
    /// A transfer was made or begun; its number.
    Transfer(u64),
    /// An order was placed or amended: as it stands, and what this command filled.
    Order {
        /// As it stands after the command.
        order: Box<OrderState>,
        /// Contracts this command filled.
        filled: Quantity,
        /// Σ YES price × contracts of those fills.
        notional: Money,
        /// Fees of those fills.
        fees: Money,
        /// Contracts that remained before an amendment; `None` when it was placed.
        remained: Option<Quantity>,
    },
    /// An order was canceled or made smaller.
    Reduced {
        /// As it stands.
        order: Box<OrderState>,
        /// Contracts taken away.
        by: Quantity,
    },
    /// So many orders were canceled.
    Canceled(u32),
    /// A market was settled; the positions paid.
    Settled(Vec<PositionState>),
}

/// The answer to a command: done, or refused with nothing changed.
pub type Outcome = Result<Reply, Refusal>;
