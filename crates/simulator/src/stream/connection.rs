//! One connection: reads commands, writes what waits for it, keeps itself alive.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use kmi_domain::Timestamp;
use kmi_kalshi::limit::{Bucket, BucketSpec};
use kmi_kalshi::ws::{Command, CommandRefused, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout};

use super::audience::ConnectionId;
use super::hub::Notice;
use super::outbox::{Closing, Outbox, Taken};

/// A ping goes out this often, as at Kalshi.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// A client that says nothing, not even pong, for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);
/// A write that takes so long means that nobody reads.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Commands a second.
const COMMANDS_PER_S: u64 = 10_000;

/// Why a connection ended; nothing depends on it but the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The client left, or the network did.
    Gone,
    /// The client was silent or did not read.
    Silent,
    /// The exchange closed it.
    Closed(Closing),
}

/// Serves a connection until it ends.
pub(super) async fn serve(
    socket: WebSocket,
    id: ConnectionId,
    outbox: &Outbox,
    notices: &mpsc::Sender<Notice>,
    room: &Arc<Semaphore>,
) {
    let (mut sink, stream) = socket.split();
    let end = tokio::select! {
        end = read(stream, id, outbox, notices, room) => end,
        end = write(&mut sink, outbox) => end,
    };
    tracing::debug!(connection = id.0, ?end, "a stream connection ended");
    if let End::Closed(Closing::TooSlow | Closing::Shutdown) = end {
        let code = if end == End::Closed(Closing::Shutdown) {
            close_code::AWAY
        } else {
            close_code::POLICY
        };
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        // The client may be the one that does not read.
        let _ = timeout(Duration::from_secs(1), sink.send(Message::Close(Some(frame)))).await;
    }
}

async fn read(
    mut stream: SplitStream<WebSocket>,
    id: ConnectionId,
    outbox: &Outbox,
    notices: &mpsc::Sender<Notice>,
    room: &Arc<Semaphore>,
) -> End {
    let started = Instant::now();
    let mut allowance = Bucket::full(commands_allowed(), Timestamp::from_micros(0));
    loop {
        let message = match timeout(SILENCE, stream.next()).await {
            Err(_) => return End::Silent,
            Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return End::Gone,
            Ok(Some(Ok(message))) => message,
        };
        let text = match &message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes.as_ref(),
            // Pings are answered below us; pongs only show that somebody is there.
            _ => continue,
        };
        let now = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
        if allowance.take(Timestamp::from_micros(now), 1).is_err() {
            // Nothing is parsed for it; the client waits like everyone while the hub is busy.
            if notices.send(Notice::Refused(id, too_many())).await.is_err() {
                outbox.close(Closing::Shutdown);
            }
            continue;
        }
        // What waits for the hub is bounded in bytes too, for all connections together.
        let bytes = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let Ok(place) = Arc::clone(room).acquire_many_owned(bytes).await else {
            return End::Closed(Closing::Shutdown);
        };
        let notice = parse(id, text, place);
        if notices.send(notice).await.is_err() {
            outbox.close(Closing::Shutdown);
        }
    }
}

fn parse(id: ConnectionId, text: &[u8], place: OwnedSemaphorePermit) -> Notice {
    match Command::parse(text) {
        Ok(command) => Notice::Command(id, command, place),
        Err(refused) => Notice::Refused(id, refused),
    }
}

const fn commands_allowed() -> BucketSpec {
    BucketSpec {
        refill_rate: COMMANDS_PER_S,
        capacity: COMMANDS_PER_S,
    }
}

fn too_many() -> CommandRefused {
    CommandRefused {
        id: None,
        code: ErrorCode::TooManyRequests,
        message: ErrorCode::TooManyRequests.message().to_owned(),
    }
}

async fn write(sink: &mut SplitSink<WebSocket, Message>, outbox: &Outbox) -> End {
    let mut pings = tokio::time::interval(PING_INTERVAL);
    pings.reset();
    loop {
        let sent = tokio::select! {
            taken = outbox.take() => {
                let closing = taken.closing;
                let bytes = taken.frames.iter().map(|frame| frame.len()).sum();
                let sent = timeout(WRITE_TIMEOUT, send_all(sink, taken)).await;
                outbox.wrote(bytes);
                if let (Ok(true), Some(closing)) = (&sent, closing) {
                    return End::Closed(closing);
                }
                sent
            }
            _ = pings.tick() => {
                let ping = Message::Ping(Bytes::from_static(b"heartbeat"));
                timeout(WRITE_TIMEOUT, async { sink.send(ping).await.is_ok() }).await
            }
        };
        match sent {
            Ok(true) => {}
            Ok(false) => return End::Gone,
            Err(_) => return End::Silent,
        }
    }
}

/// Sends all of it in one go: one flush for many messages.
async fn send_all(sink: &mut SplitSink<WebSocket, Message>, taken: Taken) -> bool {
    for frame in taken.frames {
        if sink.feed(Message::Text(frame)).await.is_err() {
            return false;
        }
    }
    sink.flush().await.is_ok()
}
