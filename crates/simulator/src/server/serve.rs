//! Accepting connections and speaking HTTP/1.1 on them, each within bounds.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use http::{Request, StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::config::Bounds;
use super::patient::Patient;

/// Where a peer comes from.
pub trait PeerAddress: Send {
    /// Its IP address; `None` for a peer in this very process.
    fn ip(&self) -> Option<IpAddr>;
}

impl PeerAddress for SocketAddr {
    fn ip(&self) -> Option<IpAddr> {
        Some(SocketAddr::ip(self))
    }
}

impl PeerAddress for () {
    fn ip(&self) -> Option<IpAddr> {
        None
    }
}

/// The peer of a request, as the connection knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

impl Peer {
    /// On this machine.
    pub(crate) fn is_local(self) -> bool {
        self.0.is_none_or(|address| address.to_canonical().is_loopback())
    }
}

/// Serves `router` to everyone who connects until `stop` is canceled; then lets requests in flight finish.
///
/// At the bound of connections the next one waits in the listener's own queue.
pub(super) async fn serve<L>(mut listener: L, router: Router, bounds: Bounds, stop: CancellationToken)
where
    L: Listener,
    L::Addr: PeerAddress,
{
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place.expect("the semaphore is never closed"),
        };
        let (io, address) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let peer = Peer(address.ip());
        let router = router.clone();
        let stop = stop.clone();
        connections.spawn(async move {
            speak(io, peer, router, bounds, stop).await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
    let all_done = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(bounds.farewell, all_done).await.is_err() {
        connections.shutdown().await;
    }
}

/// Marks an answer in whose place the connection is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutHere;

impl IntoResponse for CutHere {
    fn into_response(self) -> Response {
        let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The connection is cut because a fault said so.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("cut by a fault")]
struct Cut;

async fn speak<I>(io: I, peer: Peer, router: Router, bounds: Bounds, stop: CancellationToken)
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        let answer = router.clone().oneshot(request.map(Body::new));
        async move {
            let response = match answer.await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            match response.extensions().get::<CutHere>() {
                Some(_) => Err(Cut),
                None => Ok(response),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.header_time)
        .max_headers(bounds.headers)
        .max_buf_size(bounds.head_bytes)
        .serve_connection(TokioIo::new(Patient::new(io, bounds.write_time)), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.as_mut().await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, ?peer, "a connection ended early");
    }
}
