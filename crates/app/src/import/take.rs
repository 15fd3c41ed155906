//! One file from its first record to the commit.

use kmi_kalshi::recording::{self, Item, Record, Recording, RecordingError, RecordingKind};
use kmi_storage::{Import, ImportMeta, StorageError, Store};
use tokio::sync::mpsc;

use super::capture::CaptureIntake;
use super::discover::Found;
use crate::describe::describe;

use super::{BadLines, FileReport, ImportProgress, ImportRequest};

/// Objects handed from the reader to the store at once.
const CHUNK: usize = 16_384;
/// Chunks read ahead of the store.
const AHEAD: usize = 2;

/// Why a frame between other objects is not taken.
const STRAY_FRAME: &str =
    "is a frame of the stream in a file of other objects; keep captures in files of their own";

/// Why a file was rolled back.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeError {
    #[error(transparent)]
    Recording(#[from] RecordingError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("line {line}: {reason}")]
    BadLine { line: u64, reason: String },
    #[error("the reader of the file died")]
    ReaderDied,
}

/// Items of a file, read on a thread of their own.
pub(super) struct Chunk {
    pub items: Vec<Item>,
    pub bytes_read: u64,
}

/// Takes one file in and says what became of it.
pub(super) async fn take(
    store: &Store,
    found: Found,
    request: &ImportRequest,
    progress: &dyn ImportProgress,
) -> FileReport {
    let mut report = FileReport {
        path: found.path.display().to_string(),
        kind: Some(found.kind.as_str()),
        place: found.place,
        ..FileReport::default()
    };
    match Intake::run(store, found, request, progress, &mut report).await {
        Ok(()) => report,
        Err(error) => {
            let error = describe(&error);
            let error = if error.contains(&report.path) {
                error
            } else {
                format!("{}: {error}", report.path)
            };
            report.rolled_back(error)
        }
    }
}

/// A file on its way into the store.
pub(super) struct Intake<'a> {
    pub import: Import,
    pub report: &'a mut FileReport,
}

