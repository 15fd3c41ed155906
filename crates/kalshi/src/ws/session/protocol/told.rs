//! What the reader is to be told.

use crate::ws::{Channel, EventKind, ServerMessage};

/// Something to tell, and the channel it came on if it is a message.
#[derive(Debug)]
pub(in crate::ws::session) struct Told {
    pub(in crate::ws::session) kind: EventKind,
    pub(in crate::ws::session) channel: Option<Channel>,
}

impl Told {
    pub(in crate::ws::session) fn plain(kind: EventKind) -> Told {
        Told { kind, channel: None }
    }
}

/// What has not been told yet, in order.
#[derive(Debug, Default)]
pub(super) struct Outbox(Vec<Told>);

impl Outbox {
    pub(super) fn push(&mut self, kind: EventKind) {
        self.0.push(Told::plain(kind));
    }

    pub(super) fn message(&mut self, channel: Channel, message: ServerMessage) {
        self.0.push(Told {
            kind: EventKind::Message(Box::new(message)),
            channel: Some(channel),
        });
    }

    pub(super) fn take(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.0)
    }
}
