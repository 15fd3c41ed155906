//! Writing one file: to a name that counts for nothing, onto the disk for good, then to its place.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use super::{Archive, ArchiveKind};
use crate::StorageError;
use crate::entity::archive_files;
use crate::location::make_folder;

/// Rows of a row group: what a writer holds in memory, and the smallest piece a reader can skip.
const ROW_GROUP: usize = 131_072;

/// Folder of the files being written.
const STAGING: &str = ".staging";

/// Whether a living process is writing that file, or has just moved it to its place.
pub(super) fn is_being_written(archive: &Archive, path: &str) -> bool {
    if !path.starts_with(STAGING) {
        return false;
    }
    match File::open(archive.file(path)) {
        Ok(file) => matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// A file being written.
#[derive(Debug)]
pub(super) struct PartWriter {
    archive: Archive,
    kind: ArchiveKind,
    day: i64,
    temporary: Temporary,
    writer: ArrowWriter<File>,
    rows: i64,
    bounds: Option<(i64, i64)>,
}

/// A file at its place that the manifest does not name yet: removed when dropped, unless kept.
///
/// To be dropped only under the writers' lock, or another process may have come to count on the file.
pub(crate) struct Placed {
    file: archive_files::Model,
    /// `None` once kept, and where the same bytes lay before: those are not ours to remove.
    remove: Option<PathBuf>,
}

impl Placed {
    /// Its line for the manifest.
    pub(crate) fn file(&self) -> &archive_files::Model {
        &self.file
    }

    /// Leaves the file where it is.
    pub(crate) fn keep(mut self) -> archive_files::Model {
        self.remove = None;
        self.file.clone()
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if let Some(path) = &self.remove {
            // What cannot be removed is found by the next look through the archive.
            drop(std::fs::remove_file(path));
        }
    }
}

/// A file that is removed unless it was moved to its place.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may have been moved, which is the good case.
        drop(std::fs::remove_file(&self.0));
    }
}

impl PartWriter {
    /// Begins a file of one kind and day; `label` tells it from others being written.
    pub(super) fn create(
        archive: &Archive,
        kind: ArchiveKind,
        day: i64,
        label: &str,
        schema: SchemaRef,
        sorted_by: &[i32],
    ) -> Result<PartWriter, StorageError> {
        // A leading dot keeps the folder out of everyone's `**/*.parquet`.
        let folder = archive.root.join(STAGING);
        make_folder(&folder)?;
        let path = folder.join(format!("{}-{day}-{label}-{}", kind.as_str(), std::process::id()));
        let file = File::create(&path).map_err(|source| StorageError::io(&path, source))?;
        // Held until the file is closed, also by a process that dies: a sign of life. Where a file system knows no locks
        // the file is only taken for one left behind.
        drop(file.try_lock());
        let writer = ArrowWriter::try_new(file, schema, Some(properties(sorted_by)))
            .map_err(|source| StorageError::parquet(&path, source))?;
        Ok(PartWriter {
            archive: archive.clone(),
            kind,
            day,
            temporary: Temporary(path),
            writer,
            rows: 0,
            bounds: None,
        })
    }

    /// Appends rows whose times lie in `bounds`.
    pub(super) fn write(&mut self, batch: &RecordBatch, bounds: (i64, i64)) -> Result<(), StorageError> {
        self.writer
            .write(batch)
            .map_err(|source| StorageError::parquet(&self.temporary.0, source))?;
        self.rows += i64::try_from(batch.num_rows()).unwrap_or(i64::MAX);
        self.bounds = Some(match self.bounds {
            None => bounds,
            Some((first, last)) => (first.min(bounds.0), last.max(bounds.1)),
        });
        Ok(())
    }

    /// Ends the file, makes it durable and moves it to its place.
    pub(super) fn finish(mut self, capture: Option<String>) -> Result<Placed, StorageError> {
        let temporary = self.temporary.0.clone();
        let io = |source| StorageError::io(&temporary, source);
        self.writer
            .finish()
            .map_err(|source| StorageError::parquet(&temporary, source))?;
        self.writer.inner().sync_all().map_err(io)?;
        let (hash, bytes) = hash_file(&temporary)?;
        let path = Archive::path_of(self.kind, self.day, &hash);
        let target = self.archive.file(&path);
        let folder = target.parent().unwrap_or(&target).to_owned();
        make_folder(&folder)?;
        let (first_time, last_time) = self.bounds.unwrap_or_default();
        let file = archive_files::Model {
            path,
            kind: self.kind.as_str().to_owned(),
            day: self.day,
            row_count: self.rows,
            first_time,
            last_time,
            bytes: bytes.cast_signed(),
            hash,
            capture,
        };
        let is_new = !target.exists();
        std::fs::rename(&temporary, &target).map_err(io)?;
        let placed = Placed {
            file,
            remove: is_new.then_some(target),
        };
        sync_folders(&folder, &self.archive.root)?;
        Ok(placed)
    }
}

fn properties(sorted_by: &[i32]) -> WriterProperties {
    let sorted = sorted_by
        .iter()
        .map(|&column_idx| SortingColumn {
            column_idx,
            descending: false,
            nulls_first: true,
        })
        .collect();
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_sorting_columns(Some(sorted))
        // Ids are all different: a dictionary of them would be the ids once more.
        .set_column_dictionary_enabled(ColumnPath::from("trade_id"), false)
        .set_created_by("kalshi-market-insights".to_owned())
        .build()
}

/// Makes the names in a folder, and in those above it up to the archive, durable.
fn sync_folders(folder: &Path, root: &Path) -> Result<(), StorageError> {
    let mut folder = folder;
    loop {
        let sync = File::open(folder).and_then(|file| file.sync_all());
        sync.map_err(|source| StorageError::io(folder, source))?;
        match folder.parent() {
            Some(parent) if folder != root => folder = parent,
            _ => return Ok(()),
        }
    }
}

/// Hash and size of a file.
pub(super) fn hash_file(path: &Path) -> Result<(String, u64), StorageError> {
    let io = |source| StorageError::io(path, source);
    let mut file = File::open(path).map_err(io)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer).map_err(io)?;
        if read == 0 {
            return Ok((hasher.finalize().to_hex().to_string(), bytes));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}
