//! Connections to the exchange: how a host becomes a stream of bytes.
//!
//! A [`Connect`] opens the plain stream; [`Dialer`] puts TLS on top where the URL says so, and bounds the time both take. REST
//! and WebSocket share them. Tests and simulations pass a connector of their own: an in-process pipe, or a simulated network.

mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

pub use tls::TlsError;

/// A stream of bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// A stream whose type does not matter.
pub type BoxStream = Box<dyn Stream>;

/// Opens streams, without TLS.
///
/// Any function of that form is a connector:
/// `|host: &str, port: u16| -> BoxFuture<'static, io::Result<BoxStream>> { … }`.
pub trait Connect: Send + Sync + 'static {
    /// Opens a stream to `port` of `host`, a name or an address (an IPv6 one without brackets).
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<BoxStream>>;
}

impl<F> Connect for F
where
    F: Fn(&str, u16) -> BoxFuture<'static, io::Result<BoxStream>> + Send + Sync + 'static,
{
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<BoxStream>> {
        self(host, port)
    }
}

/// TCP, with small packets sent at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Connect for Tcp {
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<BoxStream>> {
        let host = host.to_owned();
        Box::pin(async move {
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxStream)
        })
    }
}

/// Why no connection came about. Nothing of a request was sent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL's scheme is none of `http`, `https`, `ws`, `wss`, or it names no host.
    #[error("{0} is no address of an exchange")]
    Address(String),
    /// The stream could not be opened.
    #[error("cannot connect to {host}:{port}")]
    Stream {
        /// Name or address of the host.
        host: String,
        /// Port of TCP.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// TLS was not agreed on.
    #[error("no TLS with {host}")]
    Tls {
        /// Name of the host.
        host: String,
        /// Why.
        source: TlsError,
    },
    /// It took too long.
    #[error("no connection within {0:?}")]
    TimedOut(Duration),
}

/// Opens connections for URLs. Cloning copies pointers.
#[derive(Clone)]
pub struct Dialer {
    connector: Arc<dyn Connect>,
    tls: tls::Tls,
    timeout: Duration,
}

impl Dialer {
    /// Opens streams with `connector`, each within `timeout`; TLS trusts Mozilla's roots, compiled in.
    ///
    /// # Errors
    /// When the TLS library does not start.
    pub fn new(connector: Arc<dyn Connect>, timeout: Duration) -> Result<Dialer, TlsError> {
        Ok(Dialer {
            connector,
            tls: tls::Tls::with_public_roots()?,
            timeout,
        })
    }

    /// The same, with TLS as `config` has it: private roots, client certificates.
    pub fn with_tls(
        connector: Arc<dyn Connect>,
        timeout: Duration,
        config: Arc<rustls::ClientConfig>,
    ) -> Dialer {
        Dialer {
            connector,
            tls: tls::Tls::new(config),
            timeout,
        }
    }

    /// Connects to the host of `url`, with TLS for `https` and `wss`. Ports default to 80 and 443.
    ///
    /// # Errors
    /// When `url` is no such URL, the host does not answer or is not who it should be, or it all takes too long.
    pub async fn dial(&self, url: &Uri) -> Result<BoxStream, ConnectError> {
        let target = Target::of(url)?;
        tokio::time::timeout(self.timeout, self.open(target))
            .await
            .map_err(|_| ConnectError::TimedOut(self.timeout))?
    }

    async fn open(&self, Target { host, port, secure }: Target) -> Result<BoxStream, ConnectError> {
        let plain = match self.connector.connect(&host, port).await {
            Ok(stream) => stream,
            Err(source) => return Err(ConnectError::Stream { host, port, source }),
        };
        if !secure {
            return Ok(plain);
        }
        self.tls
            .wrap(&host, plain)
            .await
            .map_err(|source| ConnectError::Tls { host, source })
    }
}

struct Target {
    host: String,
    port: u16,
    secure: bool,
}

impl Target {
    fn of(url: &Uri) -> Result<Target, ConnectError> {
        let wrong = || ConnectError::Address(url.to_string());
        let secure = match url.scheme_str() {
            Some("https" | "wss") => true,
            Some("http" | "ws") => false,
            _ => return Err(wrong()),
        };
        let host = url.host().ok_or_else(wrong)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Ok(Target { host, port, secure })
    }
}
