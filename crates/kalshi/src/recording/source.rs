//! The bytes of a file, decompressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{LineReader, RecordingError};

/// How far a file is read.
#[derive(Clone, Debug)]
pub(super) struct Source {
    read: Arc<AtomicU64>,
    pub(super) bytes_total: u64,
}

impl Source {
    pub(super) fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Opens a file and undoes the compression its first bytes tell of.
pub(super) fn open(path: &Path) -> Result<(LineReader, Source), RecordingError> {
    let failure = |source| RecordingError::Open {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(failure)?;
    let metadata = file.metadata().map_err(failure)?;
    if metadata.is_dir() {
        return Err(failure(io::ErrorKind::IsADirectory.into()));
    }
    let source = Source {
        read: Arc::default(),
        bytes_total: metadata.len(),
    };
    let mut reader = BufReader::with_capacity(
        1 << 16,
        Counted {
            file,
            read: Arc::clone(&source.read),
        },
    );
    let head = reader.fill_buf().map_err(failure)?;
    let decoded: Box<dyn Read + Send> = if head.starts_with(&GZIP) {
        Box::new(flate2::bufread::MultiGzDecoder::new(reader))
    } else if head.starts_with(&ZSTD) {
        Box::new(zstd::stream::read::Decoder::with_buffer(reader).map_err(failure)?)
    } else {
        Box::new(reader)
    };
    Ok((LineReader::new(decoded), source))
}
