//! Replies to commands.

use serde::{Deserialize, Serialize};

use crate::ws::ErrorCode;

/// `msg` of `subscribed`, and one item of the list of subscriptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscribed {
    /// Name of the channel, see [`Channel`](crate::ws::Channel).
    pub channel: String,
    /// The subscription.
    pub sid: u64,
}

/// `msg` of an `ok`: what the subscription covers now, in the terms of its channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Covered {
    /// Every market, by ticker; absent after `skip_ticker_ack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_tickers: Option<Vec<String>>,
    /// Every market, by UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub market_ids: Option<Vec<String>>,
    /// Every index, or `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_ids: Option<Vec<String>>,
    /// Every underlying, or `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub underlying_tickers: Option<Vec<String>>,
}

/// `msg` of `error`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub code: ErrorCode,
    /// In words.
    #[serde(default)]
    pub msg: String,
    /// The market it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_ticker: Option<String>,
    /// The markets it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market_tickers: Option<Vec<String>>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Refusal {
        Refusal {
            code,
            msg: code.message().to_owned(),
            market_ticker: None,
            market_tickers: None,
        }
    }
}
