//! The port and the database: what must be there before anything is taken in.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use kmi_storage::{StorageError, Store, StoreLocation};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How long opening a database takes at most, usually.
const USUAL: Duration = Duration::from_millis(500);
/// First wait for a database that does not answer; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Takes the port.
///
/// # Errors
/// When it is taken, or may not be.
pub(crate) async fn listen(config: &Config) -> Result<TcpListener> {
    let address = SocketAddr::new(config.server.host, config.server.port);
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; --port N (server.port) takes another port, --port 0 a free one")
    })
}

/// Opens the database; one that does not answer is waited for, and `listener`, if there is one, says so meanwhile. `None` when it was
/// time to stop before it answered.
///
/// Nothing is taken in before: until the database answers nobody knows which exchange it belongs to.
///
/// # Errors
/// Whatever waiting does not mend.
pub(crate) async fn open_store(
    location: &StoreLocation,
    listener: Option<&TcpListener>,
    stop: &CancellationToken,
) -> Result<Option<Store>> {
    let mut wait = FIRST_WAIT;
    let mut doorman = None;
    loop {
        let opening = Store::open(location.clone());
        tokio::pin!(opening);
        let opened = loop {
            tokio::select! {
                opened = &mut opening => break opened,
                () = stop.cancelled() => return Ok(None),
                () = tokio::time::sleep(USUAL), if doorman.is_none() => doorman = Some(listener.and_then(Doorman::before)),
            }
        };
        match opened {
            Ok(store) => {
                if let Some(doorman) = doorman.flatten() {
                    doorman.leave().await;
                }
                return Ok(Some(store));
            }
            Err(error @ (StorageError::Unavailable { .. } | StorageError::Busy { .. })) => {
                let error = anyhow::Error::from(error);
                tracing::error!(error = format!("{error:#}"), "waiting for the database");
            }
            Err(error) => return Err(error.into()),
        }
        doorman.get_or_insert_with(|| listener.and_then(Doorman::before));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return Ok(None),
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Closes the database, when nobody uses it any more.
pub(crate) async fn close(store: Store) {
    if let Err(error) = store.close().await {
        tracing::warn!(%error, "the database did not let go");
    }
}

/// Answers while there is no database: everybody must wait.
struct Doorman {
    leaves: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Doorman {
    /// Stands before the doors, on the same port.
    fn before(listener: &TcpListener) -> Option<Doorman> {
        let listener = same_port(listener)
            .inspect_err(|error| tracing::warn!(%error, "nobody answers meanwhile"))
            .ok()?;
        let leaves = CancellationToken::new();
        let told = leaves.clone().cancelled_owned();
        let router = Router::new()
            .route(
                "/health",
                get(|| async { (StatusCode::SERVICE_UNAVAILABLE, json(STARTING)) }),
            )
            .fallback(|| async { (StatusCode::SERVICE_UNAVAILABLE, json(NOT_YET)) });
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router).with_graceful_shutdown(told).await;
            if let Err(error) = served {
                tracing::warn!(%error, "nobody answers meanwhile");
            }
        });
        Some(Doorman { leaves, task })
    }

    async fn leave(self) {
        self.leaves.cancel();
        // Idle connections are closed at once; one that is just being answered is not waited for longer than this.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.task).await;
    }
}

const STARTING: &str = r#"{"status":"unhealthy","database":"disconnected"}"#;
const NOT_YET: &str = r#"{"error":{"code":"STORAGE_UNAVAILABLE","message":"the database does not answer yet","retryable":true,"request_id":""}}"#;

fn json(body: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONNECTION, "close"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body)
}

/// A second listener on the port of the first.
#[cfg(unix)]
fn same_port(listener: &TcpListener) -> std::io::Result<TcpListener> {
    use std::os::fd::AsFd;
    let socket = listener.as_fd().try_clone_to_owned()?;
    TcpListener::from_std(std::net::TcpListener::from(socket))
}

/// A second listener on the port of the first.
#[cfg(not(unix))]
fn same_port(_: &TcpListener) -> std::io::Result<TcpListener> {
    Err(std::io::ErrorKind::Unsupported.into())
}
