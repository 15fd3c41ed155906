//! Bodies of messages, made once for all who hear them.

use bytes::Bytes;
use kmi_app::board::{Board, BookPicture, MarketState};
use kmi_app::hub::{Format, Happening, Published};
use kmi_domain::book::OrderBook;
use kmi_domain::{Level, Price, Side};
use kmi_kalshi::ws::message::{Body, OrderbookDelta, OrderbookSnapshot, TickerUpdate};

use crate::relay::rest::rising;

/// The `msg` of an event, made by whoever needs it first.
pub(super) fn msg<'e>(event: &'e Published, format: Format, board: &Board) -> &'e Bytes {
    event.encoded(format, |event| written(&body(event, format, board)))
}

/// What an event says in the exchange's words.
fn body(event: &Published, format: Format, board: &Board) -> Body {
    match &event.what {
        Happening::Market(market) => ticker(market, board),
        Happening::BookDelta(delta) => {
            let delta = anybodys(delta);
            Body::OrderbookDelta(match format {
                Format::RelayYesPrices => delta.with_no_side_complemented(),
                Format::Own | Format::Relay => delta,
            })
        }
        Happening::BookSnapshot(snapshot) => {
            let mut snapshot = OrderbookSnapshot::clone(snapshot);
            snapshot.clock.get_or_insert(0);
            Body::OrderbookSnapshot(in_format(snapshot, format))
        }
        Happening::Trade(trade) => Body::Trade((**trade).clone()),
        Happening::Lifecycle(body) => (**body).clone(),
        Happening::BookStale | Happening::TradesLost | Happening::Connection(_) => Body::Unsubscribed,
    }
}

/// The change without whose order made it: the exchange tells us of our own orders, which is nobody else's business.
fn anybodys(delta: &OrderbookDelta) -> OrderbookDelta {
    OrderbookDelta {
        client_order_id: None,
        subaccount: None,
        ..delta.clone()
    }
}

/// Stands for an id that the exchange has not told yet: the nil UUID.
const NO_UUID: &str = "00000000-0000-0000-0000-000000000000";

/// Best quotes and totals of a market as the board has them.
pub(super) fn ticker(market: &MarketState, board: &Board) -> Body {
    let quote = &market.quote;
    let changed = market.changed.unwrap_or(market.as_of);
    let uuid = board.uuid(market.id);
    Body::Ticker(TickerUpdate {
        market_ticker: market.body.ticker.clone(),
        // The exchange always tells it; what came by REST alone has none yet, and the specification wants one.
        market_id: Some(uuid.map_or_else(|| NO_UUID.to_owned(), |uuid| uuid.to_string())),
        price_dollars: quote.last_price.unwrap_or(Price::ZERO),
        yes_bid_dollars: quote.yes_bid.unwrap_or(Price::ZERO),
        yes_ask_dollars: quote.yes_ask.unwrap_or(Price::ONE),
        yes_bid_size_fp: quote.yes_bid_size,
        yes_ask_size_fp: quote.yes_ask_size,
        last_trade_size_fp: quote.last_trade_size.unwrap_or_default(),
        volume_fp: quote.volume,
        open_interest_fp: quote.open_interest,
        dollar_volume: quote.dollar_volume.unwrap_or(0),
        dollar_open_interest: quote.dollar_open_interest.unwrap_or(0),
        ts_ms: changed,
        ts: Some(changed),
        time: Some(changed),
    })
}

/// A book as the board has it.
pub(super) fn snapshot(picture: &BookPicture, book: &OrderBook, format: Format, board: &Board) -> Body {
    let side = |side| -> Vec<Level> { rising(book, side) };
    let snapshot = OrderbookSnapshot {
        market_ticker: picture.ticker.clone(),
        market_id: board.uuid(picture.id).map(|uuid| uuid.to_string()),
        clock: Some(picture.clock.unwrap_or(0)),
        yes_dollars_fp: side(Side::Yes),
        no_dollars_fp: side(Side::No),
    };
    Body::OrderbookSnapshot(in_format(snapshot, format))
}

fn in_format(snapshot: OrderbookSnapshot, format: Format) -> OrderbookSnapshot {
    match format {
        Format::RelayYesPrices => snapshot.with_no_side_complemented(),
        Format::Own | Format::Relay => snapshot,
    }
}

/// A body's JSON; `null` for the one that has none.
pub(super) fn written(body: &Body) -> Bytes {
    body.msg().map_or_else(
        || Bytes::from_static(b"null"),
        |msg| Bytes::from(String::from(Box::<str>::from(msg))),
    )
}
