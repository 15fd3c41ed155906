//! One attempt: a request out, an answer in, and what is certain when it fails.

use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper_util::client::legacy::connect::{Connected, Connection, capture_connection};
use hyper_util::client::legacy::{Client as Pool, Error as PoolError};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout_at};

use super::Failure;
use crate::connect::{BoxStream, ConnectError, Dialer};

/// Idle connections are given up before load balancers do (commonly after 60 s), since a write that meets a connection just
/// being closed is of unknown outcome.
const IDLE: Duration = Duration::from_secs(30);
/// Idle connections kept.
const MAX_IDLE: usize = 32;

pub(super) struct Transport {
    pool: Pool<Connector, Full<Bytes>>,
    timeout: Duration,
    max_bytes: usize,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// The body, or why it did not come whole.
    pub(super) body: Result<Bytes, Failure>,
}

/// Why no status came back.
pub(super) enum Broken {
    /// It is certain that no byte of the request left.
    NotSent(Failure),
    /// Some bytes, or all, may have left.
    MaybeSent(Failure),
}

impl Transport {
    pub(super) fn new(dialer: Dialer, timeout: Duration, max_bytes: usize) -> Transport {
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            // Repeating is decided above, where reads are told from writes.
            .retry_canceled_requests(false)
            .build(Connector(dialer));
        Transport {
            pool,
            timeout,
            max_bytes,
        }
    }

    /// Sends `request` once, unless there is no connection to send it on by `latest`.
    pub(super) async fn attempt(
        &self,
        mut request: Request<Full<Bytes>>,
        latest: Option<Instant>,
    ) -> Result<Answer, Broken> {
        // Set when the pool hands the request to a connection; before that the request is still ours alone.
        let connection = capture_connection(&mut request);
        let deadline = Instant::now() + self.timeout;
        let mut response = pin!(self.pool.request(request));
        let mut outcome = timeout_at(latest.unwrap_or(deadline).min(deadline), &mut response).await;
        if outcome.is_err() && latest.is_some_and(|latest| latest < deadline) {
            if connection.connection_metadata().is_none() {
                return Err(Broken::NotSent(Failure::TooLate));
            }
            outcome = timeout_at(deadline, &mut response).await;
        }
        let response = match outcome {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(broken(error)),
            Err(_) if connection.connection_metadata().is_none() => {
                return Err(Broken::NotSent(Failure::TimedOut(self.timeout)));
            }
            Err(_) => return Err(Broken::MaybeSent(Failure::TimedOut(self.timeout))),
        };
        let status = response.status();
        let body = match timeout_at(deadline, self.collect(response.into_body())).await {
            Ok(body) => body,
            Err(_) => Err(Failure::TimedOut(self.timeout)),
        };
        Ok(Answer { status, body })
    }

    async fn collect(&self, body: Incoming) -> Result<Bytes, Failure> {
        let too_large = Failure::TooLarge {
            limit: self.max_bytes,
        };
        if body.size_hint().lower() > self.max_bytes as u64 {
            return Err(too_large);
        }
        match Limited::new(body, self.max_bytes).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(too_large),
            Err(error) => Err(Failure::Broken(error)),
        }
    }
}

/// Tells what is certain from the pool's error.
///
/// hyper reports a request as canceled only when it still holds it whole: the connection ended before it began to write.
fn broken(error: PoolError) -> Broken {
    if error.is_connect() {
        return Broken::NotSent(Failure::Connect(error.into()));
    }
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<hyper::Error>());
    if source.is_some_and(hyper::Error::is_canceled) {
        return Broken::NotSent(Failure::Broken(error.into()));
    }
    Broken::MaybeSent(Failure::Broken(error.into()))
}

#[derive(Clone)]
struct Connector(Dialer);

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Plain>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Plain>, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let dialer = self.0.clone();
        Box::pin(async move { Ok(TokioIo::new(Plain(dialer.dial(&url).await?))) })
    }
}

/// A stream as the pool wants it.
struct Plain(BoxStream);

impl Connection for Plain {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Plain {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}
