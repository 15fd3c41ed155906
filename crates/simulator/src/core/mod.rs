//! The exchange as a pure function: `Exchange::apply` takes a time and a [`Command`] and gives a [`Reply`] and
//! [`Event`]s.
//!
//! It knows the catalogue, who has which keys, cash, collateral, positions, orders and groups; it reads no clock, does no
//! I/O, and draws no random number. What was (finished orders, fills, trades, candles) is for
//! `records` to remember; what is needed to decide is here.

mod account;
mod command;
mod event;
mod exchange;
mod ids;
mod market;
mod netting;
mod order;
mod refusal;
mod spec;

pub use account::{GroupState, KeyState, Ledger, UserState};
pub use command::{
    AmendOrder, CancelAll, CancelOrder, Command, Decrease, DecreaseOrder, KeySpec, NewGroup, Outcome,
    Payment, PlaceOrder, Recorded, Reply, Route, ShardTransfer, SubaccountTransfer,
};
pub use event::{
    AccountChange, CashReason, Event, FillRecord, Lifecycle, OrderChange, OrderState, OrderStatus,
    PositionState, SettlementRecord, TradeRecord, TransferState, UpdateReason,
};
pub use exchange::Exchange;
pub use ids::{Account, IdSpace, Shard, Subaccount, UserId};
pub use kmi_kalshi::sign::KeyType;
pub use market::{EventState, LastTrade, MarketState, SeriesState};
pub use refusal::Refusal;
pub use spec::{
    BalanceRule, ClientOrderIdReuse, EventSpec, MarketSpec, PostOnlyRule, Rules, SeriesSpec, Strike,
};
