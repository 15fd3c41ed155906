//! One connection: reads commands, writes what there is to tell, many messages at a time, and keeps itself alive.

use std::future::{Future as _, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_util::sync::CancellationToken;

use super::commands::Session;
use super::frame::{CloseCode, Inbox, Incoming};

/// A ping goes out this often, as at the exchange, unless something else waits to be read.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// A client that says nothing, not even pong, and takes nothing of what it is told for so long is gone; looked at with every ping.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a connection may take to hear the last word.
const FAREWELL: Duration = Duration::from_secs(1);
/// Bytes read at once.
const READ: usize = 4 << 10;

/// What a connection woke up for.
enum Step {
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    News,
    Ping,
    Stop,
}

/// Serves a connection until either end is done with it.
pub(super) async fn serve<S>(mut stream: S, mut session: Session, stopping: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let ended = converse(&mut stream, &mut session, &stopping).await;
    if let Some(code) = ended {
        session.out.close(code);
        // The client may be the one that does not read.
        let farewell = async {
            stream.write_all(session.out.waiting()).await?;
            stream.shutdown().await
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
}

/// Until the end; with which code to say so, if there is anybody to hear it.
async fn converse<S>(stream: &mut S, session: &mut Session, stopping: &CancellationToken) -> Option<CloseCode>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut inbox = Inbox::default();
    let mut pings = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = pin!(stopping.cancelled());
    let mut heard = Instant::now();
    let mut is_full = false;
    loop {
        match listen(&mut inbox, session) {
            Ok(Heard::Goodbye) => return Some(CloseCode::Normal),
            Ok(Heard::All) => {}
            Err(code) => return Some(code),
        }
        if session.out.is_empty() {
            session.tell();
        }
        let step = poll_fn(|context| {
            // Who does not read what it is told need not be listened to.
            if !session.out.is_enough()
                && let Poll::Ready(read) = poll_read(stream, &mut inbox, context)
            {
                return Poll::Ready(Step::Read(read));
            }
            if session.out.is_empty() {
                session.out.rest();
                if session.poll_news(context).is_ready() {
                    return Poll::Ready(Step::News);
                }
            } else {
                match Pin::new(&mut *stream).poll_write(context, session.out.waiting()) {
                    Poll::Ready(wrote) => return Poll::Ready(Step::Wrote(wrote)),
                    Poll::Pending => is_full = true,
                }
            }
            if stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(Step::Stop);
            }
            pings.poll_tick(context).map(|_| Step::Ping)
        })
        .await;
        match step {
            Step::Read(Ok(0) | Err(_)) | Step::Wrote(Ok(0) | Err(_)) => return None,
            Step::Read(Ok(_)) => heard = Instant::now(),
            Step::Wrote(Ok(bytes)) => {
                // There was no room, and now there is: somebody reads, however slowly. In a busy feed such a client is never pinged.
                if std::mem::take(&mut is_full) {
                    heard = Instant::now();
                }
                session.out.wrote(bytes);
            }
            Step::Ping if heard.elapsed() > SILENCE => return None,
            Step::Ping if session.out.is_empty() => session.out.ping(),
            Step::News | Step::Ping => {}
            Step::Stop => return Some(CloseCode::Away),
        }
    }
}

fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    inbox: &mut Inbox,
    context: &mut std::task::Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut room = [MaybeUninit::uninit(); READ];
    let mut read = ReadBuf::uninit(&mut room);
    Pin::new(stream).poll_read(context, &mut read).map_ok(|()| {
        inbox.room().extend_from_slice(read.filled());
        read.filled().len()
    })
}

/// How far what came was listened to.
enum Heard {
    /// All of it, or until there was enough to answer.
    All,
    /// The client goes.
    Goodbye,
}

fn listen(inbox: &mut Inbox, session: &mut Session) -> Result<Heard, CloseCode> {
    while !session.out.is_enough() {
        match inbox.next()? {
            None => break,
            Some(Incoming::Close) => return Ok(Heard::Goodbye),
            Some(Incoming::Message(text)) => session.receive(&text),
            Some(Incoming::Ping(payload)) => session.out.pong(&payload),
            Some(Incoming::Pong) => {}
        }
    }
    Ok(Heard::All)
}
