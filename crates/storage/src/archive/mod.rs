//! The archive: Parquet files, one folder per kind and day, which anyone's tools can read as they lie.
//!
//! `<kind>/day=YYYY-MM-DD/part-<hash>.parquet`, the day in UTC. A file counts only once the manifest (table
//! `archive_files`) names it; a file is never changed, only replaced by the same bytes.

mod book;
mod part;
mod prove;
mod roll;
#[cfg(test)]
mod roll_tests;
mod schema;
mod snapshots;
mod verify;

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kmi_domain::{Ticker, Timestamp};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    RowFilter,
};

use crate::StorageError;
use crate::entity::archive_files;
use crate::location::make_folder;

pub(crate) use book::{BookReader, BookWriter};
pub(crate) use part::Placed;
pub use roll::RollReport;
pub(crate) use schema::{Wanted, decode_trades};
pub use verify::{Finding, VerifyReport};

/// What a file of the archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArchiveKind {
    /// Public trades, by time and id.
    Trades,
    /// Metadata of markets with a result, by close time and ticker.
    Markets,
    /// Books and trades of captures, in the order received.
    Book,
    /// Quotes, by time and ticker.
    Snapshots,
}

impl ArchiveKind {
    /// Every kind.
    pub const ALL: [ArchiveKind; 4] = [
        ArchiveKind::Trades,
        ArchiveKind::Markets,
        ArchiveKind::Book,
        ArchiveKind::Snapshots,
    ];

    /// Name of its folder.
    pub const fn as_str(self) -> &'static str {
        match self {
            ArchiveKind::Trades => "trades",
            ArchiveKind::Markets => "markets",
            ArchiveKind::Book => "book",
            ArchiveKind::Snapshots => "snapshots",
        }
    }
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Path below the archive's folder.
    pub path: String,
    /// What it holds.
    pub kind: ArchiveKind,
    /// Midnight its day begins at.
    pub day: Timestamp,
    /// Rows.
    pub rows: u64,
    /// Time of its first row.
    pub first: Timestamp,
    /// Time of its last row.
    pub last: Timestamp,
    /// Size.
    pub bytes: u64,
    /// Hash of its bytes, as lower-case hex.
    pub hash: String,
    /// Capture it comes from, for books.
    pub capture: Option<String>,
}

impl TryFrom<archive_files::Model> for ArchiveFile {
    type Error = StorageError;
    fn try_from(row: archive_files::Model) -> Result<ArchiveFile, StorageError> {
        let kind = ArchiveKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == row.kind);
        let kind =
            kind.ok_or_else(|| crate::row::damaged("archive_files", format!("kind {:?}", row.kind)))?;
        Ok(ArchiveFile {
            path: row.path,
            kind,
            day: Timestamp::from_day(row.day),
            rows: row.row_count.unsigned_abs(),
            first: Timestamp::from_micros(row.first_time),
            last: Timestamp::from_micros(row.last_time),
            bytes: row.bytes.unsigned_abs(),
            hash: row.hash,
            capture: row.capture,
        })
    }
}

/// The archive's folder.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    root: Arc<PathBuf>,
    objects: Arc<LocalFileSystem>,
}

impl Archive {
    /// Opens the folder, making it if absent.
    pub(crate) fn open(root: &Path) -> Result<Archive, StorageError> {
        make_folder(root)?;
        let objects = LocalFileSystem::new_with_prefix(root)
            .map_err(|source| StorageError::io(root, std::io::Error::other(source)))?;
        Ok(Archive {
            root: Arc::new(root.to_owned()),
            objects: Arc::new(objects),
        })
    }

    /// A file's place on this machine.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Where a file belongs, below the archive.
    pub(crate) fn path_of(kind: ArchiveKind, day: i64, hash: &str) -> String {
        let date = Timestamp::from_day(day).date();
        format!("{}/day={date}/part-{}.parquet", kind.as_str(), &hash[..16])
    }

