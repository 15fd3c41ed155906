//! Letting people in: [`serve`].

mod stall;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Doors;
use crate::gate::{Gate, Site};
use stall::Stalling;

/// Longest time to send the head of a request, and to idle between two.
const HEAD: Duration = Duration::from_secs(30);
/// Bytes of a connection's buffers, each way; also the longest head of a request.
const BUFFER: usize = 65_536;
/// Between two rounds of tidying up.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why nobody is let in.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// In local mode the server listens on this machine's own address only.
    #[error(
        "{0} can be reached from elsewhere; in local mode the server listens on loopback (127.0.0.1, ::1) only"
    )]
    NotLoopback(SocketAddr),
    /// The listener does not work.
    #[error("the listener does not work")]
    Io(#[from] io::Error),
}

/// Lets people in until `stop`, then tells streams, finishes what is in flight and returns within [`grace`](crate::DoorSettings::grace).
///
/// Doors are served once: streams of doors that were stopped end at once.
///
/// # Errors
/// [`ServeError`], before anybody was let in.
pub async fn serve(listener: TcpListener, doors: Doors, stop: CancellationToken) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(ServeError::NotLoopback(address));
    }
    let site = Arc::new(Site::new(address, &doors.settings));
    let gate = Arc::new(Gate::new(site, doors.clone()));
    let upkeep = tokio::spawn(upkeep(doors.clone()));
    let mut connections = JoinSet::new();
    let cut = CancellationToken::new();
    let slots = Arc::new(Semaphore::new(doors.settings.connections.max(1)));
    while let Some((stream, peer)) = next(&listener, &slots, &stop).await {
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            continue;
        };
        let (gate, doors, cut) = (Arc::clone(&gate), doors.clone(), cut.clone());
        connections.spawn(async move {
            metrics::gauge!("kmi_http_connections").increment(1.0);
            tokio::select! {
                () = connection(stream, peer, gate, doors) => {}
                () = cut.cancelled() => {}
            }
            metrics::gauge!("kmi_http_connections").decrement(1.0);
            drop(slot);
        });
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    doors.stopping.cancel();
    let deadline = Instant::now() + doors.settings.grace;
    let finished = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout_at(deadline, finished).await.is_err() {
        tracing::warn!(
            left = connections.len(),
            "cutting off who has not finished in time"
        );
        cut.cancel();
        while connections.join_next().await.is_some() {}
    }
    doors.slots.emptied(deadline).await;
    upkeep.abort();
    Ok(())
}

/// The next connection, when there is room for one; `None` after the stop.
async fn next(
    listener: &TcpListener,
    slots: &Semaphore,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr)> {
    let accepted = async {
        loop {
            // Only waited for: this task alone takes slots, so that there still is one when a connection comes.
            drop(slots.acquire().await);
            match listener.accept().await {
                Ok(accepted) => return accepted,
                // Of a connection that went again, or for want of file descriptors: others may end soon.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        accepted = accepted => Some(accepted),
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, gate: Arc<Gate>, doors: Doors) {
    // Answers are written whole; waiting for more to send along would only delay them. It can fail on a connection that is gone.
    let _ = stream.set_nodelay(true);
    let io = TokioIo::new(Stalling::new(stream, doors.settings.stall));
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let gate = Arc::clone(&gate);
        async move { gate.answer(peer.ip(), request.map(Body::new)).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .serve_connection(io, service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = doors.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%peer, error = %crate::error::chain(&error), "a connection ended before its time");
    }
}

async fn upkeep(doors: Doors) {
    let mut due = tokio::time::interval(UPKEEP);
    loop {
        due.tick().await;
        if let Some(rates) = &doors.rates {
            rates.tidy();
        }
        if let Some(metrics) = &doors.metrics {
            // Histograms keep every value until somebody looks; nobody may be looking.
            metrics.run_upkeep();
        }
    }
}
