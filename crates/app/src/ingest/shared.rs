//! What the tasks of ingest share: [`Shared`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kmi_domain::{SeriesTicker, Ticker};
use kmi_kalshi::clock::Clock;
use kmi_kalshi::rest;
use kmi_storage::Fence;
use tokio::sync::watch;

use super::backfill::Backfilling;
use super::keeper::Keeper;
use super::lease::Leadership;
use super::settings::IngestSettings;
use super::status::IngestMonitor;
use super::wants::Wants;
use super::writer::Writing;
use crate::board::Board;

/// What the tasks of ingest share.
pub(super) struct Shared {
    pub(super) settings: IngestSettings,
    pub(super) holder: String,
    pub(super) rest: rest::Client,
    pub(super) keeper: Arc<dyn Keeper>,
    pub(super) board: Board,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) monitor: IngestMonitor,
    pub(super) writing: Writing,
    pub(super) leadership: watch::Receiver<Leadership>,
    pub(super) wants: Wants,
    pub(super) backfilling: Backfilling,
    /// Counts the connections of the stream.
    pub(super) connections: watch::Sender<u64>,
    /// Counts the full sweeps that have ended.
    pub(super) swept: watch::Sender<u64>,
    /// Open markets of the series that are recorded.
    pub(super) recorded: watch::Sender<BTreeMap<SeriesTicker, BTreeSet<Ticker>>>,
}

impl Shared {
    /// The fence to write under, while this process leads.
    pub(super) fn fence(&self) -> Option<Fence> {
        self.leadership.borrow().fence.clone()
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}