impl Intake<'_> {
    async fn run(
        store: &Store,
        found: Found,
        request: &ImportRequest,
        progress: &dyn ImportProgress,
        report: &mut FileReport,
    ) -> Result<(), TakeError> {
        let kind = found.kind;
        let recording = recording::open(&found.path)?;
        progress.begin(&report.path, recording.bytes_total());
        let path = report.path.clone();
        let mut capture = match kind {
            RecordingKind::Capture => Some(CaptureIntake::begin(&found.path).await?),
            _ => None,
        };
        let content_hash = capture.as_ref().map(|capture| capture.hash().to_owned());
        let meta = ImportMeta {
            path,
            content_hash,
            at: request.at,
        };
        let mut intake = Intake {
            import: store.begin_import(meta).await?,
            report,
        };
        if let Some(capture) = &mut capture
            && capture.is_known(store, &mut intake).await?
        {
            return Ok(());
        }
        let (chunks, reader) = read_ahead(recording);
        let kept = intake
            .keep_all(chunks, capture.as_mut(), request.bad_lines, progress)
            .await;
        // The reader's own error explains a stream that ended early, so it is asked for first.
        let completeness = reader.await.map_err(|_| TakeError::ReaderDied)??;
        kept?;
        if let Some(capture) = capture {
            capture.end(&mut intake, completeness).await?;
        }
        let (rows, rejected) = (intake.report.rows, intake.report.rejected);
        intake.import.commit(kind.as_str(), rows, rejected).await?;
        Ok(())
    }

    async fn keep_all(
        &mut self,
        mut chunks: mpsc::Receiver<Chunk>,
        mut capture: Option<&mut CaptureIntake>,
        bad_lines: BadLines,
        progress: &dyn ImportProgress,
    ) -> Result<(), TakeError> {
        while let Some(chunk) = chunks.recv().await {
            self.report.rows += chunk.items.len() as u64;
            let batch = self.sort(chunk.items, bad_lines)?;
            match &mut capture {
                Some(capture) => capture.keep(self, batch, bad_lines).await?,
                None => self.keep(batch, bad_lines).await?,
            }
            progress.advance(chunk.bytes_read, self.report.rows);
        }
        Ok(())
    }

    /// Counts a bad line, or gives the file up over it.
    pub(super) fn reject(&mut self, line: u64, reason: String, bad_lines: BadLines) -> Result<(), TakeError> {
        if bad_lines == BadLines::Refuse {
            return Err(TakeError::BadLine { line, reason });
        }
        self.report.reject(line, reason);
        Ok(())
    }

    /// Sorts items by kind, and rejections out.
    fn sort(&mut self, items: Vec<Item>, bad_lines: BadLines) -> Result<Batch, TakeError> {
        let mut batch = Batch::default();
        for item in items {
            match item.record {
                Ok(Record::Series(series)) => batch.series.push(series),
                Ok(Record::Event(event)) => batch.events.push(*event),
                Ok(Record::Market(market)) => {
                    batch.markets.push((*market, item.raw.unwrap_or_default().into()));
                }
                Ok(Record::Trade(trade)) => batch.trades.push(trade),
                Ok(Record::Candle(candle)) => batch.candles.push(*candle),
                Ok(Record::Frame(line)) => batch.frames.push((item.line, *line)),
                Ok(Record::Ignored(_)) => self.report.ignored += 1,
                Err(rejection) => self.reject(item.line, describe(&rejection), bad_lines)?,
            }
        }
        Ok(batch)
    }

    /// Keeps everything but frames, the catalogue first. A frame outside a capture is refused: without the frames around it, it
    /// says nothing.
    pub(super) async fn keep(&mut self, batch: Batch, bad_lines: BadLines) -> Result<(), TakeError> {
        for (line, _) in batch.frames {
            self.reject(line, STRAY_FRAME.to_owned(), bad_lines)?;
        }
        if !batch.series.is_empty() {
            let put = self.import.put_series(&batch.series).await?;
            self.report.count(put);
        }
        if !batch.events.is_empty() {
            let put = self.import.put_events(&batch.events).await?;
            self.report.kinds.events += put.inserted;
            self.report.count(put);
        }
        if !batch.markets.is_empty() {
            let put = self.import.put_markets(&batch.markets).await?;
            self.report.kinds.markets += put.inserted;
            self.report.count(put);
        }
        if !batch.candles.is_empty() {
            let put = self.import.put_candles(&batch.candles).await?;
            self.report.kinds.candles += put.inserted;
            self.report.count(put);
        }
        if !batch.trades.is_empty() {
            let put = self.import.put_trades(&batch.trades).await?;
            self.report.kinds.trades += put.inserted;
            self.report.count(put);
        }
        Ok(())
    }
}

/// Objects of one chunk by kind.
#[derive(Default)]
pub(super) struct Batch {
    series: Vec<kmi_domain::Series>,
    events: Vec<kmi_domain::Event>,
    markets: Vec<(kmi_domain::Market, String)>,
    candles: Vec<kmi_domain::Candle>,
    trades: Vec<kmi_domain::PublicTrade>,
    pub frames: Vec<(u64, kmi_kalshi::frame::CaptureLine<'static>)>,
}

type Reader = tokio::task::JoinHandle<Result<Option<kmi_kalshi::recording::Completeness>, RecordingError>>;

/// Decodes on a blocking thread; gives up when nobody listens any more.
fn read_ahead(mut recording: Recording) -> (mpsc::Receiver<Chunk>, Reader) {
    let (sender, chunks) = mpsc::channel(AHEAD);
    let reader = tokio::task::spawn_blocking(move || {
        loop {
            let items: Vec<Item> = recording.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
            let chunk = Chunk {
                items,
                bytes_read: recording.bytes_read(),
            };
            if chunk.items.is_empty() || sender.blocking_send(chunk).is_err() {
                return Ok(recording.completeness());
            }
        }
    });
    (chunks, reader)
}
