//! What takes everything in: board and ingest as the configuration wants them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use kmi_app::board::{Board, BoardSettings};
use kmi_app::ingest::{
    BackfillSettings, Combos, Ingest, IngestParts, IngestSettings, PollerRole, RetentionSettings,
    WriterSettings,
};
use kmi_kalshi::rest;
use kmi_storage::{Store, StoreLocation};
use tokio_util::sync::CancellationToken;

use super::followed::Clients;
use super::spool::SpoolPlace;
use crate::commands::now;
use crate::config::{CombosConfig, Config, KeepDays};

/// Between two questions for the account's limits that failed.
const LIMITS_AGAIN: Duration = Duration::from_mins(1);

/// Everything that is taken in, being taken in.
pub(crate) struct Intake {
    /// All markets as they stand.
    pub(crate) board: Board,
    /// What fills the board and the database.
    pub(crate) ingest: Ingest,
    /// Kept as long as its spool is in use.
    spool: SpoolPlace,
    /// Told when it is time to end.
    stop: CancellationToken,
}

/// Where it comes from and goes to.
pub(crate) struct Sources {
    pub(crate) clients: Clients,
    pub(crate) store: Store,
    pub(crate) location: StoreLocation,
    pub(crate) role: PollerRole,
    pub(crate) seed: u64,
}

impl Intake {
    /// Starts it.
    ///
    /// # Errors
    /// When the spool has no place, or cannot be used.
    pub(crate) fn start(config: &Config, sources: Sources, stop: CancellationToken) -> Result<Intake> {
        let spool = SpoolPlace::take(&sources.location.data_dir, &sources.location.name())?;
        let board = Board::new(BoardSettings {
            // Three sweeps may go by before what is shown counts as old.
            stale_after: (config.poller.interval() * 3).max(BoardSettings::default().stale_after),
            ..BoardSettings::default()
        });
        let settings = settings(config, sources.role, &spool);
        let parts = IngestParts {
            rest: sources.clients.rest,
            stream: sources.clients.stream,
            store: sources.store,
            board: board.clone(),
            clock: Arc::new(now),
            seed: sources.seed,
            holder: holder(sources.seed),
        };
        Ok(Intake {
            board,
            ingest: Ingest::start(settings, parts, stop.clone())?,
            stop,
            spool,
        })
    }
}

impl Intake {
    /// Waits until all that was taken in is written, after the token was cancelled. Should ingest end before, it cancels the token:
    /// nobody is to be served what nobody keeps up to date.
    ///
    /// # Errors
    /// When ingest broke.
    pub(crate) async fn finished(self) -> Result<()> {
        self.ingest.finished().await;
        // Nobody writes to it any more, so the next may have it.
        drop(self.spool);
        if self.stop.is_cancelled() {
            return Ok(());
        }
        self.stop.cancel();
        bail!("ingest broke, which is a bug; the log says where");
    }
}

fn settings(config: &Config, role: PollerRole, spool: &SpoolPlace) -> IngestSettings {
    let poller = &config.poller;
    let day = Duration::from_hours(24);
    let usual = IngestSettings::new(&spool.folder);
    IngestSettings {
        interval: poller.interval(),
        combos: match poller.combos {
            CombosConfig::Excluded => Combos::Excluded,
            CombosConfig::Included => Combos::Included,
        },
        poller: role,
        recorded: poller.recorded.clone(),
        writer: WriterSettings {
            spool_max_bytes: poller.spool_max_mb * 1_000_000,
            ..usual.writer.clone()
        },
        backfill: BackfillSettings {
            reach: Duration::from_hours(u64::from(poller.backfill_hours)),
            ..usual.backfill
        },
        retention: RetentionSettings {
            hot: match poller.keep_days {
                KeepDays::Days(days) => Some(day * days),
                KeepDays::Forever(_) => None,
            },
            ..usual.retention
        },
        ..usual
    }
}

/// Name of this process in the lease: no other, past or present, goes by it.
pub(crate) fn holder(seed: u64) -> String {
    format!("kmi-{}-{:08x}", std::process::id(), seed >> 32)
}

/// Asks the exchange what this account may ask a second, until it says so; until then it is taken for one of the lowest tier.
pub(crate) async fn learn_limits(rest: rest::Client) {
    loop {
        match rest.refresh_limits().await {
            Ok(_) => return,
            Err(error) if error.refusal().is_some_and(|refusal| refusal.status < 500) => {
                tracing::warn!(%error, "the exchange does not say what this key may ask; it is taken for one of the lowest tier");
                return;
            }
            Err(error) => tracing::debug!(%error, "the exchange does not say yet what this key may ask"),
        }
        tokio::time::sleep(LIMITS_AGAIN).await;
    }
}
