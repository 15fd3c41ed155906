//! Public trades.

use kmi_domain::{Price, PublicTrade, Quantity, Ticker, Timestamp, TradeId};
use serde::{Deserialize, Serialize};

use super::amount::{count, dollars, rfc3339, text};
use super::page::{Cursor, PageLimits, page};
use super::query::query;
use super::side::{BookSideWord, SideWord};
use crate::wire::FieldError;
use crate::wire::field::Fault;

/// One public print.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Id, unique on the exchange; the fills it consists of bear it, too.
    #[serde(with = "text")]
    pub trade_id: TradeId,
    /// Market.
    #[serde(with = "text")]
    pub ticker: Ticker,
    /// Contracts.
    #[serde(with = "count")]
    pub count_fp: Quantity,
    /// Price of YES.
    #[serde(with = "dollars")]
    pub yes_price_dollars: Price,
    /// Price of NO, what is left of the dollar.
    #[serde(with = "dollars")]
    pub no_price_dollars: Price,
    /// The contract the taker gained, under its deprecated name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taker_side: Option<SideWord>,
    /// The contract the taker gained.
    pub taker_outcome_side: SideWord,
    /// The side of the YES book the taker was on.
    pub taker_book_side: BookSideWord,
    /// When it was executed.
    #[serde(with = "rfc3339")]
    pub created_time: Timestamp,
    /// Matched off the book.
    #[serde(default)]
    pub is_block_trade: bool,
}

query! {
    /// `GET /markets/trades` and `GET /historical/trades`, newest first.
    pub struct TradesQuery {
        /// Trades on a page, [`TradesQuery::LIMITS`].
        pub limit: Option<u32>,
        /// Where the page starts.
        pub cursor: Option<Cursor>,
        /// Of this market only.
        pub ticker: Option<Ticker>,
        /// Executed at or after.
        pub min_ts: Option<Timestamp>,
        /// Executed at or before.
        pub max_ts: Option<Timestamp>,
        /// Only block trades, or none of them.
        pub is_block_trade: Option<bool>,
    }
}

impl TradesQuery {
    /// Trades on a page.
    pub const LIMITS: PageLimits = PageLimits {
        max: 1_000,
        default: 100,
    };
}

page! {
    /// A page of trades, newest first.
    TradesPage { trades: Trade } of TradesQuery
}

impl Trade {
    /// The trade as the domain has it.
    ///
    /// # Errors
    /// [`FieldError`] when the taker's side is a word added since, the count is not above zero, or the two prices do not make
    /// a dollar.
    pub fn to_domain(&self) -> Result<PublicTrade, FieldError> {
        if !self.count_fp.is_positive() {
            let value = self.count_fp.to_string();
            return Err(FieldError::new("count_fp", Fault::NotPositive { value }));
        }
        if self.no_price_dollars != self.yes_price_dollars.complement() {
            return Err(FieldError::new(
                "no_price_dollars",
                Fault::Contradicts {
                    value: self.no_price_dollars.to_string(),
                    other_field: "yes_price_dollars",
                    other: self.yes_price_dollars.to_string(),
                },
            ));
        }
        Ok(PublicTrade {
            id: self.trade_id.clone(),
            ticker: self.ticker.clone(),
            time: self.created_time,
            yes_price: self.yes_price_dollars,
            quantity: self.count_fp,
            taker: self.taker_outcome_side.required("taker_outcome_side")?,
            is_block: self.is_block_trade,
        })
    }
}

impl From<&PublicTrade> for Trade {
    fn from(trade: &PublicTrade) -> Trade {
        Trade {
            trade_id: trade.id.clone(),
            ticker: trade.ticker.clone(),
            count_fp: trade.quantity,
            yes_price_dollars: trade.yes_price,
            no_price_dollars: trade.yes_price.complement(),
            taker_side: Some(trade.taker.into()),
            taker_outcome_side: trade.taker.into(),
            taker_book_side: trade.taker.book_side().into(),
            created_time: trade.time,
            is_block_trade: trade.is_block,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade() -> PublicTrade {
        PublicTrade {
            id: "0a1b".parse().unwrap(),
            ticker: "KXHIGHNY-26NOV21-T60".parse().unwrap(),
            time: "2026-11-21T05:00:00.25Z".parse().unwrap(),
            yes_price: "0.4310".parse().unwrap(),
            quantity: "13".parse().unwrap(),
            taker: kmi_domain::Side::No,
            is_block: false,
        }
    }

    #[test]
    fn a_trade_is_written_with_both_prices_and_both_words_for_the_taker() {
        assert_eq!(
            serde_json::to_value(Trade::from(&trade())).unwrap(),
            serde_json::json!({
                "trade_id": "0a1b", "ticker": "KXHIGHNY-26NOV21-T60", "count_fp": "13.00",
                "yes_price_dollars": "0.4310", "no_price_dollars": "0.5690",
                "taker_side": "no", "taker_outcome_side": "no", "taker_book_side": "ask",
                "created_time": "2026-11-21T05:00:00.25Z", "is_block_trade": false,
            })
        );
        assert_eq!(Trade::from(&trade()).to_domain(), Ok(trade()));
    }

    #[test]
    fn a_trade_that_contradicts_itself_is_refused() {
        let mut body = Trade::from(&trade());
        body.no_price_dollars = "0.5".parse().unwrap();
        assert_eq!(
            body.to_domain().unwrap_err().to_string(),
            "no_price_dollars: 0.5000 contradicts yes_price_dollars: 0.4310"
        );
        let mut body = Trade::from(&trade());
        body.taker_outcome_side = SideWord::from("maybe");
        assert_eq!(
            body.to_domain().unwrap_err().to_string(),
            "taker_outcome_side: \"maybe\" is none of: yes no"
        );
    }

    #[test]
    fn the_last_page_is_told_by_an_empty_cursor() {
        let page: TradesPage = serde_json::from_str(r#"{"trades": null, "cursor": "", "new": 1}"#).unwrap();
        assert_eq!(page, TradesPage::default());
        assert_eq!(
            serde_json::to_string(&page).unwrap(),
            r#"{"trades":[],"cursor":""}"#
        );
    }
}
