//! Public trades.

use kmi_domain::{PublicTrade, Timestamp};
use serde::{Deserialize, Serialize};

use super::field::{FieldError, check_complement, named, positive_quantity, price, taker};
use super::{Scalar, to_json};

/// One trade of `GET /markets/trades`, of any generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "fields bear the exchange's own names; its reference explains them"
)]
pub struct TradeBody<'a> {
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub trade_id: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub market_ticker: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub count: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub count_fp: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_price: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub yes_price_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_price: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub no_price_dollars: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub taker_side: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub taker_outcome_side: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub taker_book_side: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub created_time: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub is_block_trade: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts: Scalar<'a>,
    #[serde(borrow, skip_serializing_if = "Scalar::is_absent")]
    pub ts_ms: Scalar<'a>,
}

impl TradeBody<'_> {
    /// The trade, checked.
    ///
    /// # Errors
    /// [`FieldError`] names the field, its value and the rule.
    pub fn to_trade(&self) -> Result<PublicTrade, FieldError> {
        let id = named!(self, trade_id).name()?;
        let ticker = match named!(self, ticker).present() {
            Some(ticker) => ticker.name()?,
            None if self.market_ticker.is_empty() => return Err(FieldError::missing("ticker")),
            None => named!(self, market_ticker).name()?,
        };
        let yes_price = self.yes_price()?;
        Ok(PublicTrade {
            id,
            ticker,
            time: self.time()?,
            yes_price,
            quantity: positive_quantity(named!(self, count), named!(self, count_fp))?,
            taker: taker(
                named!(self, taker_outcome_side),
                named!(self, taker_book_side),
                named!(self, taker_side),
            )?,
            is_block: named!(self, is_block_trade).bool_or_false()?,
        })
    }

    fn yes_price(&self) -> Result<kmi_domain::Price, FieldError> {
        let (no_cents, no_dollars) = (named!(self, no_price), named!(self, no_price_dollars));
        if let Some(yes) = price(named!(self, yes_price), named!(self, yes_price_dollars))? {
            check_complement(yes, no_cents, no_dollars, "yes_price")?;
            return Ok(yes);
        }
        price(no_cents, no_dollars)?
            .map(kmi_domain::Price::complement)
            .ok_or(FieldError::missing("yes_price_dollars"))
    }

    /// `created_time`, or the milliseconds and seconds of the stream.
    fn time(&self) -> Result<Timestamp, FieldError> {
        if let Some(time) = named!(self, created_time).optional_time()? {
            return Ok(time);
        }
        if let Some(time) = named!(self, ts_ms).optional_millis()? {
            return Ok(time);
        }
        named!(self, ts)
            .optional_seconds()?
            .ok_or(FieldError::missing("created_time"))
    }
}

impl TradeBody<'static> {
    /// The trade as the exchange writes it today.
    pub fn from_trade(trade: &PublicTrade) -> TradeBody<'static> {
        TradeBody {
            trade_id: Scalar::text(&trade.id),
            ticker: Scalar::text(&trade.ticker),
            count_fp: Scalar::text(trade.quantity),
            yes_price_dollars: Scalar::text(trade.yes_price),
            no_price_dollars: Scalar::text(trade.yes_price.complement()),
            taker_side: Scalar::text(trade.taker),
            taker_outcome_side: Scalar::text(trade.taker),
            taker_book_side: Scalar::text(trade.taker.book_side()),
            created_time: Scalar::text(trade.time),
            is_block_trade: Scalar::Bool(trade.is_block),
            ..TradeBody::default()
        }
    }
}

/// JSON of a trade as today's `GET /markets/trades` lists it, without a line end.
pub fn encode_trade(trade: &PublicTrade) -> String {
    to_json(&TradeBody::from_trade(trade))
}
