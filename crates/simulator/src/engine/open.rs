//! An engine with a journal: begun, or gone on with where it stopped; and its snapshots.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kmi_domain::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;

use super::durable::Syncer;
use super::journal::{
    Found, Journal, JournalError, journal_name, read_header, read_snapshot, snapshot_path, write_snapshot,
};
use super::world::{Entry, Settings, World};
use super::{Clock, Engine};

/// Shortest time between two snapshots.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(30);
/// A snapshot holds up the exchange, so that it may take this share of the time at most: one part in so many.
const SNAPSHOT_SHARE: u32 = 100;

/// The world at a place of its journal.
#[derive(Deserialize)]
struct Snapshot {
    /// Hash of what the journal was begun with, the moment included: a snapshot of another journal is none.
    journal: [u8; 32],
    offset: u64,
    world: World,
}

/// How an engine came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A new journal was begun.
    Founded,
    /// An older one was gone on with.
    Restored {
        /// Entries gone through again, those after the snapshot.
        replayed: u64,
        /// Bytes of a torn last entry that were cut off.
        torn: u64,
    },
}

impl Engine {
    /// Goes on with the journal at `path`, or begins it.
    ///
    /// `now` is the wall clock's time; the exchange's goes on from it, or from its own last moment if that is later.
    ///
    /// # Errors
    /// [`JournalError`], among them [`JournalError::OtherSettings`] when the journal was begun with others.
    pub fn open(path: &Path, settings: &Settings, now: Timestamp) -> Result<(Engine, Origin), JournalError> {
        let (world, journal, origin) = if path.exists() {
            restore(path, settings)?
        } else {
            let journal = Journal::create(path, settings)?;
            forget_snapshot(path)?;
            (World::new(settings, &mut Vec::new()), journal, Origin::Founded)
        };
        let syncer = Syncer::start(journal.sync_handle()?, journal.length());
        let clock = Clock::starting(now.max(world.now()));
        Ok((Engine::around(world, Some(journal), Some(syncer), clock), origin))
    }

    /// Writes a snapshot beside the journal; nothing without a journal. The exchange stands still while it is encoded.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub async fn snapshot(&self) -> Result<(), JournalError> {
        let engine = self.clone();
        let encoded = tokio::task::spawn_blocking(move || engine.encode_snapshot()).await;
        let Ok(Some((path, offset, body))) = encoded else {
            return Ok(());
        };
        // A snapshot must not know more than the journal on disk does.
        if self.durable(offset).await.is_err() {
            return Ok(());
        }
        let engine = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            // The last snapshot may come while an earlier one is still being written.
            let _alone = engine.shared.snapshots.lock();
            write_snapshot(&snapshot_path(&path), &body)
        });
        written.await.unwrap_or(Ok(()))
    }

    fn encode_snapshot(&self) -> Option<(PathBuf, u64, Vec<u8>)> {
        let state = self.shared.state.read();
        let journal = state.journal.as_ref()?;
        let offset = journal.length();
        let body = postcard::to_stdvec(&(journal.name(), offset, &state.world)).ok()?;
        Some((journal.path().to_owned(), offset, body))
    }

    /// Writes snapshots now and then, for ever: every 30 s, or more rarely if they take long.
    pub async fn keep_snapshots(&self) {
        let mut pause = SNAPSHOT_INTERVAL;
        loop {
            tokio::time::sleep(pause).await;
            let started = Instant::now();
            if let Err(error) = self.snapshot().await {
                tracing::warn!(%error, "no snapshot; the journal alone keeps the state");
            }
            pause = SNAPSHOT_INTERVAL.max(started.elapsed() * SNAPSHOT_SHARE);
        }
    }
}

fn restore(path: &Path, settings: &Settings) -> Result<(World, Journal, Origin), JournalError> {
    let length = std::fs::metadata(path).map_or(0, |file| file.len());
    let begun: Settings = read_header(path)?;
    check_settings(path, &begun, settings)?;
    let name = journal_name(&begun)?;
    let snapshot = read_snapshot::<Snapshot>(&snapshot_path(path))?
        .filter(|snapshot| snapshot.journal == name && snapshot.offset <= length);
    let offset = snapshot.as_ref().map_or(0, |snapshot| snapshot.offset);
    let (journal, found): (Journal, Found<Settings, (Timestamp, Entry)>) = Journal::open(path, offset)?;
    let mut events = Vec::new();
    let mut world = match snapshot {
        Some(snapshot) => snapshot.world,
        None => World::new(&found.header, &mut events),
    };
    let replayed = found.entries.len() as u64;
    for (now, entry) in found.entries {
        // What was refused then is refused again; either way the world is as it was.
        let _ = world.apply(now, &entry, &mut events);
        events.clear();
    }
    let torn = found.torn;
    Ok((world, journal, Origin::Restored { replayed, torn }))
}

/// A snapshot beside a journal that is only begun belongs to another.
fn forget_snapshot(journal: &Path) -> Result<(), JournalError> {
    let path = snapshot_path(journal);
    match std::fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(JournalError::Io { path, source }),
        _ => Ok(()),
    }
}

/// A journal belongs to one exchange: the same rules and the same life, whenever it was founded.
fn check_settings(path: &Path, begun: &Settings, wanted: &Settings) -> Result<(), JournalError> {
    let difference = if begun.rules.seed != wanted.rules.seed {
        format!("seed {} instead of {}", begun.rules.seed, wanted.rules.seed)
    } else if begun.rules != wanted.rules {
        "the rules".to_owned()
    } else if (begun.limits, begun.ages) != (wanted.limits, wanted.ages) {
        "how much is remembered".to_owned()
    } else if begun.life != wanted.life {
        "the life inside".to_owned()
    } else {
        return Ok(());
    };
    Err(JournalError::OtherSettings {
        path: path.to_owned(),
        difference,
    })
}
