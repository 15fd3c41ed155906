//! Frames as they came, for recorders.
//!
//! A [`RawFrames`] is handed to a client when it is made, and gives every text frame of every connection, before anything is made of
//! it: nothing is left out, merged or converted. For captures that this crate's [`replay`](crate::replay) reads rightly, set
//! [`NoPrices::InNo`](super::NoPrices::InNo). When the reader falls behind by the stated number of frames, nothing more is read
//! from the network; when it makes no room in time, the connection is given up and made anew, which shows as a new
//! [`connection`](RawFrame::connection).

use kmi_domain::Timestamp;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawFrame {
    /// When, by the client's clock.
    pub received: Timestamp,
    /// On which of the client's connections, counted from 1.
    pub connection: u64,
    /// Its text.
    pub text: Utf8Bytes,
}

/// The reading end.
#[derive(Debug)]
pub struct RawFrames(mpsc::Receiver<RawFrame>);

/// The writing end, for [`Parts`](super::Parts).
#[derive(Clone, Debug)]
pub struct RawTee(mpsc::Sender<RawFrame>);

/// Both ends, with room for `bound` frames (at least one) between them.
pub fn channel(bound: usize) -> (RawTee, RawFrames) {
    let (sender, receiver) = mpsc::channel(bound.max(1));
    (RawTee(sender), RawFrames(receiver))
}

impl RawFrames {
    /// The next frame; `None` when the client is gone.
    pub async fn next(&mut self) -> Option<RawFrame> {
        self.0.recv().await
    }
}

impl RawTee {
    /// Waits for room; a reader that is gone wants nothing.
    pub(super) async fn put(&self, frame: RawFrame) {
        // An error says that nobody reads any more.
        let _ = self.0.send(frame).await;
    }
}

impl RawFrame {
    /// One line of a capture, without its end: `{"recv_ms":…,"event":<the frame>}`.
    #[must_use]
    pub fn capture_line(&self) -> String {
        let frame = self.text.as_str().trim();
        format!(r#"{{"recv_ms":{},"event":{frame}}}"#, self.received.millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{CaptureLine, Message};

    #[test]
    fn a_capture_line_reads_back() {
        let frame = RawFrame {
            received: Timestamp::from_millis(1_795_237_200_250),
            connection: 1,
            text: "{\"type\":\"unsubscribed\",\"sid\":3,\"seq\":2}\n".into(),
        };
        let line = frame.capture_line();
        let read = CaptureLine::parse(line.as_bytes()).unwrap();
        assert_eq!(read.received, Some(frame.received));
        assert_eq!(read.frame.message, Message::Unsubscribed);
        assert!(!line.contains('\n'));
    }
}
