//! Which of the rows at hand are in the archive already.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use kmi_domain::{PublicTrade, Ticker};

use crate::archive::{Archive, ArchiveKind};
use crate::row::Value;
use crate::session::Session;
use crate::{MarketSnapshot, SnapshotSource, StorageError};

/// Most archived days whose ids are remembered at once.
const MOST_DAYS: usize = 4;

/// Files of the archive by kind and day.
type Files = BTreeMap<(ArchiveKind, i64), Vec<String>>;

/// What was moved to the archive, day by day as it is needed.
pub(crate) struct Archived {
    archive: Archive,
    /// `None` before the manifest was looked at.
    files: Option<Files>,
    scope: Scope,
    days: BTreeMap<i64, HashSet<Box<str>>>,
}

/// How much of a day is remembered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All ids, since more trades of it will come.
    Day,
    /// Those asked about.
    Asked,
}

impl Archived {
    /// For an import, which comes to a day again and again.
    pub(super) fn for_import(archive: Archive) -> Archived {
        Archived {
            archive,
            files: None,
            scope: Scope::Day,
            days: BTreeMap::new(),
        }
    }

    /// For one batch of rows from these days.
    pub(crate) async fn for_batch(
        archive: Archive,
        session: &mut Session,
        (first, last): (i64, i64),
    ) -> Result<Archived, StorageError> {
        Ok(Archived {
            archive,
            files: Some(files(session, first, last).await?),
            scope: Scope::Asked,
            days: BTreeMap::new(),
        })
    }

    /// Loads what is needed to judge these trades of one day.
    pub(super) async fn learn(
        &mut self,
        session: &mut Session,
        day: i64,
        trades: &[(&PublicTrade, crate::TradeSource)],
    ) -> Result<(), StorageError> {
        if self.files.is_none() {
            self.files = Some(files(session, i64::MIN, i64::MAX).await?);
        }
        let Some(paths) = self.paths(ArchiveKind::Trades, day) else {
            return Ok(());
        };
        if self.scope == Scope::Day && self.days.contains_key(&day) {
            return Ok(());
        }
        let asked: Option<HashSet<&str>> = match self.scope {
            Scope::Day => None,
            Scope::Asked => Some(trades.iter().map(|(trade, _)| trade.id.as_str()).collect()),
        };
        let mut ids = HashSet::new();
        for path in paths {
            ids.extend(self.archive.trade_ids(path, asked.as_ref()).await?);
        }
        if self.days.len() >= MOST_DAYS {
            self.days.pop_first();
        }
        self.days.insert(day, ids);
        Ok(())
    }

    /// Whether a trade of the day learnt last is in the archive.
    pub(super) fn holds(&self, trade: &PublicTrade) -> bool {
        self.days
            .get(&trade.time.day())
            .is_some_and(|ids| ids.contains(trade.id.as_str()))
    }

    /// Those of the snapshots that are in the archive.
    pub(crate) async fn snapshots(
        &self,
        snapshots: &[MarketSnapshot],
    ) -> Result<ArchivedSnapshots, StorageError> {
        let mut asked = BTreeMap::<i64, BTreeSet<Ticker>>::new();
        if self.files.as_ref().is_some_and(|files| !files.is_empty()) {
            for snapshot in snapshots {
                let day = asked.entry(snapshot.time.day()).or_default();
                day.insert(snapshot.ticker.clone());
            }
        }
        let mut keys = HashSet::new();
        for (day, tickers) in asked {
            for path in self.paths(ArchiveKind::Snapshots, day).into_iter().flatten() {
                let found = self.archive.snapshots(path, &tickers).await?;
                keys.extend(found.iter().map(key));
            }
        }
        Ok(ArchivedSnapshots(keys))
    }

    fn paths(&self, kind: ArchiveKind, day: i64) -> Option<&Vec<String>> {
        self.files.as_ref()?.get(&(kind, day))
    }
}

type Key = (Ticker, i64, SnapshotSource);

fn key(snapshot: &MarketSnapshot) -> Key {
    (snapshot.ticker.clone(), snapshot.time.micros(), snapshot.source)
}

/// Snapshots that are in the archive, by what makes them unique.
pub(crate) struct ArchivedSnapshots(HashSet<Key>);

impl ArchivedSnapshots {
    /// Whether it is one of them.
    pub(crate) fn holds(&self, snapshot: &MarketSnapshot) -> bool {
        !self.0.is_empty() && self.0.contains(&key(snapshot))
    }
}

async fn files(session: &mut Session, first: i64, last: i64) -> Result<Files, StorageError> {
    let sql = "SELECT kind, day, path FROM archive_files \
               WHERE kind IN ('trades', 'snapshots') AND day >= $1 AND day <= $2 ORDER BY path";
    let found = session
        .query(sql, vec![Value::Int(first), Value::Int(last)])
        .await?;
    let mut files = Files::new();
    for mut row in found.into_rows() {
        let kind = match row.take::<String>()?.as_str() {
            "trades" => ArchiveKind::Trades,
            _ => ArchiveKind::Snapshots,
        };
        files.entry((kind, row.take()?)).or_default().push(row.take()?);
    }
    Ok(files)
}
