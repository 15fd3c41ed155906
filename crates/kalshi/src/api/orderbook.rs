//! Order books: bids of both contracts, because an ask of YES is a bid of NO.

use kmi_domain::{Level, Price, Quantity, Ticker};
use serde::{Deserialize, Serialize};

use super::amount::{list, text};
use super::query::{Repeated, query};

/// Bids for YES and for NO, each with the best price last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderbookSides {
    /// Bids for YES, prices rising.
    #[serde(default, with = "levels")]
    pub yes_dollars: Vec<Level>,
    /// Bids for NO, in NO prices, rising.
    #[serde(default, with = "levels")]
    pub no_dollars: Vec<Level>,
}

/// `GET /markets/{ticker}/orderbook`. A body without the book is an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderbookResponse {
    /// The book.
    #[serde(default)]
    pub orderbook_fp: OrderbookSides,
}

/// The book of one of several markets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketOrderbook {
    /// The market.
    #[serde(with = "text")]
    pub ticker: Ticker,
    /// Its book.
    #[serde(default)]
    pub orderbook_fp: OrderbookSides,
}

/// `GET /markets/orderbooks`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderbooksResponse {
    /// The books.
    #[serde(default, with = "list")]
    pub orderbooks: Vec<MarketOrderbook>,
}

query! {
    /// `GET /markets/{ticker}/orderbook`.
    pub struct OrderbookQuery {
        /// Best levels of each side, 1 to 100; 0, or none, for all.
        pub depth: Option<u32>,
    }
}

query! {
    /// `GET /markets/orderbooks`.
    pub struct OrderbooksQuery {
        /// The markets, 1 to [`OrderbooksQuery::MAX_TICKERS`].
        pub tickers: Repeated<Ticker>,
    }
}

impl OrderbookQuery {
    /// Deepest that may be asked for.
    pub const MAX_DEPTH: u32 = 100;
}

impl OrderbooksQuery {
    /// Most markets that may be asked for at once.
    pub const MAX_TICKERS: usize = 100;
}

impl OrderbookSides {
    /// Best bid for YES.
    pub fn best_yes_bid(&self) -> Option<Level> {
        self.yes_dollars.last().copied()
    }

    /// Best ask for YES: what the best bid for NO leaves of the dollar, of the same size.
    pub fn best_yes_ask(&self) -> Option<Level> {
        self.no_dollars.last().copied().map(complement)
    }

    /// Asks for YES, best first.
    pub fn yes_asks(&self) -> impl Iterator<Item = Level> {
        self.no_dollars.iter().rev().copied().map(complement)
    }

    /// Keeps the `depth` best levels of each side; all of them for 0.
    #[must_use]
    pub fn best(mut self, depth: usize) -> OrderbookSides {
        if depth > 0 {
            for side in [&mut self.yes_dollars, &mut self.no_dollars] {
                side.drain(..side.len().saturating_sub(depth));
            }
        }
        self
    }
}

fn complement(level: Level) -> Level {
    Level {
        price: level.price.complement(),
        quantity: level.quantity,
    }
}

/// Levels as pairs of strings: `[["0.4200","13.00"]]`. `null` and absent read as none.
pub mod levels {
    use super::{Deserialize, Level, Pair};
    use serde::{Deserializer, Serializer};

    /// Writes the pairs.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(levels: &[Level], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(levels.iter().map(|level| Pair(level.price, level.quantity)))
    }

    /// Reads the pairs.
    ///
    /// # Errors
    /// When one is not a price and a count.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Level>, D::Error> {
        let pairs = Option::<Vec<Pair>>::deserialize(deserializer)?.unwrap_or_default();
        let level = |Pair(price, quantity)| Level { price, quantity };
        Ok(pairs.into_iter().map(level).collect())
    }
}

#[derive(Serialize, Deserialize)]
struct Pair(
    #[serde(with = "super::amount::dollars")] Price,
    #[serde(with = "super::amount::count")] Quantity,
);

#[cfg(test)]
mod tests {
    use super::*;

    fn level(price: &str, quantity: &str) -> Level {
        Level {
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
        }
    }

    fn book() -> OrderbookSides {
        OrderbookSides {
            yes_dollars: vec![level("0.41", "7"), level("0.42", "13")],
            no_dollars: vec![level("0.5", "1.5"), level("0.5610", "2")],
        }
    }

    #[test]
    fn a_book_is_written_in_pairs_of_strings_with_the_best_last() {
        let body = OrderbookResponse { orderbook_fp: book() };
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"orderbook_fp":{"yes_dollars":[["0.4100","7.00"],["0.4200","13.00"]],"no_dollars":[["0.5000","1.50"],["0.5610","2.00"]]}}"#
        );
        assert_eq!(
            serde_json::to_string(&OrderbookResponse::default()).unwrap(),
            r#"{"orderbook_fp":{"yes_dollars":[],"no_dollars":[]}}"#
        );
    }

    #[test]
    fn every_way_of_saying_empty_reads_as_an_empty_book() {
        for text in [
            r#"{"orderbook":{}}"#,
            r#"{"orderbook_fp":{}}"#,
            r#"{"orderbook_fp":{"yes_dollars":null,"no_dollars":[]}}"#,
        ] {
            assert_eq!(
                serde_json::from_str::<OrderbookResponse>(text).unwrap(),
                OrderbookResponse::default()
            );
        }
    }

    #[test]
    fn the_ask_for_yes_is_the_rest_of_the_dollar() {
        assert_eq!(book().best_yes_bid(), Some(level("0.42", "13")));
        assert_eq!(book().best_yes_ask(), Some(level("0.4390", "2")));
        assert_eq!(book().yes_asks().last(), Some(level("0.5", "1.5")));
    }

    #[test]
    fn depth_keeps_the_best_levels() {
        let best = book().best(1);
        assert_eq!(best.yes_dollars, [level("0.42", "13")]);
        assert_eq!(best.no_dollars, [level("0.5610", "2")]);
        assert_eq!(book().best(0), book());
        assert_eq!(book().best(100), book());
    }
}
