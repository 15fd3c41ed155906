//! Taking files in: [`Import`], one file, one transaction.

mod archived;
mod capture;
mod catalogue;
mod known;
mod trades;

pub(crate) use archived::Archived;
pub use capture::{CaptureRecord, Completeness};
pub(crate) use capture::{put_capture, record_files};
pub(crate) use catalogue::{put_events, put_markets, put_series};
pub use trades::TradeSource;
pub(crate) use trades::put_trades;

use kmi_domain::Timestamp;

use crate::archive::{BookWriter, Placed};
use crate::entity::imports;
use crate::session::Session;
use crate::{StorageError, Store};
use known::KnownMarkets;
pub(crate) use known::TickerIds;

const JOURNAL: crate::row::Table = imports::Model::TABLE;

/// Which file is being taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportMeta {
    /// Where it was read from.
    pub path: String,
    /// Hash of its content; `None` where it was not taken.
    pub content_hash: Option<String>,
    /// When the import began.
    pub at: Timestamp,
}

/// What became of rows handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Put {
    /// Rows that were not there before.
    pub inserted: u64,
    /// Rows that were there already and did not change, in the database or in the archive.
    pub duplicates: u64,
    /// Rows that were there and now say more, or something newer.
    pub updated: u64,
    /// Of the inserted trades, those whose market is not in the catalogue (yet).
    pub without_market: u64,
}

impl std::ops::AddAssign for Put {
    fn add_assign(&mut self, other: Put) {
        self.inserted += other.inserted;
        self.duplicates += other.duplicates;
        self.updated += other.updated;
        self.without_market += other.without_market;
    }
}

/// A file on its way in: everything put is kept by [`Import::commit`], nothing if it is dropped before.
///
/// Memory is bounded by the rows of one `put` and the ids of a few archived days. Imports take turns: beginning one waits
/// for the one before, up to half a minute on SQLite.
pub struct Import {
    store: Store,
    /// Before the session, whose lock must hold while these are removed: fields are dropped in this order.
    placed: Vec<Placed>,
    session: Session,
    meta: ImportMeta,
    ids: TickerIds,
    known_markets: KnownMarkets,
    archived: Archived,
    book: Option<BookWriter>,
    total: Put,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("meta", &self.meta)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Begins taking in a file.
    ///
    /// # Errors
    /// [`StorageError::Busy`] when another writer does not finish in time, and what else the names say.
    pub async fn begin_import(&self, meta: ImportMeta) -> Result<Import, StorageError> {
        Ok(Import {
            session: self.writer().await?,
            store: self.clone(),
            meta,
            ids: TickerIds::default(),
            known_markets: KnownMarkets::default(),
            archived: Archived::for_import(self.inner.archive.clone()),
            book: None,
            placed: Vec::new(),
            total: Put::default(),
        })
    }
}

impl Import {
    /// Sum of everything put so far.
    pub fn total(&self) -> Put {
        self.total
    }

    /// Keeps everything, with a line in the journal: what kind of file it was and how many rows it held and lost.
    ///
    /// # Errors
    /// [`StorageError`]; then nothing was kept.
    pub async fn commit(mut self, kind: &str, rows: u64, rejected: u64) -> Result<Put, StorageError> {
        let journal = imports::Model {
            path: self.meta.path.clone(),
            hash: self.meta.content_hash.clone().unwrap_or_default(),
            kind: kind.to_owned(),
            row_count: rows.cast_signed(),
            inserted: self.total.inserted.cast_signed(),
            rejected: rejected.cast_signed(),
            at: self.meta.at.micros(),
        };
        let mut row = crate::row::Rows::new(imports::Model::TABLE.columns.len());
        row.push(journal.into_values());
        // The first import of a file is the one remembered: doing it again changes nothing.
        self.session.insert_new(&JOURNAL, row).await?;
        // From here on the manifest may name the files, even where the answer is lost.
        let files: Vec<_> = self.placed.into_iter().map(Placed::keep).collect();
        if let Err(error) = self.session.commit().await {
            self.store.remove_unnamed(&files).await;
            return Err(error);
        }
        Ok(self.total)
    }
}
