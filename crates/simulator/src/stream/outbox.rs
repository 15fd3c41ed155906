//! What a connection has still to be sent: [`Outbox`], bounded for each and for all together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::Utf8Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Bytes that may wait for one connection.
pub(super) const MAX_BYTES: usize = 32 << 20;
/// Messages that may wait for one connection.
pub(super) const MAX_FRAMES: usize = 131_072;
/// Bytes that may wait for all connections together.
pub(super) const MAX_TOTAL_BYTES: usize = 256 << 20;

/// Bytes taken to be written at once; what is taken counts as waiting until it was written.
const TAKEN_AT_ONCE: usize = 256 << 10;

/// Why the exchange ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// A fault cuts it: no closing handshake.
    Cut,
    /// It did not read what it was told about its own account, which is never dropped.
    TooSlow,
    /// The exchange stops.
    Shutdown,
}

/// Bytes waiting for all connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlog(Arc<AtomicUsize>);

impl Backlog {
    /// Bytes waiting now.
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The outgoing queue of one connection, filled by the hub and emptied by the connection.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    ready: Notify,
    backlog: Backlog,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Utf8Bytes>,
    bytes: usize,
    closing: Option<Closing>,
}

/// What was waiting.
#[derive(Debug)]
pub(super) struct Taken {
    /// To be sent, in order.
    pub(super) frames: Vec<Utf8Bytes>,
    /// After that, the end.
    pub(super) closing: Option<Closing>,
}

/// There is no room: the client reads too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Outbox {
    pub(super) fn new(backlog: Backlog) -> Outbox {
        Outbox {
            queue: Mutex::default(),
            ready: Notify::new(),
            backlog,
        }
    }

    /// Queues a message if there is room.
    pub(super) fn push(&self, frame: Utf8Bytes) -> Result<(), Full> {
        let mut queue = self.queue.lock();
        let is_full = queue.frames.len() >= MAX_FRAMES
            || queue.bytes + frame.len() > MAX_BYTES
            || self.backlog.bytes() + frame.len() > MAX_TOTAL_BYTES;
        if is_full {
            return Err(Full);
        }
        self.add(&mut queue, frame);
        Ok(())
    }

    /// Queues a message past the bound: the word that a subscription has ended, of which there are few.
    pub(super) fn push_last_word(&self, frame: Utf8Bytes) {
        let mut queue = self.queue.lock();
        self.add(&mut queue, frame);
    }

    fn add(&self, queue: &mut Queue, frame: Utf8Bytes) {
        queue.bytes += frame.len();
        self.backlog.0.fetch_add(frame.len(), Ordering::Relaxed);
        queue.frames.push_back(frame);
        self.ready.notify_one();
    }

    /// Ends the connection after what is queued; a cut drops that too.
    pub(super) fn close(&self, closing: Closing) {
        let mut queue = self.queue.lock();
        if closing == Closing::Cut {
            self.forget(&mut queue);
        }
        queue.closing.get_or_insert(closing);
        self.ready.notify_one();
    }

    /// True once the connection is to end.
    pub(super) fn is_closing(&self) -> bool {
        self.queue.lock().closing.is_some()
    }

    /// Waits for something to send, and takes some of it; [`Outbox::wrote`] says when it is gone.
    pub(super) async fn take(&self) -> Taken {
        loop {
            let ready = self.ready.notified();
            {
                let mut queue = self.queue.lock();
                if !queue.frames.is_empty() || queue.closing.is_some() {
                    let mut bytes = 0;
                    let mut frames = Vec::new();
                    while bytes < TAKEN_AT_ONCE
                        && let Some(frame) = queue.frames.pop_front()
                    {
                        bytes += frame.len();
                        frames.push(frame);
                    }
                    let is_last = queue.frames.is_empty();
                    return Taken {
                        frames,
                        closing: queue.closing.filter(|_| is_last),
                    };
                }
            }
            ready.await;
        }
    }

    /// Frees the room of what was taken and written.
    pub(super) fn wrote(&self, bytes: usize) {
        let mut queue = self.queue.lock();
        // A cut may have forgotten it meanwhile.
        let bytes = bytes.min(queue.bytes);
        queue.bytes -= bytes;
        self.backlog.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn forget(&self, queue: &mut Queue) {
        self.backlog.0.fetch_sub(queue.bytes, Ordering::Relaxed);
        queue.bytes = 0;
        queue.frames.clear();
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let bytes = self.queue.get_mut().bytes;
        self.backlog.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_come_in_order_and_free_their_room() {
        let backlog = Backlog::default();
        let outbox = Outbox::new(backlog.clone());
        outbox.push("one".into()).unwrap();
        outbox.push("three".into()).unwrap();
        assert_eq!(backlog.bytes(), 8);
        let taken = outbox.take().await;
        assert_eq!(taken.frames, ["one", "three"].map(Utf8Bytes::from));
        assert_eq!((taken.closing, backlog.bytes()), (None, 8));
        outbox.wrote(8);
        assert_eq!(backlog.bytes(), 0);
    }

    #[test]
    fn a_full_queue_takes_only_the_last_word() {
        let outbox = Outbox::new(Backlog::default());
        let megabyte = "x".repeat(1 << 20);
        for _ in 0..32 {
            outbox.push(megabyte.clone().into()).unwrap();
        }
        assert_eq!(outbox.push("x".into()), Err(Full));
        outbox.push_last_word("end".into());
        assert_eq!(outbox.queue.lock().frames.len(), 33);
    }

    #[tokio::test]
    async fn a_cut_forgets_what_was_queued() {
        let backlog = Backlog::default();
        let outbox = Outbox::new(backlog.clone());
        outbox.push("one".into()).unwrap();
        outbox.close(Closing::Cut);
        let taken = outbox.take().await;
        assert!(taken.frames.is_empty());
        assert_eq!((taken.closing, backlog.bytes()), (Some(Closing::Cut), 0));
    }
}
