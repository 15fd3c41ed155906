//! Order books: from the board while it follows them, else from the exchange. A book that is asked for is followed for a while, so
//! that who asks again and again costs the exchange nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use kmi_app::board::{BookPicture, Source};
use kmi_domain::book::{BookState, OrderBook};
use kmi_domain::{Level, Side, Ticker};
use kmi_kalshi::api::orderbook::{
    MarketOrderbook, OrderbookQuery, OrderbookResponse, OrderbookSides, OrderbooksQuery, OrderbooksResponse,
};
use kmi_kalshi::api::query::Query as _;

use super::answer::{self, Freshness};
use super::{Answered, Call};

/// How long the exchange's answers are kept.
const KEEP: Duration = Duration::from_secs(1);
/// The book of one market.
pub(super) async fn one(call: &Call) -> Answered {
    let query: OrderbookQuery = call.params.read()?;
    let depth = query.depth.unwrap_or(0);
    if depth > OrderbookQuery::MAX_DEPTH {
        let rule = format_args!("must be at most {}", OrderbookQuery::MAX_DEPTH);
        return Err(call.params.refuse("depth", rule));
    }
    let ticker: Ticker = call.name(1)?;
    if let Some((picture, sides)) = known(call, &ticker) {
        let body = OrderbookResponse {
            orderbook_fp: sides.best(depth as usize),
        };
        return answer::ok(&body, Freshness::live(Source::WebSocket, picture.as_of));
    }
    let path = ["markets", ticker.as_str(), "orderbook"];
    let (body, at) = call.upstream().get(&path, query.pairs(), KEEP).await?;
    Ok(answer::raw(body, Freshness::live(Source::Cache, at)))
}

/// The books of several markets: those the board follows from there, the others in one question. Names of no market are passed
/// over.
pub(super) async fn several(call: &Call) -> Answered {
    let query: OrderbooksQuery = call.params.read()?;
    if query.tickers.is_empty() {
        return Err(call.params.refuse("tickers", "is required"));
    }
    call.params
        .at_most("tickers", &query.tickers, OrderbooksQuery::MAX_TICKERS)?;
    let mut as_of = call.relay.shared.now();
    let mut source = Source::WebSocket;
    let mut books: BTreeMap<&Ticker, OrderbookSides> = BTreeMap::new();
    for ticker in query.tickers.iter() {
        if let Some((picture, sides)) = known(call, ticker) {
            as_of = as_of.min(picture.as_of);
            books.insert(ticker, sides);
        }
    }
    let missing: OrderbooksQuery = OrderbooksQuery {
        tickers: query
            .tickers
            .iter()
            .filter(|ticker| !books.contains_key(ticker))
            .cloned()
            .collect(),
    };
    let mut asked = OrderbooksResponse::default();
    if !missing.tickers.is_empty() {
        let path = ["markets", "orderbooks"];
        let (body, at) = call.upstream().get(&path, missing.pairs(), KEEP).await?;
        asked = serde_json::from_slice(&body)
            .map_err(|_| super::Refused::unavailable("the exchange's answer was not understood"))?;
        as_of = as_of.min(at);
        source = Source::Cache;
    }
    for book in &asked.orderbooks {
        books.insert(&book.ticker, book.orderbook_fp.clone());
    }
    let named = query.tickers.iter().filter_map(|ticker| {
        Some(MarketOrderbook {
            ticker: ticker.clone(),
            orderbook_fp: books.get(ticker)?.clone(),
        })
    });
    let body = OrderbooksResponse {
        orderbooks: named.collect(),
    };
    answer::ok(&body, Freshness::live(source, as_of))
}

/// The book as the board has it, if every change is in it; and follows it from now on.
fn known(call: &Call, ticker: &Ticker) -> Option<(BookPicture, OrderbookSides)> {
    let shared = &call.relay.shared;
    shared.board().market(ticker)?;
    // It lingers, so that the next who asks finds it here. Where as many are watched as may be, the exchange is asked each time.
    drop(shared.board().demand().watch(ticker.clone()));
    let picture = shared.board().book(ticker)?;
    if picture.state != BookState::Synced {
        return None;
    }
    let sides = sides_of(picture.book.as_ref()?);
    Some((picture, sides))
}

fn sides_of(book: &OrderBook) -> OrderbookSides {
    OrderbookSides {
        yes_dollars: rising(book, Side::Yes),
        no_dollars: rising(book, Side::No),
    }
}

/// Bids of one side, the best last, as the exchange lists them.
pub(in crate::relay) fn rising(book: &OrderBook, side: Side) -> Vec<Level> {
    let mut levels: Vec<Level> = book.levels(side).collect();
    levels.reverse();
    levels
}
