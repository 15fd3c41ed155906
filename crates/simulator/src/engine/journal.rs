//! What was asked of the exchange, on disk: a file of entries, each with its length and check sum, and a snapshot beside it.
//!
//! The journal alone gives the exchange back; the snapshot only saves going through all of it. A process killed while
//! writing leaves a torn last entry, which is cut off: nothing of it had been acknowledged. Damage before the end is an
//! error that says where.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// First bytes of a journal; the last is the version of its form.
const MAGIC: &[u8; 8] = b"KMIEXCH\x02";
/// First bytes of a snapshot.
const SNAPSHOT_MAGIC: &[u8; 8] = b"KMISNAP\x02";
/// Bytes before every entry: its length (4), the check sum of that (4), the check sum of the entry (8).
const PREFIX: usize = 16;
/// Largest entry accepted; the largest written is a listing of some kilobytes.
const MAX_ENTRY: u32 = 1 << 24;

/// Why a journal could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Io {
        /// File.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a journal of this version.
    #[error("{path} is no exchange journal, or of another version")]
    Foreign {
        /// File.
        path: PathBuf,
    },
    /// Bytes before the end do not match their check sum.
    #[error("{path} is damaged at byte {offset}")]
    Damaged {
        /// File.
        path: PathBuf,
        /// Where the damaged entry begins.
        offset: u64,
    },
    /// It was begun with other settings.
    #[error("{path} belongs to an exchange with other settings: {difference}")]
    OtherSettings {
        /// File.
        path: PathBuf,
        /// What differs.
        difference: String,
    },
    /// Something cannot be put in the journal's form; a bug.
    #[error("cannot be written down: {0}")]
    Encode(#[from] postcard::Error),
    /// Another process writes it.
    #[error("{path} is in use by another process")]
    InUse {
        /// File.
        path: PathBuf,
    },
}

/// An open journal, at its end.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Length of the part that is whole.
    length: u64,
    buffer: Vec<u8>,
    /// Hash of its header.
    name: [u8; 32],
    /// What was written cannot be cut back to whole entries: nothing may follow it.
    is_broken: bool,
}

/// What was found in a journal when it was opened.
#[derive(Debug)]
pub struct Found<H, E> {
    /// What it was begun with.
    pub header: H,
    /// Entries from the offset asked for.
    pub entries: Vec<E>,
    /// Bytes of a torn last entry that were cut off.
    pub torn: u64,
}

impl Journal {
    /// Begins a journal; an existing file is not overwritten.
    ///
    /// # Errors
    /// [`JournalError::Io`], also when the file exists.
    pub fn create<H: Serialize>(path: &Path, header: &H) -> Result<Journal, JournalError> {
        let fail = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(fail)?;
        lock(&file, path)?;
        let mut journal = Journal {
            file,
            path: path.to_owned(),
            length: 0,
            buffer: Vec::new(),
            name: journal_name(header)?,
            is_broken: false,
        };
        journal.write_all(MAGIC)?;
        journal.append(header)?;
        journal.file.sync_all().map_err(fail)?;
        sync_folder(path).map_err(fail)?;
        Ok(journal)
    }

