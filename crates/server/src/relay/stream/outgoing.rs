//! What goes out to one client: [`Outgoing`], frames put together until they are written.

use kmi_domain::Timestamp;
use kmi_kalshi::ws::message::{Body, ServerMessage};

use super::frame::{self, CloseCode};

/// Bytes put together before they are written. What is put in last may be longer than the rest: a book, a list of markets.
const ENOUGH: usize = 64 << 10;
/// Bytes of an empty buffer that are kept for the next time.
const KEPT: usize = 8 << 10;

/// Frames on their way to a client.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: Vec<u8>,
    written: usize,
    /// `,"sending_ts_ms":1795237200250,"msg":` of the moment the buffer was last begun.
    stamp: Vec<u8>,
}

/// The parts of a message's envelope that a subscription gives it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope<'a> {
    pub(super) kind: &'a str,
    pub(super) sid: u64,
    pub(super) seq: Option<u64>,
}

impl Outgoing {
    /// Notes when what follows is sent.
    pub(super) fn stamp(&mut self, now: Timestamp) {
        let mut digits = itoa::Buffer::new();
        self.stamp.clear();
        self.stamp.extend_from_slice(b",\"sending_ts_ms\":");
        self.stamp
            .extend_from_slice(digits.format(now.millis()).as_bytes());
        self.stamp.extend_from_slice(b",\"msg\":");
    }

    /// Whether there is as much as is written at once.
    pub(super) fn is_enough(&self) -> bool {
        self.frames.len() - self.written >= ENOUGH
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.written == self.frames.len()
    }

    /// What waits.
    pub(super) fn waiting(&self) -> &[u8] {
        &self.frames[self.written..]
    }

    /// So much of it was written.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        if self.is_empty() {
            self.frames.clear();
            self.written = 0;
        } else if self.written >= ENOUGH {
            // Replies may be put in faster than everything ever goes out at once.
            self.frames.drain(..self.written);
            self.written = 0;
        }
    }

    /// Gives back the memory of a time when there was more to say.
    pub(super) fn rest(&mut self) {
        if self.frames.is_empty() && self.frames.capacity() > KEPT {
            self.frames = Vec::new();
        }
    }

    /// A message of a subscription, whose `msg` is written already.
    pub(super) fn message(&mut self, envelope: Envelope<'_>, msg: &[u8]) {
        let (mut sid_digits, mut seq_digits) = (itoa::Buffer::new(), itoa::Buffer::new());
        let sid = sid_digits.format(envelope.sid).as_bytes();
        let seq = envelope.seq.map(|seq| seq_digits.format(seq).as_bytes());
        let seq_length = seq.map_or(0, |seq| SEQ.len() + seq.len());
        let length = TYPE.len()
            + envelope.kind.len()
            + SID.len()
            + sid.len()
            + seq_length
            + self.stamp.len()
            + msg.len()
            + 1;
        self.frames.reserve(length + 10);
        frame::begin_text(&mut self.frames, length);
        self.frames.extend_from_slice(TYPE);
        self.frames.extend_from_slice(envelope.kind.as_bytes());
        self.frames.extend_from_slice(SID);
        self.frames.extend_from_slice(sid);
        if let Some(seq) = seq {
            self.frames.extend_from_slice(SEQ);
            self.frames.extend_from_slice(seq);
        }
        self.frames.extend_from_slice(&self.stamp);
        self.frames.extend_from_slice(msg);
        self.frames.push(b'}');
    }

    /// A reply to a command, or the last word on a subscription.
    pub(super) fn reply(
        &mut self,
        id: Option<u64>,
        sid: Option<u64>,
        seq: Option<u64>,
        body: Body,
        now: Timestamp,
    ) {
        let message = ServerMessage {
            id,
            sid,
            seq,
            sending_ts_ms: Some(now.millis()),
            body,
        };
        let text = message.to_json();
        frame::begin_text(&mut self.frames, text.len());
        self.frames.extend_from_slice(text.as_bytes());
    }

    pub(super) fn ping(&mut self) {
        frame::ping(&mut self.frames, b"heartbeat");
    }

    pub(super) fn pong(&mut self, payload: &[u8]) {
        frame::pong(&mut self.frames, payload);
    }

    pub(super) fn close(&mut self, code: CloseCode) {
        frame::close(&mut self.frames, code);
    }
}

const TYPE: &[u8] = b"{\"type\":\"";
const SID: &[u8] = b"\",\"sid\":";
const SEQ: &[u8] = b",\"seq\":";

#[cfg(test)]
mod tests {
    use super::*;
    use kmi_kalshi::ws::message::Trade;

    fn text(frames: &[u8]) -> &str {
        let head = match frames[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        std::str::from_utf8(&frames[head..]).unwrap()
    }

    #[test]
    fn a_message_reads_as_the_exchanges_own() {
        let trade: Trade = serde_json::from_str(
            r#"{"trade_id":"t","market_ticker":"KX-1","yes_price_dollars":"0.40","no_price_dollars":"0.60",
                "count_fp":"2","taker_outcome_side":"yes","ts_ms":1795237200250}"#,
        )
        .unwrap();
        let body = Body::Trade(trade);
        let mut out = Outgoing::default();
        out.stamp(Timestamp::from_millis(1_795_237_200_300));
        let envelope = Envelope {
            kind: body.kind(),
            sid: 12,
            seq: Some(345),
        };
        out.message(envelope, body.msg().unwrap().get().as_bytes());

        let read = ServerMessage::parse(text(out.waiting()).as_bytes()).unwrap();

        let told = ServerMessage {
            id: None,
            sid: Some(12),
            seq: Some(345),
            sending_ts_ms: Some(1_795_237_200_300),
            body,
        };
        assert_eq!(text(out.waiting()), told.to_json());
        assert_eq!(read, told);
    }

    #[test]
    fn what_was_written_makes_room() {
        let mut out = Outgoing::default();
        out.pong(b"abc");
        assert_eq!(out.waiting(), [0x8a, 3, b'a', b'b', b'c']);
        out.wrote(4);
        assert_eq!(out.waiting(), [b'c']);
        out.wrote(1);
        assert!(out.is_empty());
    }
}
