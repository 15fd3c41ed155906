//! Where batches wait while the database is out: [`Spool`], a folder of append-only files.
//!
//! A record is its length (4 bytes, little-endian), the first 8 bytes of its BLAKE3 hash, and its bytes. Records are read in the order
//! they were written and a file is deleted when all of it was taken; what was taken of a file that is not finished is read again after a
//! restart, which changes nothing since batches may be written twice. A record that a crash cut short, or that was damaged, ends its
//! file: what follows cannot be trusted and is counted as lost.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use kmi_storage::Batch;

use super::queue::rows;
use super::record::Record;

/// Bytes after which a new file is begun.
const FILE_BYTES: u64 = 16 << 20;
/// Bytes before each record.
const HEAD: u64 = 12;
/// Largest record read; what claims to be larger is damage.
const MOST: u32 = 256 << 20;

/// One file of the spool.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    bytes: u64,
    rows: u64,
}

/// Batches that wait for the database, oldest first.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    /// Oldest first; numbers go up by one.
    parts: std::collections::VecDeque<Part>,
    next_number: u64,
    /// The newest file, as long as it is appended to.
    writing: Option<File>,
    /// How far the oldest file was taken: bytes and rows.
    taken: (u64, u64),
}

/// A batch at the head of the spool.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) batch: Batch,
    bytes: u64,
    rows: u64,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// It waits.
    Whole,
    /// It waits, but for its quotes, which did not fit.
    WithoutSnapshots(u64),
    /// Nothing of it fitted.
    Nothing(u64),
}

impl Spool {
    /// Opens the spool, making its folder if there is none. Records of an earlier process wait in it.
    ///
    /// # Errors
    /// When the folder or a file of it cannot be used.
    pub(super) fn open(folder: &Path, max_bytes: u64) -> io::Result<Spool> {
        std::fs::create_dir_all(folder)?;
        let mut numbers: Vec<u64> = std::fs::read_dir(folder)?
            .filter_map(|entry| number_of(&entry.ok()?.path()))
            .collect();
        numbers.sort_unstable();
        let mut parts = std::collections::VecDeque::new();
        for number in &numbers {
            parts.push_back(Part::found(path_of(folder, *number))?);
        }
        Ok(Spool {
            folder: folder.to_owned(),
            max_bytes,
            parts,
            next_number: numbers.last().map_or(1, |last| last + 1),
            writing: None,
            taken: (0, 0),
        })
    }

    /// True when nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Rows that wait.
    pub(super) fn rows(&self) -> u64 {
        let all: u64 = self.parts.iter().map(|part| part.rows).sum();
        all.saturating_sub(self.taken.1)
    }

    /// Bytes on disk.
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Adds a batch at the end, durable when it returns. The last eighth of the room is for what is not quotes: when the rest is full, the
    /// quotes of a batch are left out, and when all is full, all of it.
    ///
    /// # Errors
    /// When it cannot be written; then it is not there.
    pub(super) fn append(&mut self, mut batch: Batch) -> io::Result<Appended> {
        let (all, snapshots) = (rows(&batch) as u64, batch.snapshots.len() as u64);
        let mut record = encode(batch.clone())?;
        let mut appended = Appended::Whole;
        if snapshots > 0 && !self.fits(&record, self.max_bytes - self.max_bytes / 8) {
            batch.snapshots.clear();
            if batch.is_empty() {
                return Ok(Appended::Nothing(all));
            }
            record = encode(batch)?;
            appended = Appended::WithoutSnapshots(snapshots);
        }
        if !self.fits(&record, self.max_bytes) {
            return Ok(Appended::Nothing(all));
        }
        let kept = match appended {
            Appended::WithoutSnapshots(left_out) => all - left_out,
            _ => all,
        };
        self.write(&record, kept)?;
        Ok(appended)
    }

    fn fits(&self, record: &[u8], bound: u64) -> bool {
        self.bytes() + record.len() as u64 <= bound
    }

