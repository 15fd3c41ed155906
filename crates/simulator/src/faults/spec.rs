//! What can go wrong on demand, as the admin door and a plan file write it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest time a fault may name: ten minutes.
pub const MAX_MS: u64 = 600_000;

/// A fault to be armed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// What goes wrong.
    pub kind: FaultKind,
    /// How often; once unless said otherwise, 1 to 1,000,000. Kinds that happen at once happen once.
    #[serde(default = "once")]
    pub count: u32,
    /// Chance that it strikes where it could, above 0 up to 1, drawn from the seed.
    #[serde(default = "always")]
    pub probability: f64,
    /// Milliseconds, for the kinds whose name ends so; how long a lost answer is held back for `timeout_after_execute`
    /// (default 30,000); how long a pause or maintenance lasts (default: until `resume`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// HTTP status of `status`: 429 or 500 to 599; 500 unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Only requests of this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only requests whose path (after `/trade-api/v2`) begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only messages of this WebSocket channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Only requests and connections of this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Every WebSocket connection is cut.
    Disconnect,
    /// WebSocket connections with a private subscription are cut.
    PrivateWsDrop,
    /// A sequenced message is lost: its `seq` is used up.
    SkipSeq,
    /// A fill message comes twice.
    DuplicateFill,
    /// Two fill messages come in the other order.
    ReorderFills,
    /// A request is answered so much later.
    DelayMs,
    /// A request is answered with this status and not executed.
    Status,
    /// The connection is cut before a request is executed.
    DropBeforeExecute,
    /// A request is executed, its answer never comes.
    TimeoutAfterExecute,
    /// The connection is cut, and the request executed so much later.
    ExecuteLateMs,
    /// Private reads show what was so long ago, until set again.
    StaleReadsMs,
    /// Trading pauses.
    Pause,
    /// Trading and the exchange go on.
    Resume,
    /// The whole exchange pauses and connections are cut.
    Maintenance,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [FaultKind; 14] = [
        FaultKind::Disconnect,
        FaultKind::PrivateWsDrop,
        FaultKind::SkipSeq,
        FaultKind::DuplicateFill,
        FaultKind::ReorderFills,
        FaultKind::DelayMs,
        FaultKind::Status,
        FaultKind::DropBeforeExecute,
        FaultKind::TimeoutAfterExecute,
        FaultKind::ExecuteLateMs,
        FaultKind::StaleReadsMs,
        FaultKind::Pause,
        FaultKind::Resume,
        FaultKind::Maintenance,
    ];

    /// The word the admin door uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            FaultKind::Disconnect => "disconnect",
            FaultKind::PrivateWsDrop => "private_ws_drop",
            FaultKind::SkipSeq => "skip_seq",
            FaultKind::DuplicateFill => "duplicate_fill",
            FaultKind::ReorderFills => "reorder_fills",
            FaultKind::DelayMs => "delay_ms",
            FaultKind::Status => "status",
            FaultKind::DropBeforeExecute => "drop_before_execute",
            FaultKind::TimeoutAfterExecute => "timeout_after_execute",
            FaultKind::ExecuteLateMs => "execute_late_ms",
            FaultKind::StaleReadsMs => "stale_reads_ms",
            FaultKind::Pause => "pause",
            FaultKind::Resume => "resume",
            FaultKind::Maintenance => "maintenance",
        }
    }

    /// True for kinds that happen at once; the others wait for a request or a message to strike.
    pub const fn is_immediate(self) -> bool {
        matches!(
            self,
            FaultKind::Disconnect
                | FaultKind::PrivateWsDrop
                | FaultKind::StaleReadsMs
                | FaultKind::Pause
                | FaultKind::Resume
                | FaultKind::Maintenance
        )
    }

    const fn needs_ms(self) -> bool {
        matches!(
            self,
            FaultKind::DelayMs | FaultKind::ExecuteLateMs | FaultKind::StaleReadsMs
        )
    }
}

/// Why a fault cannot be armed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// A field breaks its rule.
    #[error("{field}: {rule}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// Not JSON of a fault.
    #[error("{0}")]
    Malformed(String),
    /// A line of a plan is wrong.
    #[error("line {line}: {problem}")]
    Plan {
        /// Which, from 1.
        line: usize,
        /// What is wrong with it.
        problem: Box<FaultError>,
    },
}

impl FaultSpec {
    /// A fault of this kind that strikes the next time it can.
    pub fn of(kind: FaultKind) -> FaultSpec {
        FaultSpec {
            kind,
            count: 1,
            probability: 1.0,
            ms: None,
            status: None,
            method: None,
            path: None,
            channel: None,
            account: None,
        }
    }

    /// The same with `ms`.
    #[must_use]
    pub fn lasting(mut self, ms: u64) -> FaultSpec {
        self.ms = Some(ms);
        self
    }

    /// The same for requests of this method and path only.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> FaultSpec {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// Reads and checks one from JSON.
    ///
    /// # Errors
    /// [`FaultError`] naming the field.
    pub fn parse(json: &[u8]) -> Result<FaultSpec, FaultError> {
        let spec: FaultSpec =
            serde_json::from_slice(json).map_err(|error| FaultError::Malformed(error.to_string()))?;
        spec.check()?;
        Ok(spec)
    }

    pub(super) fn check(&self) -> Result<(), FaultError> {
        let invalid = |field, rule| Err(FaultError::Invalid { field, rule });
        if !(1..=1_000_000).contains(&self.count) {
            return invalid("count", "1 to 1,000,000");
        }
        if !(self.probability > 0.0 && self.probability <= 1.0) {
            return invalid("probability", "above 0, at most 1");
        }
        if self.kind.is_immediate() && (self.count != 1 || self.probability < 1.0) {
            return invalid(
                "count",
                "and probability are for kinds that wait for a request or a message",
            );
        }
        if self.ms.is_some_and(|ms| ms > MAX_MS) {
            return invalid("ms", "at most 600,000");
        }
        if self.kind.needs_ms() && self.ms.is_none() {
            return invalid("ms", "is required for this kind");
        }
        if self
            .status
            .is_some_and(|status| status != 429 && !(500..600).contains(&status))
        {
            return invalid("status", "429, or 500 to 599");
        }
        Ok(())
    }

    pub(super) fn duration_or(&self, default_ms: u64) -> Duration {
        Duration::from_millis(self.ms.unwrap_or(default_ms))
    }
}

const fn once() -> u32 {
    1
}

const fn always() -> f64 {
    1.0
}
