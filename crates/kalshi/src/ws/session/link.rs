//! One WebSocket: the handshake, frames in and frames out, silence noticed.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::{HeaderValue, Request, Uri};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::connect::{BoxStream, ConnectError};
use crate::sign::AuthHeaders;
use crate::ws::config::{Config, Timeouts};
use crate::ws::{Disconnect, Parts};

/// Bytes of commands that may wait for the network; a longer queue cannot build up, since each is flushed.
const WRITE_BUFFER: usize = 8 << 20;
/// Bytes of a refusal that are told.
const SHOWN: usize = 512;

/// One WebSocket.
pub(super) struct Link {
    socket: WebSocketStream<BoxStream>,
    timeouts: Timeouts,
    last_heard: Instant,
    last_ping: Instant,
}

/// Something from the other side.
pub(super) enum Heard {
    /// A message.
    Text(Utf8Bytes),
    /// Nothing but a sign of life.
    Alive,
}

impl Link {
    /// Signs, connects and shakes hands.
    pub(super) async fn open(config: &Config, parts: &Parts) -> Result<Link, Disconnect> {
        let limit = config.timeouts.handshake;
        timeout(limit, shake_hands(config, parts))
            .await
            .map_err(|_| Disconnect::HandshakeTimedOut(limit))?
    }

    /// The next thing heard. Cancelling it loses nothing.
    pub(super) async fn hear(&mut self) -> Result<Heard, Disconnect> {
        let frame = match self.socket.next().await {
            None => return Err(closed(1006, "without a word")),
            Some(Err(Error::ConnectionClosed)) => return Err(closed(1005, "")),
            Some(Err(error)) => return Err(Disconnect::Broken(Box::new(error))),
            Some(Ok(frame)) => frame,
        };
        self.last_heard = Instant::now();
        match frame {
            Message::Text(text) => Ok(Heard::Text(text)),
            Message::Close(frame) => Err(frame.map_or_else(
                || closed(1005, ""),
                |frame| closed(frame.code.into(), &frame.reason),
            )),
            // The answer to a ping is written by the library the next time something is read.
            Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => Ok(Heard::Alive),
        }
    }

    pub(super) async fn say(&mut self, text: String) -> Result<(), Disconnect> {
        self.write(Message::text(text)).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Disconnect> {
        let limit = self.timeouts.write;
        match timeout(limit, self.socket.send(message)).await {
            Err(_) => Err(Disconnect::WriteTimedOut(limit)),
            Ok(Err(error)) => Err(Disconnect::Broken(Box::new(error))),
            Ok(Ok(())) => Ok(()),
        }
    }

    /// When [`Link::keep_alive`] has something to do.
    pub(super) fn next_deadline(&self) -> Instant {
        let ping = self.last_heard.max(self.last_ping) + self.timeouts.ping;
        ping.min(self.last_heard + self.timeouts.silence)
    }

    /// Pings into a silence, and gives up on a longer one.
    pub(super) async fn keep_alive(&mut self, now: Instant) -> Result<(), Disconnect> {
        if now >= self.last_heard + self.timeouts.silence {
            return Err(Disconnect::Silent(self.timeouts.silence));
        }
        if now >= self.last_heard.max(self.last_ping) + self.timeouts.ping {
            self.last_ping = now;
            self.write(Message::Ping("alive?".into())).await?;
        }
        Ok(())
    }

    /// Time in which nothing was read on purpose is no silence.
    pub(super) fn resume(&mut self) {
        self.last_heard = Instant::now();
    }

    /// Says good-bye, without waiting long for the answer.
    pub(super) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }
}

fn closed(code: u16, reason: &str) -> Disconnect {
    Disconnect::Closed {
        code,
        reason: reason.to_owned(),
    }
}

async fn shake_hands(config: &Config, parts: &Parts) -> Result<Link, Disconnect> {
    let wrong = || ConnectError::Address(config.url.clone());
    let url: Uri = config.url.parse().map_err(|_| wrong())?;
    let headers = parts
        .signer
        .headers(parts.clock.now().millis(), "GET", url.path())
        .await?;
    let request = upgrade(&url, &headers).ok_or_else(wrong)?;
    let stream = parts.dialer.dial(&url).await?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(config.bounds.message_bytes))
        .max_frame_size(Some(config.bounds.message_bytes))
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER);
    let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(limits))
        .await
        .map_err(refusal)?;
    let now = Instant::now();
    Ok(Link {
        socket,
        timeouts: config.timeouts,
        last_heard: now,
        last_ping: now,
    })
}

/// The request for a WebSocket; `None` where the address or the key's id can stand in none.
fn upgrade(url: &Uri, headers: &AuthHeaders) -> Option<Request<()>> {
    let mut request = url.clone().into_client_request().ok()?;
    for (name, value) in headers.pairs() {
        let mut value: HeaderValue = value.parse().ok()?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    Some(request)
}

fn refusal(error: Error) -> Disconnect {
    match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            Disconnect::Refused {
                status: response.status(),
                body: String::from_utf8_lossy(&body[..body.len().min(SHOWN)]).into_owned(),
            }
        }
        other => Disconnect::Broken(Box::new(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signs_the_upgrade_is_marked_as_secret() {
        let headers = AuthHeaders {
            key_id: "a-key".to_owned(),
            timestamp_ms: 5,
            signature: "c2VjcmV0".to_owned(),
        };
        let url = Uri::from_static("wss://exchange.test/trade-api/ws/v2");
        let request = upgrade(&url, &headers).unwrap();
        for (name, value) in headers.pairs() {
            assert_eq!(request.headers()[name], value);
            assert!(request.headers()[name].is_sensitive(), "{name}");
        }
        assert!(!format!("{request:?}").contains("c2VjcmV0"));
    }
}