    fn write(&mut self, record: &[u8], rows: u64) -> io::Result<()> {
        let full = self.parts.back().is_none_or(|part| part.bytes >= FILE_BYTES);
        if full || self.writing.is_none() {
            self.begin_file()?;
        }
        let (Some(file), Some(part)) = (self.writing.as_mut(), self.parts.back_mut()) else {
            return Err(io::Error::other("the spool has no file to write to"));
        };
        let written = file.write_all(record).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // Half a record would hide all that follows it.
            let cut = file
                .set_len(part.bytes)
                .and_then(|()| file.seek(SeekFrom::End(0)));
            if cut.is_err() {
                self.writing = None;
            }
            return Err(error);
        }
        part.bytes += record.len() as u64;
        part.rows += rows;
        Ok(())
    }

    fn begin_file(&mut self) -> io::Result<()> {
        let path = path_of(&self.folder, self.next_number);
        let file = OpenOptions::new().create_new(true).append(true).open(&path)?;
        self.next_number += 1;
        self.writing = Some(file);
        self.parts.push_back(Part {
            path,
            bytes: 0,
            rows: 0,
        });
        Ok(())
    }

    /// The oldest batch, without taking it; `None` when nothing waits. Damage is passed over, and its rows are given second.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn head(&mut self) -> io::Result<(Option<Head>, u64)> {
        let mut lost = 0;
        while let Some(part) = self.parts.front() {
            if self.taken.0 >= part.bytes {
                self.drop_part()?;
                continue;
            }
            let mut file = File::open(&part.path)?;
            file.seek(SeekFrom::Start(self.taken.0))?;
            let found = read_record(&mut file)?.and_then(|bytes| Some((bytes.len() as u64, decode(&bytes)?)));
            if let Some((length, batch)) = found {
                let rows = rows(&batch) as u64;
                let head = Head {
                    batch,
                    bytes: HEAD + length,
                    rows,
                };
                return Ok((Some(head), lost));
            }
            lost += part.rows.saturating_sub(self.taken.1);
            tracing::error!(file = %part.path.display(), at = self.taken.0, "the spool is damaged; the rest of the file is lost");
            self.drop_part()?;
        }
        Ok((None, lost))
    }

    /// Takes the batch that [`Spool::head`] gave.
    ///
    /// # Errors
    /// When its file cannot be deleted.
    pub(super) fn take(&mut self, head: &Head) -> io::Result<()> {
        self.taken.0 += head.bytes;
        self.taken.1 += head.rows;
        if self.parts.front().is_some_and(|part| self.taken.0 >= part.bytes) {
            self.drop_part()?;
        }
        Ok(())
    }

    fn drop_part(&mut self) -> io::Result<()> {
        if let Some(part) = self.parts.pop_front() {
            if self.parts.is_empty() {
                self.writing = None;
            }
            self.taken = (0, 0);
            std::fs::remove_file(&part.path)?;
        }
        Ok(())
    }
}

impl Part {
    /// A file of an earlier process; its rows are counted as far as it can be read.
    fn found(path: PathBuf) -> io::Result<Part> {
        let bytes = std::fs::metadata(&path)?.len();
        let mut file = BufReader::new(File::open(&path)?);
        let mut rows_found = 0;
        while let Some(record) = read_record(&mut file)? {
            let Some(batch) = decode(&record) else { break };
            rows_found += rows(&batch) as u64;
        }
        Ok(Part {
            path,
            bytes,
            rows: rows_found,
        })
    }
}

fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.spool"))
}

fn number_of(path: &Path) -> Option<u64> {
    let is_part = path.extension().is_some_and(|extension| extension == "spool");
    is_part
        .then(|| path.file_stem()?.to_str()?.parse().ok())
        .flatten()
}

fn encode(batch: Batch) -> io::Result<Vec<u8>> {
    let bytes = postcard::to_stdvec(&Record::of(batch)).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MOST);
    let length = length.ok_or_else(|| io::Error::other("a batch is too large for the spool"))?;
    let mut record = Vec::with_capacity(bytes.len() + 12);
    record.extend_from_slice(&length.to_le_bytes());
    record.extend_from_slice(&blake3::hash(&bytes).as_bytes()[..8]);
    record.extend_from_slice(&bytes);
    Ok(record)
}

fn decode(bytes: &[u8]) -> Option<Batch> {
    postcard::from_bytes::<Record>(bytes).ok()?.into_batch()
}

