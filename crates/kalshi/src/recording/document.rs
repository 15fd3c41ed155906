//! One JSON document, walked step by step.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::walk::{Context, Node, Walk};
use super::{Item, RecordingError, RecordingKind};

/// A document held in memory and the walk over it.
#[derive(Debug)]
pub(super) struct Document {
    text: String,
    walk: Walk,
}

impl Document {
    /// Checks that `bytes` are one JSON value.
    pub(super) fn new(bytes: Vec<u8>, path: &Path) -> Result<Document, RecordingError> {
        let text = String::from_utf8(bytes).map_err(|_| RecordingError::NotUtf8 {
            path: path.to_owned(),
        })?;
        serde_json::from_str::<IgnoredAny>(&text).map_err(|source| RecordingError::NotJson {
            path: path.to_owned(),
            source,
        })?;
        let mut walk = Walk::new(1);
        walk.push(Node::root(&text, Arc::new(Context::default())));
        Ok(Document { text, walk })
    }

    pub(super) fn advance(&mut self, queue: &mut VecDeque<Item>) -> bool {
        self.walk.step(&self.text, queue)
    }

    pub(super) fn recognised(&self) -> bool {
        self.walk.recognised()
    }

    pub(super) fn expected(&self) -> RecordingKind {
        self.walk.expected().unwrap_or(RecordingKind::Empty)
    }
}