    /// The bytes of a file.
    pub(crate) async fn bytes(
        &self,
        path: &str,
    ) -> Result<impl parquet::file::reader::ChunkReader + use<>, StorageError> {
        let failed = |source: object_store::Error| self.error(path, source);
        let location = object_store::path::Path::parse(path)
            .map_err(|source| StorageError::io(&self.file(path), std::io::Error::other(source)))?;
        let found = self.objects.get(&location).await.map_err(failed)?;
        found.bytes().await.map_err(failed)
    }

    /// Every file there is below the archive, whether the manifest names it or not.
    pub(crate) async fn present(&self) -> Result<Vec<String>, StorageError> {
        use futures::TryStreamExt;
        let listed: Vec<_> = self
            .objects
            .list(None)
            .try_collect()
            .await
            .map_err(|source| self.error("", source))?;
        let mut paths: Vec<String> = listed.into_iter().map(|meta| meta.location.to_string()).collect();
        paths.sort();
        Ok(paths)
    }

    fn error(&self, path: &str, source: object_store::Error) -> StorageError {
        let file = self.file(path);
        if let object_store::Error::NotFound { .. } = source {
            return StorageError::Damaged {
                what: file.display().to_string(),
                reason: "the file is missing".to_owned(),
            };
        }
        StorageError::io(&file, std::io::Error::other(source))
    }

    /// Ids of the trades in a file: all, or those asked about.
    pub(crate) async fn trade_ids(
        &self,
        path: &str,
        asked: Option<&HashSet<&str>>,
    ) -> Result<Vec<Box<str>>, StorageError> {
        let bytes = self.bytes(path).await?;
        let file = self.file(path);
        let failed = |source| StorageError::parquet(&file, source);
        let reader = reader(bytes, &schema::trades(), Some(&["trade_id"])).map_err(failed)?;
        let mut ids = Vec::new();
        for batch in reader {
            let batch = batch.map_err(|source| failed(source.into()))?;
            let found = schema::texts(&batch, "trade_id").map_err(failed)?;
            ids.extend(
                found
                    .into_iter()
                    .filter(|id| asked.is_none_or(|asked| asked.contains(&**id))),
            );
        }
        Ok(ids)
    }
}

/// Reader of a file's columns, all of them or those named.
pub(crate) fn reader(
    bytes: impl parquet::file::reader::ChunkReader + 'static,
    schema: &arrow::datatypes::SchemaRef,
    columns: Option<&[&str]>,
) -> parquet::errors::Result<ParquetRecordBatchReader> {
    builder(bytes, schema, columns)?.build()
}

/// Reader of the rows of some markets: of all others only the column of tickers is looked at.
pub(crate) fn reader_of(
    bytes: impl parquet::file::reader::ChunkReader + 'static,
    schema: &arrow::datatypes::SchemaRef,
    columns: Option<&[&str]>,
    tickers: BTreeSet<Ticker>,
) -> parquet::errors::Result<ParquetRecordBatchReader> {
    let builder = builder(bytes, schema, columns)?;
    let names = ProjectionMask::columns(builder.parquet_schema(), ["ticker"]);
    let wanted = ArrowPredicateFn::new(names, move |batch| {
        let (names, keys) = schema::dictionary(&batch, "ticker")?;
        let wanted: Vec<bool> = names
            .iter()
            .map(|name| tickers.contains(name.unwrap_or_default()))
            .collect();
        let is_wanted = |key| wanted.get(usize::try_from(key).unwrap_or(usize::MAX)).copied();
        Ok(keys.iter().map(|key| key.and_then(is_wanted)).collect())
    });
    builder
        .with_row_filter(RowFilter::new(vec![Box::new(wanted)]))
        .build()
}

fn builder<R: parquet::file::reader::ChunkReader + 'static>(
    bytes: R,
    schema: &arrow::datatypes::SchemaRef,
    columns: Option<&[&str]>,
) -> parquet::errors::Result<ParquetRecordBatchReaderBuilder<R>> {
    let options = ArrowReaderOptions::new().with_schema(schema.clone());
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)?;
    let mask = match columns {
        None => ProjectionMask::all(),
        Some(names) => ProjectionMask::columns(builder.parquet_schema(), names.iter().copied()),
    };
    Ok(builder.with_projection(mask).with_batch_size(65_536))
}
