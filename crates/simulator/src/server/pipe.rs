//! Connections inside one process: [`pipe`].

use std::io;

use axum::serve::Listener;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes that may be on their way in one direction of one connection.
const BUFFER: usize = 65_536;
/// Connections that may wait to be accepted.
const BACKLOG: usize = 1_024;

/// A listener and the way to reach it, within one process and without a network: for seeded simulations and tests.
pub fn pipe() -> (Pipe, PipeListener) {
    let (connect, accept) = mpsc::channel(BACKLOG);
    (Pipe { connect }, PipeListener { accept })
}

/// Connects to a [`PipeListener`]. Cloning copies a handle.
#[derive(Clone, Debug)]
pub struct Pipe {
    connect: mpsc::Sender<DuplexStream>,
}

impl Pipe {
    /// A new connection.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] when nobody listens any more.
    pub async fn connect(&self) -> io::Result<DuplexStream> {
        let (near, far) = tokio::io::duplex(BUFFER);
        match self.connect.send(far).await {
            Ok(()) => Ok(near),
            Err(_) => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}

/// Accepts what a [`Pipe`] connects. Its peers count as on this machine.
#[derive(Debug)]
pub struct PipeListener {
    accept: mpsc::Receiver<DuplexStream>,
}

impl Listener for PipeListener {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.accept.recv().await {
            Some(stream) => (stream, ()),
            // Every pipe is gone: nobody will come any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}
