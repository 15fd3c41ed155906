//! Ingest set up for a test.

use std::time::Duration;

use kmi_app::board::{Board, BoardSettings};
use kmi_app::ingest::{Ingest, IngestParts, IngestSettings, IngestStatus, Keeper};
use kmi_domain::book::BookState;
use kmi_domain::{Side, Ticker};
use kmi_kalshi::limit::Limits;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::exchange::Exchange;

/// Longest time, on the test's clock, for something that must come about.
const PATIENCE: Duration = Duration::from_mins(3);

/// One ingest with its own board and spool.
pub(crate) struct Rig {
    pub(crate) board: Board,
    pub(crate) stop: CancellationToken,
    pub(crate) ingest: Ingest,
}

/// What to start.
pub(crate) struct Wish<'a, K> {
    pub(crate) exchange: &'a Exchange,
    pub(crate) keeper: K,
    pub(crate) settings: IngestSettings,
    pub(crate) limits: Limits,
    pub(crate) holder: &'a str,
    pub(crate) has_stream: bool,
}

impl<'a, K: Keeper> Wish<'a, K> {
    pub(crate) fn new(exchange: &'a Exchange, keeper: K, spool: &TempDir) -> Wish<'a, K> {
        Wish {
            exchange,
            keeper,
            settings: IngestSettings::new(spool.path().join("spool")),
            limits: Limits::none(),
            holder: "one",
            has_stream: true,
        }
    }

    pub(crate) fn start(self) -> Rig {
        let board = Board::new(BoardSettings::default());
        let stop = CancellationToken::new();
        let parts = IngestParts {
            rest: self.exchange.rest(self.limits),
            stream: self.has_stream.then(|| self.exchange.stream()),
            store: self.keeper,
            board: board.clone(),
            clock: self.exchange.clock(),
            seed: 1,
            holder: self.holder.to_owned(),
        };
        let ingest = Ingest::start(self.settings, parts, stop.clone()).unwrap();
        Rig { board, stop, ingest }
    }
}

impl Rig {
    pub(crate) fn status(&self) -> IngestStatus {
        self.ingest.status()
    }

    /// Ends it as it should end.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.ingest.finished().await;
    }

    /// Ends it as a crash does: nothing is written any more and no lease is given back.
    pub(crate) fn kill(self) {
        drop(self.ingest);
    }

    /// Whether the book of a market is in sync and as the exchange has it.
    pub(crate) async fn has_book(&self, exchange: &Exchange, ticker: &Ticker) -> bool {
        let Some(picture) = self
            .board
            .book(ticker)
            .filter(|picture| picture.state == BookState::Synced)
        else {
            return false;
        };
        let (Some(ours), theirs) = (picture.book, exchange.book(ticker).await) else {
            return false;
        };
        [Side::Yes, Side::No]
            .into_iter()
            .all(|side| ours.levels(side).eq(theirs.levels(side)))
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "not within {PATIENCE:?}: {what}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