/// The bytes of the next record; `None` when there is no whole, undamaged one.
fn read_record(source: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 12];
    let mut bytes = Vec::new();
    let read = source.read_exact(&mut head).and_then(|()| {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        if length > MOST {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.resize(length as usize, 0);
        source.read_exact(&mut bytes)
    });
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
        Ok(()) if blake3::hash(&bytes).as_bytes()[..8] == head[4..] => Ok(Some(bytes)),
        Ok(()) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use kmi_domain::{Side, Timestamp};
    use kmi_storage::{MarketSnapshot, SnapshotSource, TradeSource};
    use tempfile::TempDir;

    use super::*;

    /// One trade, and quotes of so many markets.
    fn batch(number: i64, quotes: i64) -> Batch {
        let trade = kmi_domain::PublicTrade {
            id: format!("t{number}").parse().unwrap(),
            ticker: "A-1".parse().unwrap(),
            time: Timestamp::from_seconds(1_000 + number),
            yes_price: "0.42".parse().unwrap(),
            quantity: "1".parse().unwrap(),
            taker: Side::No,
            is_block: false,
        };
        let quote = |place| MarketSnapshot {
            ticker: format!("B-{place}").parse().unwrap(),
            time: Timestamp::from_seconds(1_000 + number),
            source: SnapshotSource::WebSocket,
            sequence: None,
            yes_bid: None,
            yes_ask: Some("0.5".parse().unwrap()),
            yes_bid_size: None,
            yes_ask_size: None,
            last_price: None,
            volume: None,
            open_interest: None,
        };
        Batch {
            trades: vec![(trade, TradeSource::WebSocket)],
            snapshots: (0..quotes).map(quote).collect(),
            ..Batch::default()
        }
    }

    fn drain(spool: &mut Spool) -> (Vec<Batch>, u64) {
        let (mut batches, mut lost) = (Vec::new(), 0);
        loop {
            let (head, damaged) = spool.head().unwrap();
            lost += damaged;
            let Some(head) = head else {
                return (batches, lost);
            };
            spool.take(&head).unwrap();
            batches.push(head.batch);
        }
    }

    fn only_file(folder: &TempDir) -> PathBuf {
        let mut files = std::fs::read_dir(folder.path()).unwrap();
        files.next().unwrap().unwrap().path()
    }

    #[test]
    fn batches_come_back_in_order_also_after_a_restart() {
        let folder = TempDir::new().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        for number in 1..=3 {
            assert_eq!(spool.append(batch(number, 2)).unwrap(), Appended::Whole);
        }
        assert_eq!(spool.rows(), 9);
        let (head, _) = spool.head().unwrap();
        spool.take(&head.unwrap()).unwrap();
        assert_eq!(spool.rows(), 6);
        drop(spool);
        // What was taken of a file that is not finished comes again, which changes nothing.
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(spool.rows(), 9);
        let all = (1..=3).map(|number| batch(number, 2)).collect();
        assert_eq!(drain(&mut spool), (all, 0));
        assert!(spool.is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_appended_after_a_restart_comes_last() {
        let folder = TempDir::new().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(batch(1, 0)).unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(batch(2, 0)).unwrap();
        assert_eq!(drain(&mut spool).0, [batch(1, 0), batch(2, 0)]);
    }

    #[test]
    fn a_record_cut_short_by_a_crash_ends_its_file_and_no_other() {
        let folder = TempDir::new().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(batch(1, 0)).unwrap();
        spool.append(batch(2, 0)).unwrap();
        let file = OpenOptions::new().write(true).open(only_file(&folder)).unwrap();
        file.set_len(spool.bytes() - 1).unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(batch(3, 0)).unwrap();
        assert_eq!(spool.rows(), 2);
        assert_eq!(drain(&mut spool).0, [batch(1, 0), batch(3, 0)]);
    }

    #[test]
    fn a_damaged_record_is_noticed_and_what_follows_in_its_file_counts_as_lost() {
        let folder = TempDir::new().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(batch(1, 0)).unwrap();
        let first = usize::try_from(spool.bytes()).unwrap();
        spool.append(batch(2, 4)).unwrap();
        let file = only_file(&folder);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[first + 20] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(drain(&mut spool), (vec![batch(1, 0)], 5));
    }

    #[test]
    fn quotes_are_dropped_first_and_then_everything() {
        let folder = TempDir::new().unwrap();
        let record = encode(batch(1, 0)).unwrap().len() as u64;
        // Room for eight trades, the last of which is not for quotes.
        let mut spool = Spool::open(folder.path(), 8 * record).unwrap();
        for number in 1..=6 {
            spool.append(batch(number, 0)).unwrap();
        }
        let appended = spool.append(batch(7, 3)).unwrap();
        assert_eq!(appended, Appended::WithoutSnapshots(3));
        assert_eq!(spool.append(batch(8, 0)).unwrap(), Appended::Whole);
        assert_eq!(spool.append(batch(9, 3)).unwrap(), Appended::Nothing(4));
        let quotes = Batch {
            trades: Vec::new(),
            ..batch(9, 2)
        };
        assert_eq!(spool.append(quotes).unwrap(), Appended::Nothing(2));
        assert_eq!(spool.bytes(), 8 * record);
        let trades: Vec<Batch> = (1..=8).map(|number| batch(number, 0)).collect();
        assert_eq!(drain(&mut spool).0, trades);
    }
}
