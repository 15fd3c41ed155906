//! Reading the archive back: what the manifest says must be what the files hold.

use std::collections::BTreeSet;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use sea_orm::{EntityTrait, QueryOrder};

use super::part::{hash_file, is_being_written};
use super::schema::{self, instants};
use super::{Archive, ArchiveFile, ArchiveKind, reader};
use crate::entity::archive_files;
use crate::{StorageError, Store};

/// Something wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// What is wrong.
    pub reason: String,
}

/// What a look through the archive found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Files looked at.
    pub files: u64,
    /// Rows in the sound ones.
    pub rows: u64,
    /// Certificates of recorded books that a replay of the rows proved.
    pub certificates: u64,
    /// Files that are missing, damaged or not what the manifest or a certificate says: history cannot be trusted.
    pub damaged: Vec<Finding>,
    /// Files the manifest does not know, left by a crash: not read by us, but by a tool that reads the folder. A file that
    /// a living process is writing is none.
    pub orphans: Vec<PathBuf>,
}

impl VerifyReport {
    /// True when every file is what the manifest says and no other is there.
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty() && self.orphans.is_empty()
    }
}

impl Store {
    /// Files of the archive, by kind, day and path.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn archive_files(&self) -> Result<Vec<ArchiveFile>, StorageError> {
        self.manifest()
            .await?
            .into_iter()
            .map(ArchiveFile::try_from)
            .collect()
    }

    async fn manifest(&self) -> Result<Vec<archive_files::Model>, StorageError> {
        archive_files::Entity::find()
            .order_by_asc(archive_files::Column::Kind)
            .order_by_asc(archive_files::Column::Day)
            .order_by_asc(archive_files::Column::Path)
            .all(&self.inner.orm)
            .await
            .map_err(|source| self.orm_error(source))
    }

    /// Reads every file of the archive and compares it with the manifest; replays recorded books and compares what comes out
    /// with their certificates.
    ///
    /// # Errors
    /// When the database or the folder cannot be read at all; damage to files is a finding, not an error.
    pub async fn verify_archive(&self) -> Result<VerifyReport, StorageError> {
        let archive = &self.inner.archive;
        let manifest = self.manifest().await?;
        let mut report = VerifyReport::default();
        for file in &manifest {
            report.files += 1;
            match read_back(archive, file).await {
                Ok(()) => report.rows += file.row_count.unsigned_abs(),
                Err(error) => report.damaged.push(Finding {
                    file: archive.file(&file.path),
                    reason: reason(&error),
                }),
            }
        }
        self.prove(&manifest, &mut report).await?;
        let known: BTreeSet<&str> = manifest.iter().map(|file| file.path.as_str()).collect();
        let present = archive.present().await?;
        let orphans = present
            .iter()
            .filter(|path| !known.contains(path.as_str()) && !is_being_written(archive, path));
        report.orphans = orphans.map(|path| archive.file(path)).collect();
        Ok(report)
    }
}

fn reason(error: &StorageError) -> String {
    match error {
        StorageError::Damaged { reason, .. } => reason.clone(),
        StorageError::Io { source, .. } => source.to_string(),
        StorageError::Parquet { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}

/// Reads a file and compares it with its line of the manifest: bytes, rows, days and order.
pub(super) async fn read_back(archive: &Archive, file: &archive_files::Model) -> Result<(), StorageError> {
    let path = archive.file(&file.path);
    let damaged = |reason: String| StorageError::Damaged {
        what: path.display().to_string(),
        reason,
    };
    if !path.exists() {
        return Err(damaged("the file is missing".to_owned()));
    }
    let (hash, bytes) = hash_file(&path)?;
    if bytes != file.bytes.unsigned_abs() {
        return Err(damaged(format!("has {bytes} bytes, not {}", file.bytes)));
    }
    if hash != file.hash {
        return Err(damaged("its bytes are not those written".to_owned()));
    }
    let content = archive.bytes(&file.path).await?;
    let failed = |source| StorageError::parquet(&path, source);
    let kind = ArchiveFile::try_from(file.clone())?.kind;
    let (schema, time) = match kind {
        ArchiveKind::Trades => (schema::trades(), "time"),
        ArchiveKind::Markets => (schema::markets(), "close_time"),
        ArchiveKind::Book => (schema::book(), "received"),
        ArchiveKind::Snapshots => (schema::snapshots(), "time"),
    };
    let mut check = Check::default();
    for batch in reader(content, &schema, None).map_err(failed)? {
        let batch = batch.map_err(|source| failed(source.into()))?;
        check.batch(kind, time, &batch).map_err(failed)?;
    }
    check
        .verdict(file, kind)
        .map_or(Ok(()), |reason| Err(damaged(reason)))
}

/// What the rows of a file turned out to be.
#[derive(Default)]
struct Check {
    rows: i64,
    bounds: Option<(i64, i64)>,
    unordered: Option<i64>,
    last: Option<(i64, Box<str>)>,
}

impl Check {
    fn batch(&mut self, kind: ArchiveKind, time: &str, batch: &RecordBatch) -> parquet::errors::Result<()> {
        let times = instants(batch, time)?;
        let ids = match kind {
            ArchiveKind::Trades => schema::named(batch, "trade_id")?.as_string_opt::<i32>(),
            _ => None,
        };
        let frames = match kind {
            ArchiveKind::Book => Some(schema::integers(batch, "frame")?),
            _ => None,
        };
        for row in 0..batch.num_rows() {
            let time = times.value(row);
            let (first, last) = self.bounds.unwrap_or((time, time));
            self.bounds = Some((first.min(time), last.max(time)));
            let id = ids
                .filter(|ids| ids.is_valid(row))
                .map_or("", |ids| ids.value(row));
            // Books keep the order of their capture, which is that of the frames.
            let key = frames.map_or(time, |frames| frames.value(row));
            if let Some((before, before_id)) = &self.last
                && (*before, &**before_id) > (key, id)
            {
                self.unordered.get_or_insert(self.rows);
            }
            self.last = Some((key, id.into()));
            self.rows += 1;
        }
        Ok(())
    }

    fn verdict(&self, file: &archive_files::Model, kind: ArchiveKind) -> Option<String> {
        if self.rows != file.row_count {
            return Some(format!("has {} rows, not {}", self.rows, file.row_count));
        }
        if let Some(row) = self.unordered {
            return Some(format!("row {row} is out of order"));
        }
        let day = |time| kmi_domain::Timestamp::from_micros(time).day();
        match self.bounds {
            Some(bounds) if bounds != (file.first_time, file.last_time) => {
                Some("its times are not those of the manifest".to_owned())
            }
            Some((first, last))
                if kind != ArchiveKind::Book && (day(first), day(last)) != (file.day, file.day) =>
            {
                Some("holds rows of another day".to_owned())
            }
            _ => None,
        }
    }
}
