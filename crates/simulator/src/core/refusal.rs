//! Why the exchange refused: [`Refusal`]. Nothing changed.

use kmi_domain::matching::{GroupId, OrderId};
use kmi_domain::{Money, Price, Quantity, Ticker, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::Shard;

/// A command was refused and changed nothing. The HTTP door gives each its recorded code and status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// No such series, event, user, key, subaccount, group or transfer.
    #[error("no {what} {name:?}")]
    Unknown {
        /// What was looked for.
        what: String,
        /// By which name.
        name: String,
    },
    /// No such market.
    #[error("no market {0}")]
    UnknownMarket(Ticker),
    /// No open order of this number for this account on the shard asked.
    #[error("{0} is not open")]
    UnknownOrder(OrderId),
    /// The name is taken.
    #[error("{what} {name:?} exists already")]
    Exists {
        /// What was to be made.
        what: String,
        /// By which name.
        name: String,
    },
    /// The client's id was used before.
    #[error("client_order_id {0:?} was used before")]
    DuplicateClientOrderId(String),
    /// Trading is paused.
    #[error("trading is paused")]
    TradingPaused,
    /// The whole exchange is paused.
    #[error("the exchange is paused")]
    ExchangePaused,
    /// The market is not open.
    #[error("{0} is not open for trading")]
    MarketInactive(Ticker),
    /// Off the market's grid.
    #[error("{price} is not a valid price")]
    InvalidPrice {
        /// The price.
        price: Price,
    },
    /// Below 0.01 contract or above what one order may hold.
    #[error("{quantity} is not a valid size")]
    InvalidSize {
        /// The size.
        quantity: Quantity,
    },
    /// Post-only, and it would trade.
    #[error("post only cross")]
    PostOnlyCross {
        /// Best price of the other side.
        best: Price,
    },
    /// An expiration that is past.
    #[error("expiration {0:?} is not in the future")]
    ExpirationPast(Timestamp),
    /// Parameters that exclude each other or break a rule.
    #[error("{field}: {rule}")]
    InvalidParameters {
        /// Which.
        field: String,
        /// The rule it breaks.
        rule: String,
    },
    /// Too little free cash on the market's shard.
    #[error("needs {required}, {available} is free")]
    InsufficientBalance {
        /// Needed.
        required: Money,
        /// Free.
        available: Money,
        /// Where.
        shard: Shard,
    },
    /// The order is another market's.
    #[error("the order is of another market")]
    TickerMismatch,
    /// The order is on the other side.
    #[error("the order is on the other side")]
    SideMismatch,
    /// The order has another client id.
    #[error("the order has another client_order_id")]
    ClientOrderIdMismatch,
    /// The shard named is not the market's.
    #[error("the market is on shard {0:?}")]
    WrongShard(Shard),
    /// The group takes no orders until reset.
    #[error("order group {0:?} is triggered")]
    GroupTriggered(GroupId),
    /// Too many of something.
    #[error("no more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// The market's result does not fit: it has one, or its exclusive event has its YES.
    #[error("{market}: {rule}")]
    InvalidResult {
        /// Which.
        market: Ticker,
        /// The rule it breaks.
        rule: String,
    },
    /// The market's fees follow a schedule that is not published.
    #[error("the series charges by an unpublished schedule")]
    UnpublishedFees,
    /// The exchange cannot keep what happens; this may have happened, and nothing more will.
    #[error("the exchange cannot keep what happens")]
    JournalFailed,
}

impl Refusal {
    #[expect(clippy::needless_pass_by_value, reason = "numbers and borrowed names alike")]
    pub(super) fn unknown(what: &str, name: impl ToString) -> Refusal {
        Refusal::Unknown {
            what: what.to_owned(),
            name: name.to_string(),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "numbers and borrowed names alike")]
    pub(super) fn exists(what: &str, name: impl ToString) -> Refusal {
        Refusal::Exists {
            what: what.to_owned(),
            name: name.to_string(),
        }
    }

    pub(super) fn invalid(field: &str, rule: &str) -> Refusal {
        Refusal::InvalidParameters {
            field: field.to_owned(),
            rule: rule.to_owned(),
        }
    }
}
