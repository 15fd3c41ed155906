//! How whole what is kept is: gaps, certificates, cycles of the poller.

use kmi_domain::Timestamp;
use kmi_storage::{BookCertificate, Completeness, Gap, PollCycle};
use serde::Serialize;
use utoipa::ToSchema;

use super::{text, text_or_null};

/// A span in which something may be missing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Gap)]
pub(crate) struct GapView {
    /// What is missing: `trades`, `books` or `snapshots`.
    kind: &'static str,
    /// Of which market; null for all.
    ticker: Option<String>,
    /// Last instant known to be whole.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    from: Timestamp,
    /// First instant whole again; null while it goes on.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    to: Option<Timestamp>,
    /// Why.
    reason: String,
    /// What became of it: `open`, `filled` or `unfillable`.
    state: &'static str,
    /// When it was filled or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(serialize_with = "text_or_null")]
    closed_at: Option<Timestamp>,
    /// What filled it.
    source: Option<String>,
    /// Rows found for it.
    rows: Option<u64>,
}

impl From<&Gap> for GapView {
    fn from(gap: &Gap) -> GapView {
        GapView {
            kind: gap.key.kind.as_str(),
            ticker: gap.key.ticker.as_ref().map(ToString::to_string),
            from: gap.key.from,
            to: gap.to,
            reason: gap.reason.clone(),
            state: gap.state.as_str(),
            closed_at: gap.closed,
            source: gap.source.clone(),
            rows: gap.rows,
        }
    }
}

/// What a recording of an order book says of itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Certificate)]
pub(crate) struct CertificateView {
    /// Market.
    ticker: String,
    /// Start of the hour.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    hour: Timestamp,
    /// Hash that names the recording.
    capture: String,
    /// When the first frame of the hour was received.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    from: Timestamp,
    /// Until when it was recorded, within the hour.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    to: Timestamp,
    /// Sequence number of the first frame that has one.
    first_seq: Option<u64>,
    /// Sequence number of the last.
    last_seq: Option<u64>,
    /// Book frames.
    frames: u64,
    /// Trades.
    trades: u64,
    /// Times the book was lost.
    gaps: u64,
    /// Hash of the book at the end; null where it was lost then.
    book_hash: Option<String>,
    /// Whether every change of the book between `from` and `to` was recorded.
    complete: bool,
}

impl From<&BookCertificate> for CertificateView {
    fn from(certificate: &BookCertificate) -> CertificateView {
        CertificateView {
            ticker: certificate.ticker.to_string(),
            hour: certificate.hour,
            capture: certificate.capture.clone(),
            from: certificate.from,
            to: certificate.to,
            first_seq: certificate.first_seq,
            last_seq: certificate.last_seq,
            frames: certificate.frames,
            trades: certificate.trades,
            gaps: certificate.gaps,
            book_hash: certificate.book_hash.clone(),
            complete: certificate.completeness() == Completeness::Complete,
        }
    }
}

/// A full sweep of the poller.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PollCycle)]
pub(crate) struct CycleView {
    /// Who did it.
    holder: String,
    /// Epoch of the lease.
    epoch: i64,
    /// Place within the epoch, from 1.
    number: u64,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    started_at: Timestamp,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "text")]
    ended_at: Timestamp,
    /// Markets seen.
    markets: u64,
    /// Markets of which something had changed.
    changed: u64,
    /// Pages read.
    pages: u64,
    /// Requests that failed for good.
    errors: u64,
    /// What the first of them said.
    first_error: Option<String>,
    /// Milliseconds between two cycles, as it was then.
    interval_ms: u64,
    /// Milliseconds between two cycles, as configured.
    wanted_interval_ms: u64,
}

impl From<&PollCycle> for CycleView {
    fn from(cycle: &PollCycle) -> CycleView {
        CycleView {
            holder: cycle.holder.clone(),
            epoch: cycle.fence.epoch,
            number: cycle.number,
            started_at: cycle.started,
            ended_at: cycle.ended,
            markets: cycle.markets,
            changed: cycle.changed,
            pages: cycle.pages,
            errors: cycle.errors,
            first_error: cycle.first_error.clone(),
            interval_ms: cycle.interval_ms,
            wanted_interval_ms: cycle.wanted_interval_ms,
        }
    }
}
