//! A public trade as clients see it.

use kmi_domain::{Price, PublicTrade, Quantity, Side, Ticker, Timestamp, TradeId};
use kmi_kalshi::ws::message::Trade;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Decimal, Source, text};

/// Somebody's public print.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Trade)]
pub(crate) struct TradeView {
    /// Id, unique on the exchange.
    #[schema(value_type = String)]
    #[serde(serialize_with = "text")]
    pub(crate) id: TradeId,
    /// Market.
    #[schema(value_type = String)]
    #[serde(serialize_with = "text")]
    pub(crate) ticker: Ticker,
    /// YES price.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    pub(crate) yes_price: Price,
    /// NO price: the rest of the dollar.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    pub(crate) no_price: Price,
    /// Contracts.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    pub(crate) quantity: Quantity,
    /// The contract the taker gained.
    pub(crate) taker_side: SideWord,
    /// Matched off the book.
    pub(crate) is_block: bool,
    /// When it was executed, which also is as of when it is true.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    pub(crate) executed_at: Timestamp,
    /// The same as `executed_at`: a trade does not age.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    pub(crate) as_of: Timestamp,
    /// How it is known.
    pub(crate) source: Source,
    /// Never: a trade does not age.
    pub(crate) stale: bool,
}

/// One of the two contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Side)]
pub(crate) enum SideWord {
    /// YES.
    Yes,
    /// NO.
    No,
}

impl From<Side> for SideWord {
    fn from(side: Side) -> SideWord {
        match side {
            Side::Yes => SideWord::Yes,
            Side::No => SideWord::No,
        }
    }
}

impl TradeView {
    /// One the stream told.
    pub(crate) fn of_stream(trade: &Trade) -> TradeView {
        TradeView::new(&PublicTrade::from(trade.clone()), Source::WebSocket)
    }

    /// One that is known somehow.
    pub(crate) fn new(trade: &PublicTrade, source: Source) -> TradeView {
        TradeView {
            id: trade.id.clone(),
            ticker: trade.ticker.clone(),
            yes_price: trade.yes_price,
            no_price: trade.yes_price.complement(),
            quantity: trade.quantity,
            taker_side: trade.taker.into(),
            is_block: trade.is_block,
            executed_at: trade.time,
            as_of: trade.time,
            source,
            stale: false,
        }
    }
}
