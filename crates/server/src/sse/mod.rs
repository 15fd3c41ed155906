//! Server-sent events: `/api/v1/sse/markets`.
//!
//! A stream is a place in the hub's ring and pulls: it is asked for more when its connection has room for more, so that a reader that does
//! not read holds its place, one piece of at most 32 KiB, and nothing besides. Ids are `epoch:number`; who comes back with the last it saw goes on
//! there, or, when the ring has forgotten that place or the server was started anew, begins with a `snapshot` again.

mod encode;
mod live;
mod params;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::Doors;
use crate::error::ApiError;
use crate::gate::Peer;
use crate::rest::Fields;
use crate::view::Error;
use live::Live;
use params::Wanted;

/// What happens to markets, as server-sent events.
///
/// First comes a `snapshot` (`{"markets":[…],"books":[…],"unknown":[…],"connection":{…},"more":false}`); of all markets in several parts, of which all but the
/// last say `"more":true`. Then, as chosen by `kinds`: `market` (quotes, totals, status; only the latest matters), `trade`, `book` (a whole book), `book_delta`
/// (`{"ticker","side","price","change"}`) and `book_stale`. `trades_lost` (`{}`, with the kind `trade`) says that the exchange's
/// stream lost trades of any market: those before it are to be read from `/api/v1/trades`. `connection_status` tells when our connection to the exchange comes or goes (`connected`,
/// `reconnecting`, `failed`, `off`) and when this server stops (`closing`); a `heartbeat` comes every 15 s. Each is `{"seq":7,"at":"…","data":{…}}`.
///
/// Reconnecting with `Last-Event-ID` misses nothing. Where that cannot be, or a reader is too slow, a `snapshot` comes again: what was told
/// before it counts no more, and trades in between are to be read from `/api/v1/trades`.
#[utoipa::path(
    get,
    path = "/api/v1/sse/markets",
    operation_id = "stream_markets",
    tag = "streams",
    params(
        params::SseParams,
        ("last-event-id" = Option<String>, Header, description = "Id of the last event seen.", max_length = 64, pattern = "^[0-9a-f]+:[0-9]+$"),
    ),
    responses(
        (status = 200, description = "Events, without end.", body = String, content_type = "text/event-stream"),
        (status = 400, description = "A parameter breaks its rule.", body = Error),
        (status = 429, description = "As many streams as there may be.", body = Error),
    )
)]
pub(crate) async fn markets(
    State(doors): State<Doors>,
    Extension(peer): Extension<Peer>,
    fields: Fields,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = Wanted::read(fields)?;
    let slot = doors.slots.take(peer.0, "sse")?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let live = Live::new(doors, wanted, last, slot)?;
    let events = stream::unfold(live, async |mut live: Live| {
        let piece = live.next().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(piece), live))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // For proxies that hold answers back until they are whole.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}
