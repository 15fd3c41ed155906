//! One message on its way to many: its body is encoded once, envelopes only as often as they differ.

use axum::extract::ws::Utf8Bytes;
use kmi_domain::Timestamp;
use kmi_kalshi::ws::message::{Body, Envelope, ServerMessage};
use serde_json::value::RawValue;

/// Envelopes remembered: beyond a few, clients differ so much that remembering costs more than writing.
const REMEMBERED: usize = 4;

/// A message's type and body, and the envelopes written so far.
pub(super) struct Encoded {
    kind: String,
    msg: Option<Box<RawValue>>,
    sent_ms: i64,
    written: Vec<((u64, Option<u64>), Utf8Bytes)>,
}

impl Encoded {
    pub(super) fn new(body: &Body, now: Timestamp) -> Encoded {
        Encoded {
            kind: body.kind().to_owned(),
            msg: body.msg(),
            sent_ms: now.millis(),
            written: Vec::new(),
        }
    }

    /// The message for a subscription, with its number there.
    pub(super) fn for_subscription(&mut self, sid: u64, seq: Option<u64>) -> Utf8Bytes {
        let key = (sid, seq);
        if let Some((_, text)) = self.written.iter().find(|(known, _)| *known == key) {
            return text.clone();
        }
        let envelope = Envelope {
            kind: &self.kind,
            id: None,
            sid: Some(sid),
            seq,
            sending_ts_ms: Some(self.sent_ms),
            msg: self.msg.as_deref(),
        };
        let text = Utf8Bytes::from(envelope.to_json());
        if self.written.len() < REMEMBERED {
            self.written.push((key, text.clone()));
        }
        text
    }
}

/// A reply to a command.
pub(super) fn reply(
    id: Option<u64>,
    sid: Option<u64>,
    seq: Option<u64>,
    body: Body,
    now: Timestamp,
) -> Utf8Bytes {
    let message = ServerMessage {
        id,
        sid,
        seq,
        sending_ts_ms: Some(now.millis()),
        body,
    };
    Utf8Bytes::from(message.to_json())
}
