//! Events as the wire has them.

use bytes::Bytes;
use kmi_app::board::{BookPicture, MarketState};
use kmi_app::hub::{ConnectionStatus, Happening, Link, Published};
use kmi_domain::Timestamp;
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot};
use serde_json::{Value, json};

use crate::Doors;
use crate::rest::market_json;
use crate::view::book::BookView;
use crate::view::trade::{SideWord, TradeView};

/// Levels of each side of a book in an event: all there can be.
const ALL_LEVELS: usize = 10_000;

/// Whether more of a snapshot comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It does.
    More,
    /// This is all, or the last of it.
    Last,
}

/// Puts an event together: id, name, data.
pub(super) fn event(into: &mut Vec<u8>, doors: &Doors, name: &str, number: u64, at: Timestamp, data: &[u8]) {
    into.extend_from_slice(format!("id: {}:{number}\n", doors.epoch()).as_bytes());
    unnumbered(into, name, number, at, data);
}

/// The same without an id, for what nobody can go on from.
pub(super) fn unnumbered(into: &mut Vec<u8>, name: &str, number: u64, at: Timestamp, data: &[u8]) {
    let head = format!("event: {name}\ndata: {{\"seq\":{number},\"at\":\"{at}\",\"data\":");
    into.extend_from_slice(head.as_bytes());
    into.extend_from_slice(data);
    into.extend_from_slice(b"}\n\n");
}

/// An event of the hub; nothing for what streams of markets do not tell.
pub(super) fn published(doors: &Doors, published: &Published) -> Bytes {
    let (name, data) = match &published.what {
        Happening::Market(state) => ("market", market_json(doors, state)),
        Happening::Trade(trade) => ("trade", to_vec(&TradeView::of_stream(trade))),
        Happening::TradesLost => ("trades_lost", b"{}".to_vec()),
        Happening::BookDelta(delta) => ("book_delta", to_vec(&delta_json(delta))),
        Happening::BookSnapshot(snapshot) => ("book", whole_book(snapshot, published)),
        Happening::BookStale => ("book_stale", to_vec(&stale_json(doors, published))),
        Happening::Connection(connection) => ("connection_status", to_vec(&connection_json(connection))),
        Happening::Lifecycle(_) => return Bytes::new(),
    };
    let mut text = Vec::with_capacity(data.len() + 128);
    event(&mut text, doors, name, published.number, published.at, &data);
    text.into()
}

/// How our connection to the exchange is.
pub(super) fn connection_json(connection: &ConnectionStatus) -> Value {
    let mut json = json!({"state": connection.link.as_str()});
    if connection.since > Timestamp::MIN {
        json["since"] = json!(connection.since.to_string());
    }
    match &connection.link {
        Link::Reconnecting {
            attempt,
            next_in,
            reason,
        } => {
            json["attempt"] = json!(attempt);
            json["next_in_ms"] = json!(u64::try_from(next_in.as_millis()).unwrap_or(u64::MAX));
            json["reason"] = json!(reason);
        }
        Link::Failed { reason, next_in } => {
            json["next_in_ms"] = json!(u64::try_from(next_in.as_millis()).unwrap_or(u64::MAX));
            json["reason"] = json!(reason);
        }
        Link::Connected | Link::Off => {}
    }
    json
}

/// The first of a stream, or of one that missed something.
pub(super) fn snapshot(
    doors: &Doors,
    markets: &[std::sync::Arc<MarketState>],
    books: &[BookPicture],
    unknown: &[kmi_domain::Ticker],
    part: Part,
) -> Vec<u8> {
    let mut data = Vec::with_capacity(markets.len() * 768 + 256);
    data.extend_from_slice(b"{\"markets\":[");
    for (place, state) in markets.iter().enumerate() {
        if place > 0 {
            data.push(b',');
        }
        data.extend_from_slice(&market_json(doors, state));
    }
    let books: Vec<BookView> = books
        .iter()
        .filter_map(|picture| BookView::of_picture(picture, ALL_LEVELS))
        .collect();
    let unknown: Vec<&str> = unknown.iter().map(kmi_domain::Ticker::as_str).collect();
    let rest = json!({
        "books": books,
        "unknown": unknown,
        "connection": connection_json(&doors.board.connection()),
        "more": part == Part::More,
    });
    // The rest goes on where the list of markets ended: `{"books":…` becomes `],"books":…`.
    data.extend_from_slice(b"],");
    data.extend_from_slice(&to_vec(&rest)[1..]);
    data
}

fn delta_json(delta: &OrderbookDelta) -> Value {
    json!({
        "ticker": delta.market_ticker.as_str(),
        "side": SideWord::from(delta.side),
        "price": delta.price_dollars.to_string(),
        "change": delta.delta_fp.to_string(),
    })
}

fn stale_json(doors: &Doors, published: &Published) -> Value {
    let state = published.market.and_then(|id| doors.board.market_by_id(id));
    json!({"ticker": state.as_ref().map(|state| state.body.ticker.as_str())})
}

/// The book as of the event, not as of now: what is told next are changes to it.
fn whole_book(snapshot: &OrderbookSnapshot, published: &Published) -> Vec<u8> {
    let mut book = kmi_domain::book::OrderBook::new();
    book.replace(
        snapshot.yes_dollars_fp.iter().copied(),
        snapshot.no_dollars_fp.iter().copied(),
    );
    let picture = BookPicture {
        ticker: snapshot.market_ticker.clone(),
        id: published.market.unwrap_or(kmi_app::board::MarketId(u32::MAX)),
        state: kmi_domain::book::BookState::Synced,
        book: Some(book),
        clock: snapshot.clock,
        as_of: published.at,
        number: published.number,
    };
    to_vec(&BookView::of_picture(&picture, ALL_LEVELS))
}

fn to_vec(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("strings and numbers into memory")
}