    /// Opens a journal and reads it from `offset` on (0: all of it), cutting off a torn last entry.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn open<H: DeserializeOwned + Serialize, E: DeserializeOwned>(
        path: &Path,
        offset: u64,
    ) -> Result<(Journal, Found<H, E>), JournalError> {
        let fail = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(fail)?;
        lock(&file, path)?;
        let size = file.metadata().map_err(fail)?.len();
        let mut reader = Reader {
            input: BufReader::new(&file),
            path,
            offset: 0,
            size,
        };
        reader.magic()?;
        let header = reader.next()?.ok_or_else(|| JournalError::Foreign {
            path: path.to_owned(),
        })?;
        if offset > reader.offset {
            reader.seek(offset).map_err(fail)?;
        }
        let mut entries = Vec::new();
        while let Some(entry) = reader.next()? {
            entries.push(entry);
        }
        let length = reader.offset;
        drop(reader);
        if length < size {
            file.set_len(length).map_err(fail)?;
            file.sync_all().map_err(fail)?;
        }
        let mut journal = Journal {
            file,
            path: path.to_owned(),
            length,
            buffer: Vec::new(),
            name: journal_name(&header)?,
            is_broken: false,
        };
        journal.file.seek(SeekFrom::Start(length)).map_err(fail)?;
        Ok((
            journal,
            Found {
                header,
                entries,
                torn: size - length,
            },
        ))
    }

    /// Bytes written so far, whole entries all.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Hash of what it was begun with, see [`journal_name`].
    pub const fn name(&self) -> [u8; 32] {
        self.name
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes an entry; durable only after [`Journal::sync_handle`]'s `sync_data`.
    ///
    /// # Errors
    /// [`JournalError::Io`] or [`JournalError::Encode`]; what was written of the entry is cut off again where the file system lets us.
    pub fn append<E: Serialize>(&mut self, entry: &E) -> Result<(), JournalError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        buffer.resize(PREFIX, 0);
        let mut buffer = postcard::to_extend(entry, buffer)?;
        let length = u32::try_from(buffer.len() - PREFIX)
            .ok()
            .filter(|length| *length <= MAX_ENTRY)
            .ok_or(postcard::Error::SerializeBufferFull)?
            .to_le_bytes();
        let sum = checksum(&buffer[PREFIX..]).to_le_bytes();
        buffer[..4].copy_from_slice(&length);
        buffer[4..8].copy_from_slice(&checksum(&length).to_le_bytes()[..4]);
        buffer[8..PREFIX].copy_from_slice(&sum);
        let written = self.write_all(&buffer);
        self.buffer = buffer;
        written
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let fail = |source| JournalError::Io {
            path: self.path.clone(),
            source,
        };
        if self.is_broken {
            return Err(fail(io::Error::other("an earlier entry could not be taken back")));
        }
        if let Err(source) = self.file.write_all(bytes) {
            // A torn entry in the middle would make everything after it unreadable.
            let cut = self.file.set_len(self.length);
            let back = cut.and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
            let error = fail(source);
            self.is_broken = back.is_err();
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// A second handle on the file, to make durable what was appended without holding up who appends.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn sync_handle(&self) -> Result<File, JournalError> {
        self.file.try_clone().map_err(|source| JournalError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => Err(JournalError::InUse {
            path: path.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(source)) => Err(JournalError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Makes a new or renamed file's name durable too.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn checksum(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    u64::from_le_bytes(
        hash.as_bytes()[..8]
            .try_into()
            .expect("eight of thirty-two bytes"),
    )
}

struct Reader<'a> {
    input: BufReader<&'a File>,
    path: &'a Path,
    /// End of the last whole entry.
    offset: u64,
    size: u64,
}

impl Reader<'_> {
    fn magic(&mut self) -> Result<(), JournalError> {
        let mut magic = [0; 8];
        match self.input.read_exact(&mut magic) {
            Ok(()) if &magic == MAGIC => {
                self.offset = 8;
                Ok(())
            }
            _ => Err(JournalError::Foreign {
                path: self.path.to_owned(),
            }),
        }
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.input.seek(SeekFrom::Start(offset))?;
        self.offset = offset;
        Ok(())
    }

    /// The next entry; `None` at the end or at a torn last entry.
    fn next<E: DeserializeOwned>(&mut self) -> Result<Option<E>, JournalError> {
        let left = self.size - self.offset;
        if left < PREFIX as u64 {
            return Ok(None);
        }
        let io = |source| JournalError::Io {
            path: self.path.to_owned(),
            source,
        };
        let damaged = || JournalError::Damaged {
            path: self.path.to_owned(),
            offset: self.offset,
        };
        let mut prefix = [0; PREFIX];
        self.input.read_exact(&mut prefix).map_err(io)?;
        let (length, rest) = prefix.split_at(4);
        let (length_sum, sum) = rest.split_at(4);
        if checksum(length).to_le_bytes()[..4] != *length_sum {
            // After a power cut the file may be longer than what was written of it: nothing but zeros follows.
            return if prefix == [0; PREFIX] {
                Ok(None)
            } else {
                Err(damaged())
            };
        }
        let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
        let end = PREFIX as u64 + u64::from(length);
        if end > left {
            return Ok(None);
        }
        let mut body = vec![0; length as usize];
        self.input.read_exact(&mut body).map_err(io)?;
        if checksum(&body).to_le_bytes() != *sum {
            return if end == left { Ok(None) } else { Err(damaged()) };
        }
        let entry = postcard::from_bytes(&body).map_err(|_| damaged())?;
        self.offset += end;
        Ok(Some(entry))
    }
}

/// What a journal was begun with, read without opening it for writing.
///
/// # Errors
/// [`JournalError`].
pub fn read_header<H: DeserializeOwned>(path: &Path) -> Result<H, JournalError> {
    let fail = |source| JournalError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    let mut reader = Reader {
        input: BufReader::new(&file),
        path,
        offset: 0,
        size,
    };
    reader.magic()?;
    reader.next()?.ok_or_else(|| JournalError::Foreign {
        path: path.to_owned(),
    })
}

/// Hash of what a journal is begun with.
///
/// # Errors
/// [`JournalError::Encode`].
pub fn journal_name<H: Serialize>(header: &H) -> Result<[u8; 32], JournalError> {
    Ok(*blake3::hash(&postcard::to_stdvec(header)?).as_bytes())
}

/// Path of the snapshot that belongs to a journal.
pub fn snapshot_path(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".snapshot");
    PathBuf::from(name)
}

