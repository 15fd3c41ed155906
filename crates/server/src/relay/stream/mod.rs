//! `/trade-api/ws/v2`: the public channels of the exchange's stream, told from the hub.
//!
//! Each connection is a task with a few subscriptions, each of which reads the hub at its own pace; a message's body is made once for
//! all, its envelope for each. Nothing is queued for a client that does not read: it has a place in the hub's ring, and when the ring
//! has gone on without it, it starts again from the board (see [`subscription`]). So nobody waits for anybody.
//!
//! Bounds, for each connection: 64 KiB that wait to be written and one message more; up to 1,024 events for each of at most five
//! channels, which the hub or other connections mostly hold as well; messages of at most 256 KiB from the client; 50,000 markets
//! named; 100 commands a second, 1,000 at once. Connections in all and of one address: see the settings of the doors.

mod commands;
mod connection;
mod debts;
mod encode;
mod frame;
mod outgoing;
mod subscription;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::Relay;
use super::rest::Refused;
use crate::gate::Peer;
use commands::Session;

/// Takes a WebSocket, if that is what is asked for and there is room.
pub(super) async fn open(State(relay): State<Relay>, mut request: Request) -> Response {
    let accept = match accept_of(request.headers()) {
        Ok(accept) => accept,
        Err(refused) => return refused.into_response(),
    };
    let address = request.extensions().get::<Peer>().map(|peer| peer.0);
    let doors = &relay.shared.doors;
    let address = address.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    let Ok(slot) = doors.slots.take(address, "relay") else {
        return Refused::too_many_requests().into_response();
    };
    let upgraded = hyper::upgrade::on(&mut request);
    let session = Session::new(doors.board.clone(), doors.clock.clone());
    let stopping = doors.stopping.clone();
    tokio::spawn(async move {
        match upgraded.await {
            Ok(stream) => connection::serve(TokioIo::new(stream), session, stopping).await,
            Err(error) => tracing::debug!(%error, "a connection went before it was a WebSocket"),
        }
        drop(slot);
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// What the handshake is answered with, if it is one.
fn accept_of(headers: &HeaderMap) -> Result<HeaderValue, Refused> {
    let refused = |rule: &str| Refused::bad_request(format!("the WebSocket handshake {rule}"));
    if !names(headers, &CONNECTION, "upgrade") || !names(headers, &UPGRADE, "websocket") {
        return Err(refused("needs Connection: upgrade and Upgrade: websocket"));
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(refused("needs Sec-WebSocket-Version: 13"));
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .ok_or_else(|| refused("needs a Sec-WebSocket-Key"))?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| refused("has a key that is none"))
}

/// Whether a header that lists names has this one.
fn names(headers: &HeaderMap, header: &HeaderName, name: &str) -> bool {
    let values = headers.get_all(header).iter();
    let mut listed = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    listed.any(|listed| listed.trim().eq_ignore_ascii_case(name))
}
