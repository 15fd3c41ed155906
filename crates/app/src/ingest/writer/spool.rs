//! Where batches wait while the database is out: [`Spool`], a folder of append-only files.
//!
//! A record is its length (4 bytes, little-endian), the first 8 bytes of its BLAKE3 hash, and its bytes. Records are read in the order
//! they were written and a file is deleted when all of it was taken; what was taken of a file that is not finished is read again after a
//! restart, which changes nothing since batches may be written twice. A record that a crash cut short ends its file; nobody was told
//! that it was kept. So does one that was damaged: what follows cannot be trusted. It is counted as lost, as far as it was counted before
//! the damage and as one row at least, is noted as a gap since the file was begun, and the file is kept as `*.damaged`, sixteen at most.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use kmi_domain::Timestamp;
use kmi_storage::Batch;

use super::queue::rows;
use super::record::Record;

/// Bytes after which a new file is begun.
const FILE_BYTES: u64 = 16 << 20;
/// Bytes before each record.
const HEAD: u64 = 12;
/// Refused batches that are kept, at most.
const REFUSED: usize = 64;
/// Damaged files that are kept, at most.
const DAMAGED: usize = 16;
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

/// What was found at the head of the spool.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// The oldest batch that can be read; `None` when nothing waits.
    pub(super) head: Option<Head>,
    /// Rows passed over because they are damaged.
    pub(super) lost: u64,
    /// When the oldest file in which there are any was begun.
    pub(super) damaged_since: Option<Timestamp>,
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
        let (mut numbers, mut last) = (Vec::new(), 0);
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            // Numbers of files put aside are not used again.
            last = last.max(number_in(&path).unwrap_or_default());
            numbers.extend(number_of(&path));
        }
        numbers.sort_unstable();
        let mut parts = std::collections::VecDeque::new();
        for number in &numbers {
            parts.push_back(Part::found(path_of(folder, *number))?);
        }
        Ok(Spool {
            folder: folder.to_owned(),
            max_bytes,
            parts,
            next_number: last + 1,
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

    /// The oldest batch, without taking it. Damage is passed over.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn head(&mut self) -> io::Result<Looked> {
        let mut looked = Looked::default();
        while let Some(part) = self.parts.front() {
            if self.taken.0 >= part.bytes {
                self.drop_part()?;
                continue;
            }
            let mut file = File::open(&part.path)?;
            file.seek(SeekFrom::Start(self.taken.0))?;
            let found = read_record(&mut file)?;
            if let Found::Whole(bytes) = &found
                && let Some(batch) = decode(bytes)
            {
                looked.head = Some(Head {
                    rows: rows(&batch) as u64,
                    batch,
                    bytes: HEAD + bytes.len() as u64,
                });
                return Ok(looked);
            }
            let lost = part.rows.saturating_sub(self.taken.1);
            tracing::error!(file = %part.path.display(), at = self.taken.0, rows = lost, "the spool is damaged; the rest of the file is lost");
            // Of a record that a crash cut short nobody was told that it is kept.
            if lost > 0 || !matches!(found, Found::Torn) {
                looked.lost += lost.max(1);
                looked.damaged_since.get_or_insert(begun(&file)?);
                self.keep_damaged()?;
            }
            self.drop_part()?;
        }
        Ok(looked)
    }

    /// Keeps a copy of the oldest file for people, unless there are many.
    fn keep_damaged(&self) -> io::Result<()> {
        let Some(part) = self
            .parts
            .front()
            .filter(|_| self.put_aside("damaged").is_ok_and(|kept| kept < DAMAGED))
        else {
            return Ok(());
        };
        std::fs::hard_link(&part.path, part.path.with_extension("damaged"))
    }

    /// How many files of this kind were put aside.
    fn put_aside(&self, kind: &str) -> io::Result<usize> {
        let all = std::fs::read_dir(&self.folder)?.filter_map(Result::ok);
        Ok(all
            .filter(|entry| {
                entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == kind)
            })
            .count())
    }

    /// Keeps a copy of the batch that [`Spool::head`] gave in a file of its own, for people: renamed to `*.spool` it is read again at the
    /// next start. At most 64 are kept.
    ///
    /// # Errors
    /// When it cannot be written, or there are too many.
    pub(super) fn refuse(&mut self, head: &Head) -> io::Result<PathBuf> {
        if self.put_aside("refused")? >= REFUSED {
            return Err(io::Error::other(format!(
                "{REFUSED} refused batches are kept already"
            )));
        }
        let path = path_of(&self.folder, self.next_number).with_extension("refused");
        self.next_number += 1;
        std::fs::write(&path, encode(head.batch.clone())?)?;
        Ok(path)
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
        while let Found::Whole(record) = read_record(&mut file)? {
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
    is_part.then(|| number_in(path)).flatten()
}

fn number_in(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
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

/// When a file was begun, or written to last, where that is not known.
fn begun(file: &File) -> io::Result<Timestamp> {
    let known = file.metadata()?;
    let begun = known.created().or_else(|_| known.modified())?;
    let since = begun.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(Timestamp::from_micros(
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
    ))
}

/// What is found in the place of a record.
enum Found {
    /// Its bytes, undamaged.
    Whole(Vec<u8>),
    /// The file ends before it does.
    Torn,
    /// Something else than was written.
    Damaged,
}

fn read_record(source: &mut impl Read) -> io::Result<Found> {
    let mut head = [0; 12];
    let mut bytes = Vec::new();
    let read = source.read_exact(&mut head).and_then(|()| {
        let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        if length > MOST {
            return Ok(false);
        }
        bytes.resize(length as usize, 0);
        source.read_exact(&mut bytes)?;
        Ok(blake3::hash(&bytes).as_bytes()[..8] == head[4..])
    });
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Found::Torn),
        Err(error) => Err(error),
        Ok(true) => Ok(Found::Whole(bytes)),
        Ok(false) => Ok(Found::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use kmi_domain::Side;
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
            let looked = spool.head().unwrap();
            lost += looked.lost;
            assert_eq!(looked.lost > 0, looked.damaged_since.is_some());
            let Some(head) = looked.head else {
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
        let head = spool.head().unwrap().head.unwrap();
        spool.take(&head).unwrap();
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
        assert_eq!(drain(&mut spool), (vec![batch(1, 0), batch(3, 0)], 0));
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
        // Another process cannot know how many rows there were.
        let mut after = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(drain(&mut after), (vec![batch(1, 0)], 1));
        std::fs::rename(file.with_extension("damaged"), &file).unwrap();
        assert_eq!(drain(&mut spool), (vec![batch(1, 0)], 5));
        assert_eq!(
            only_file(&folder),
            file.with_extension("damaged"),
            "it is kept for people"
        );
    }

    #[test]
    fn a_refused_batch_is_kept_aside_and_read_again_when_it_is_renamed() {
        let folder = TempDir::new().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        spool.append(batch(1, 2)).unwrap();
        let head = spool.head().unwrap().head.unwrap();
        let aside = spool.refuse(&head).unwrap();
        spool.take(&head).unwrap();
        assert!(Spool::open(folder.path(), 1 << 20).unwrap().is_empty());
        std::fs::rename(&aside, aside.with_extension("spool")).unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(drain(&mut spool), (vec![batch(1, 2)], 0));
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