/// Writes a snapshot: whole or not at all.
///
/// # Errors
/// [`JournalError::Io`].
pub fn write_snapshot(path: &Path, body: &[u8]) -> Result<(), JournalError> {
    let fail = |source| JournalError::Io {
        path: path.to_owned(),
        source,
    };
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = File::create(&new).map_err(fail)?;
    file.write_all(SNAPSHOT_MAGIC)
        .and_then(|()| file.write_all(&checksum(body).to_le_bytes()))
        .and_then(|()| file.write_all(body))
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&new, path))
        .and_then(|()| sync_folder(path))
        .map_err(fail)
}

/// Reads a snapshot; `None` where there is none or it is not whole, as the journal can do without.
///
/// # Errors
/// [`JournalError::Io`].
pub fn read_snapshot<S: DeserializeOwned>(path: &Path) -> Result<Option<S>, JournalError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(JournalError::Io {
                path: path.to_owned(),
                source,
            });
        }
    };
    let Some((head, body)) = bytes.split_at_checked(16) else {
        return Ok(None);
    };
    if &head[..8] != SNAPSHOT_MAGIC || head[8..] != checksum(body).to_le_bytes() {
        return Ok(None);
    }
    Ok(postcard::from_bytes(body).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &Path, entries: &[&str]) {
        let mut journal = Journal::create(path, &"header".to_owned()).unwrap();
        for entry in entries {
            journal.append(&(*entry).to_owned()).unwrap();
        }
    }

    fn read(path: &Path) -> Result<(Vec<String>, u64), JournalError> {
        let (_, found) = Journal::open::<String, String>(path, 0)?;
        assert_eq!(found.header, "header");
        Ok((found.entries, found.torn))
    }

    #[test]
    fn what_was_written_is_read_and_writing_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        written(&path, &["one", "two"]);
        let (mut journal, found) = Journal::open::<String, String>(&path, 0).unwrap();
        assert_eq!(found.entries, ["one", "two"]);
        let offset = journal.length();
        journal.append(&"three".to_owned()).unwrap();
        drop(journal);
        assert_eq!(read(&path).unwrap().0, ["one", "two", "three"]);
        let (_, found) = Journal::open::<String, String>(&path, offset).unwrap();
        assert_eq!(found.entries, ["three"]);
    }

    #[test]
    fn an_entry_torn_at_any_byte_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        written(&path, &["one"]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        written(&path, &["one", "two"]);
        let longer = std::fs::read(&path).unwrap();
        for length in whole.len()..longer.len() {
            std::fs::write(&path, &longer[..length]).unwrap();
            assert_eq!(
                read(&path).unwrap(),
                (vec!["one".to_owned()], (length - whole.len()) as u64)
            );
            assert_eq!(std::fs::metadata(&path).unwrap().len(), whole.len() as u64);
        }
    }

    #[test]
    fn a_last_entry_with_wrong_bytes_is_torn_and_an_earlier_one_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        written(&path, &["one", "two"]);
        let bytes = std::fs::read(&path).unwrap();
        let mut last = bytes.clone();
        *last.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &last).unwrap();
        assert_eq!(read(&path).unwrap().0, ["one"]);
        let mut first = bytes.clone();
        // Each of the two last entries is its prefix, the length of the text and three letters.
        let middle = bytes.len() - 2 * (PREFIX + 4);
        first[middle + PREFIX + 1] ^= 1;
        std::fs::write(&path, &first).unwrap();
        assert!(matches!(read(&path), Err(JournalError::Damaged { offset, .. }) if offset == middle as u64));
        // A damaged length is no torn end either, however far it reaches.
        let mut length = bytes;
        length[middle + 2] ^= 1;
        std::fs::write(&path, &length).unwrap();
        assert!(matches!(read(&path), Err(JournalError::Damaged { offset, .. }) if offset == middle as u64));
    }

    #[test]
    fn another_file_or_another_writer_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        std::fs::write(&path, "something else entirely").unwrap();
        assert!(matches!(read(&path), Err(JournalError::Foreign { .. })));
        assert!(matches!(Journal::create(&path, &0), Err(JournalError::Io { .. })));
        std::fs::remove_file(&path).unwrap();
        let _writer = Journal::create(&path, &"header".to_owned()).unwrap();
        assert!(matches!(read(&path), Err(JournalError::InUse { .. })));
    }

    #[test]
    fn a_snapshot_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = snapshot_path(&folder.path().join("journal"));
        assert_eq!(read_snapshot::<Vec<u32>>(&path).unwrap(), None);
        write_snapshot(&path, &postcard::to_stdvec(&vec![1_u32, 2, 3]).unwrap()).unwrap();
        assert_eq!(read_snapshot(&path).unwrap(), Some(vec![1_u32, 2, 3]));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(read_snapshot::<Vec<u32>>(&path).unwrap(), None);
    }
}
