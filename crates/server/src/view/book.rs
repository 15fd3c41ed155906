//! An order book as clients see it.

use kmi_app::board::BookPicture;
use kmi_domain::book::{BookState, OrderBook};
use kmi_domain::{Level, Money, Price, Quantity, Side, Ticker, Timestamp};
use kmi_kalshi::api::orderbook::OrderbookSides;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Decimal, Source, text, text_or_null};

/// Resting bids for YES and for NO, best first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Book)]
pub(crate) struct BookView {
    /// Market.
    #[schema(value_type = String)]
    #[serde(serialize_with = "text")]
    ticker: Ticker,
    /// Bids for YES in YES prices, best first.
    yes: Vec<LevelView>,
    /// Bids for NO in NO prices, best first.
    no: Vec<LevelView>,
    /// Best YES bid; null when there is none.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_bid: Option<Price>,
    /// Best YES ask: $1 less the best NO bid; null when there is none.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    yes_ask: Option<Price>,
    /// Ask less bid; null when a side is empty.
    #[schema(value_type = Option<Decimal>)]
    #[serde(serialize_with = "text_or_null")]
    spread: Option<Money>,
    /// Whether every change up to `as_of` is in it.
    state: BookStateWord,
    /// The event stream's number this book goes with: changes with higher numbers are not in it. Null for a book that was asked for.
    sequence: Option<u64>,
    /// When it was last known to be right.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    as_of: Timestamp,
    /// How it is known.
    source: Source,
    /// Whether it is the last that was known rather than the present one.
    stale: bool,
}

/// Whether a book may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BookStateWord {
    /// It holds every change.
    Synced,
    /// Something was missed.
    Stale,
}

/// Contracts at a price.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Level)]
pub(crate) struct LevelView {
    /// Price of the side's contract.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    price: Price,
    /// Contracts resting there.
    #[schema(value_type = Decimal)]
    #[serde(serialize_with = "text")]
    quantity: Quantity,
}

impl BookView {
    /// A book the board follows, with at most `depth` levels a side; `None` before its first snapshot.
    pub(crate) fn of_picture(picture: &BookPicture, depth: usize) -> Option<BookView> {
        let synced = picture.state == BookState::Synced;
        let ends = Known {
            state: if synced {
                BookStateWord::Synced
            } else {
                BookStateWord::Stale
            },
            sequence: Some(picture.number),
            as_of: picture.as_of,
            source: Source::WebSocket,
        };
        let book = picture.book.as_ref()?;
        Some(BookView::new(picture.ticker.clone(), book, depth, ends))
    }

    /// A book the exchange was asked for at `as_of`.
    pub(crate) fn of_answer(
        ticker: Ticker,
        sides: &OrderbookSides,
        depth: usize,
        as_of: Timestamp,
    ) -> BookView {
        let mut book = OrderBook::new();
        book.replace(
            sides.yes_dollars.iter().copied(),
            sides.no_dollars.iter().copied(),
        );
        let ends = Known {
            state: BookStateWord::Synced,
            sequence: None,
            as_of,
            source: Source::Poll,
        };
        BookView::new(ticker, &book, depth, ends)
    }

    /// Whether every change is in it.
    pub(crate) fn is_synced(&self) -> bool {
        self.state == BookStateWord::Synced
    }

    fn new(ticker: Ticker, book: &OrderBook, depth: usize, known: Known) -> BookView {
        let levels = |side| book.depth(side, depth).map(LevelView::from).collect();
        BookView {
            ticker,
            yes: levels(Side::Yes),
            no: levels(Side::No),
            yes_bid: book.best_bid(Side::Yes).map(|level| level.price),
            yes_ask: book.best_ask(Side::Yes).map(|level| level.price),
            spread: book.spread(),
            state: known.state,
            sequence: known.sequence,
            as_of: known.as_of,
            source: known.source,
            stale: known.state == BookStateWord::Stale,
        }
    }
}

/// How a book is known.
#[derive(Clone, Copy)]
struct Known {
    state: BookStateWord,
    sequence: Option<u64>,
    as_of: Timestamp,
    source: Source,
}

impl From<Level> for LevelView {
    fn from(level: Level) -> LevelView {
        LevelView {
            price: level.price,
            quantity: level.quantity,
        }
    }
}
