//! Captures on disk, one a connection.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use kmi_kalshi::replay::{Replay, ReplayCounts, SequenceRule};
use kmi_kalshi::ws::raw::{RawFrame, RawFrames};
use tokio::time::{Instant, timeout_at};

/// What is written reaches the disk at least so often: a power cut costs no more than this.
const FLUSH_EVERY: Duration = Duration::from_secs(1);
/// Level of zstd; a lower one is faster.
const ZSTD_LEVEL: i32 = 3;

/// A capture that was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) path: PathBuf,
    /// What a replay of it counts.
    pub(super) counts: ReplayCounts,
}

/// Writes frames to captures, as they come.
pub(super) struct Recorder {
    out: PathBuf,
    capture: Capture,
    /// Connection of the capture; 0 before its first frame.
    connection: u64,
    finished: Vec<Written>,
}

impl Recorder {
    /// Makes the first capture.
    pub(super) fn create(out: &Path) -> Result<Recorder> {
        let capture = Capture::create(out).with_context(|| out.display().to_string())?;
        Ok(Recorder {
            out: out.to_owned(),
            capture,
            connection: 0,
            finished: Vec::new(),
        })
    }

    /// Writes until there are no more frames.
    pub(super) async fn write_all(mut self, mut frames: RawFrames) -> Result<Vec<Written>> {
        let mut flush_at = Instant::now() + FLUSH_EVERY;
        loop {
            match timeout_at(flush_at, frames.next()).await {
                Ok(Some(frame)) => self.write(&frame)?,
                Ok(None) => break,
                Err(_) => {}
            }
            if Instant::now() >= flush_at {
                self.capture.flush()?;
                flush_at = Instant::now() + FLUSH_EVERY;
            }
        }
        self.finished.push(self.capture.finish()?);
        Ok(self.finished)
    }

    fn write(&mut self, frame: &RawFrame) -> Result<()> {
        if self.connection != 0 && frame.connection != self.connection {
            let next = self.next_capture()?;
            let done = std::mem::replace(&mut self.capture, next);
            self.finished.push(done.finish()?);
        }
        self.connection = frame.connection;
        self.capture.write(&frame.capture_line())
    }

    /// A new connection numbers its frames anew and begins with new snapshots, so it is a capture of its own.
    fn next_capture(&self) -> Result<Capture> {
        for number in 2_u32.. {
            let path = numbered(&self.out, number);
            match Capture::create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => return created.with_context(|| path.display().to_string()),
            }
        }
        unreachable!("a folder holds no four billion captures")
    }
}

/// `NAME-2.jsonl.gz` for `NAME.jsonl.gz`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let name = match name.split_once('.') {
        Some((stem, extensions)) => format!("{stem}-{number}.{extensions}"),
        None => format!("{name}-{number}"),
    };
    path.with_file_name(name)
}

/// A capture being written.
struct Capture {
    path: PathBuf,
    sink: Sink,
    counted: Replay,
}

enum Sink {
    Plain(BufWriter<File>),
    Gz(GzEncoder<BufWriter<File>>),
    Zst(zstd::Encoder<'static, BufWriter<File>>),
}

impl Capture {
    fn create(path: &Path) -> io::Result<Capture> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let file = BufWriter::new(file);
        let sink = match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Sink::Gz(GzEncoder::new(file, Compression::default())),
            Some("zst") => Sink::Zst(zstd::Encoder::new(file, ZSTD_LEVEL)?),
            _ => Sink::Plain(file),
        };
        let mut counted = Replay::new(SequenceRule::Strict);
        counted.begin_file();
        Ok(Capture {
            path: path.to_owned(),
            sink,
            counted,
        })
    }

    fn write(&mut self, line: &str) -> Result<()> {
        self.counted.feed_line(line.as_bytes());
        self.sink
            .line(line)
            .with_context(|| self.path.display().to_string())
    }

    fn flush(&mut self) -> Result<()> {
        self.sink
            .writer()
            .flush()
            .with_context(|| self.path.display().to_string())
    }

    fn finish(self) -> Result<Written> {
        self.sink
            .finish()
            .with_context(|| self.path.display().to_string())?;
        Ok(Written {
            path: self.path,
            counts: self.counted.counts(),
        })
    }
}

impl Sink {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Sink::Plain(writer) => writer,
            Sink::Gz(writer) => writer,
            Sink::Zst(writer) => writer,
        }
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        let writer = self.writer();
        writer.write_all(line.as_bytes())?;
        writer.write_all(b"\n")
    }

    fn finish(self) -> io::Result<()> {
        let mut file = match self {
            Sink::Plain(writer) => writer,
            Sink::Gz(writer) => writer.finish()?,
            Sink::Zst(writer) => writer.finish()?,
        };
        file.flush()?;
        file.get_ref().sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_capture_keeps_its_endings() {
        let name = |path: &str| numbered(Path::new(path), 2).display().to_string();
        assert_eq!(name("a/b.jsonl.gz"), "a/b-2.jsonl.gz");
        assert_eq!(name("b"), "b-2");
    }

    #[test]
    fn a_second_connection_is_a_capture_of_its_own_and_no_file_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("c.jsonl");
        std::fs::write(folder.path().join("c-2.jsonl"), "kept").unwrap();
        let mut recorder = Recorder::create(&out).unwrap();
        assert!(Recorder::create(&out).is_err());
        for connection in [1, 1, 2] {
            let frame = RawFrame {
                received: kmi_domain::Timestamp::from_millis(5),
                connection,
                text: r#"{"type":"unsubscribed","sid":1,"seq":1}"#.into(),
            };
            recorder.write(&frame).unwrap();
        }
        recorder.finished.push(recorder.capture.finish().unwrap());
        let frames: Vec<u64> = recorder.finished.iter().map(|file| file.counts.frames).collect();
        assert_eq!(frames, [2, 1]);
        let kept = std::fs::read_to_string(folder.path().join("c-2.jsonl")).unwrap();
        assert_eq!(kept, "kept");
        let third = std::fs::read_to_string(folder.path().join("c-3.jsonl")).unwrap();
        assert_eq!(third.lines().count(), 1);
    }
}
