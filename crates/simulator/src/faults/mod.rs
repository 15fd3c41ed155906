//! Faults on demand: what is armed, and where it strikes.
//!
//! The doors ask at every request and message whether something strikes; nothing else in the exchange knows of faults. Which
//! of several requests a fault strikes is decided by order of arrival and a seeded generator: the same requests in the same
//! order meet the same faults.

mod plan;
mod spec;
mod unleash;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use parking_lot::Mutex;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use tokio::sync::broadcast;

pub use plan::{Planned, parse_plan};
pub use spec::{FaultError, FaultKind, FaultSpec, MAX_MS};
pub use unleash::{follow_plan, resume_when_due, unleash};

/// Cuts a connection may fall behind before it is cut for that.
const CUT_CAPACITY: usize = 1_024;

/// How long an answer is held back that never comes.
const LOST_ANSWER_MS: u64 = 30_000;

/// What a request meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// Answered so much later.
    Delay(Duration),
    /// Answered with this status, not executed.
    Status(u16),
    /// Cut, not executed.
    DropBeforeExecute,
    /// Executed, then silent for so long, then cut.
    TimeoutAfterExecute(Duration),
    /// Cut now, executed so much later.
    ExecuteLate(Duration),
}

/// What a WebSocket message meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageFault {
    /// Its `seq` is used up, it is not sent.
    Lost,
    /// Sent twice.
    Twice,
    /// Sent after the next one of its kind.
    Late,
}

/// Which WebSocket connections are cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Only those with a private subscription.
    pub private_only: bool,
    /// Only those of this account.
    pub account: Option<String>,
}

/// What the exchange itself must do for a fault; the engine's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Nothing.
    None,
    /// Let private reads lag.
    StaleReads(Duration),
    /// Pause trading, for so long if said.
    PauseTrading(Option<Duration>),
    /// Pause everything, for so long if said.
    PauseExchange(Option<Duration>),
    /// End either pause.
    Resume,
}

/// A request as far as faults care.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Path after `/trade-api/v2`.
    pub path: &'a str,
    /// Name of the account that signed it.
    pub account: Option<&'a str>,
}

/// Counts of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// Strikes still to come.
    pub armed: u64,
    /// Strikes so far.
    pub fired: u64,
}

/// What is armed. Cloning copies a handle.
#[derive(Clone, Debug)]
pub struct Faults {
    state: Arc<Mutex<State>>,
    cuts: broadcast::Sender<Cut>,
    /// Number of the last pause or resume: an end that was planned for an earlier pause ends nothing.
    pauses: Arc<AtomicU64>,
}

#[derive(Debug)]
struct State {
    armed: Vec<FaultSpec>,
    fired: BTreeMap<FaultKind, u64>,
    chance: ChaCha8Rng,
}

impl Faults {
    /// Nothing armed; chance comes from `seed`.
    pub fn new(seed: u64) -> Faults {
        let (cuts, _) = broadcast::channel(CUT_CAPACITY);
        let state = State {
            armed: Vec::new(),
            fired: BTreeMap::new(),
            chance: ChaCha8Rng::seed_from_u64(seed),
        };
        Faults {
            state: Arc::new(Mutex::new(state)),
            cuts,
            pauses: Arc::default(),
        }
    }

    /// Arms a fault; one of an immediate kind strikes now. Returns what the exchange itself must do.
    ///
    /// # Errors
    /// [`FaultError`] when a field breaks its rule.
    pub fn arm(&self, fault: FaultSpec) -> Result<Measure, FaultError> {
        fault.check()?;
        if !fault.kind.is_immediate() {
            self.state.lock().armed.push(fault);
            return Ok(Measure::None);
        }
        self.state.lock().count(fault.kind);
        Ok(self.strike(&fault))
    }

    fn strike(&self, fault: &FaultSpec) -> Measure {
        let pause = fault.ms.map(Duration::from_millis);
        let private_only = match fault.kind {
            FaultKind::StaleReadsMs => return Measure::StaleReads(fault.duration_or(0)),
            FaultKind::Pause => return Measure::PauseTrading(pause),
            FaultKind::Resume => return Measure::Resume,
            kind => kind == FaultKind::PrivateWsDrop,
        };
        // Nobody connected is no failure.
        let _ = self.cuts.send(Cut {
            private_only,
            account: fault.account.clone(),
        });
        if fault.kind == FaultKind::Maintenance {
            Measure::PauseExchange(pause)
        } else {
            Measure::None
        }
    }

    /// What this request meets.
    pub fn on_request(&self, request: RequestFacts<'_>) -> Option<RequestFault> {
        let mut state = self.state.lock();
        let fault = state.take(|fault| request_matches(fault, request))?;
        Some(match fault.kind {
            FaultKind::DelayMs => RequestFault::Delay(fault.duration_or(0)),
            FaultKind::DropBeforeExecute => RequestFault::DropBeforeExecute,
            FaultKind::TimeoutAfterExecute => {
                RequestFault::TimeoutAfterExecute(fault.duration_or(LOST_ANSWER_MS))
            }
            FaultKind::ExecuteLateMs => RequestFault::ExecuteLate(fault.duration_or(0)),
            _ => RequestFault::Status(fault.status.unwrap_or(500)),
        })
    }

    /// What a message of `channel` to a connection of `account` meets; `is_sequenced` if it carries a `seq`.
    pub fn on_message(&self, channel: &str, account: &str, sequence: Sequence) -> Option<MessageFault> {
        let mut state = self.state.lock();
        let fault = state.take(|fault| message_matches(fault, channel, account, sequence))?;
        Some(match fault.kind {
            FaultKind::SkipSeq => MessageFault::Lost,
            FaultKind::DuplicateFill => MessageFault::Twice,
            _ => MessageFault::Late,
        })
    }

    /// True if any message fault is armed: without one a fan-out need not ask for every message.
    pub fn has_message_faults(&self) -> bool {
        let is_message = |fault: &FaultSpec| {
            matches!(
                fault.kind,
                FaultKind::SkipSeq | FaultKind::DuplicateFill | FaultKind::ReorderFills
            )
        };
        self.state.lock().armed.iter().any(is_message)
    }

    /// Tells of connections to be cut from now on.
    pub fn cuts(&self) -> broadcast::Receiver<Cut> {
        self.cuts.subscribe()
    }

    /// Disarms everything.
    pub fn clear(&self) {
        self.state.lock().armed.clear();
    }

    /// What is armed and what struck, by kind.
    pub fn counts(&self) -> BTreeMap<&'static str, FaultCount> {
        let state = self.state.lock();
        let mut counts: BTreeMap<&'static str, FaultCount> = BTreeMap::new();
        for fault in &state.armed {
            counts.entry(fault.kind.as_str()).or_default().armed += u64::from(fault.count);
        }
        for (kind, fired) in &state.fired {
            counts.entry(kind.as_str()).or_default().fired = *fired;
        }
        counts
    }
}

/// Whether a message carries a `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// It does.
    Numbered,
    /// It does not.
    Free,
}

impl State {
    /// The first armed fault that fits and whose chance comes up; one strike of it is used.
    fn take(&mut self, fits: impl Fn(&FaultSpec) -> bool) -> Option<FaultSpec> {
        for index in 0..self.armed.len() {
            let fault = &self.armed[index];
            if !fits(fault) {
                continue;
            }
            let strikes = fault.probability >= 1.0 || self.chance.random::<f64>() < fault.probability;
            if strikes {
                return Some(self.use_one(index));
            }
        }
        None
    }

    fn use_one(&mut self, index: usize) -> FaultSpec {
        let fault = self.armed[index].clone();
        self.count(fault.kind);
        self.armed[index].count -= 1;
        if self.armed[index].count == 0 {
            self.armed.remove(index);
        }
        fault
    }

    fn count(&mut self, kind: FaultKind) {
        *self.fired.entry(kind).or_default() += 1;
    }
}

fn request_matches(fault: &FaultSpec, request: RequestFacts<'_>) -> bool {
    let kind = matches!(
        fault.kind,
        FaultKind::DelayMs
            | FaultKind::Status
            | FaultKind::DropBeforeExecute
            | FaultKind::TimeoutAfterExecute
            | FaultKind::ExecuteLateMs
    );
    kind && is(fault.method.as_deref(), |method| {
        method.eq_ignore_ascii_case(request.method)
    }) && is(fault.path.as_deref(), |path| request.path.starts_with(path))
        && is(fault.account.as_deref(), |account| {
            request.account == Some(account)
        })
}

fn message_matches(fault: &FaultSpec, channel: &str, account: &str, sequence: Sequence) -> bool {
    let kind = match fault.kind {
        FaultKind::SkipSeq => sequence == Sequence::Numbered,
        FaultKind::DuplicateFill | FaultKind::ReorderFills => channel == "fill",
        _ => false,
    };
    kind && is(fault.channel.as_deref(), |wanted| wanted == channel)
        && is(fault.account.as_deref(), |wanted| wanted == account)
}

/// True if there is no condition or it holds.
fn is(condition: Option<&str>, holds: impl Fn(&str) -> bool) -> bool {
    condition.is_none_or(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: RequestFacts<'_> = RequestFacts {
        method: "POST",
        path: "/portfolio/events/orders",
        account: Some("demo"),
    };

    #[test]
    fn a_fault_strikes_as_often_as_asked_and_only_where_it_fits() {
        let faults = Faults::new(1);
        let mut status = FaultSpec::of(FaultKind::Status).on("post", "/portfolio/events");
        status.count = 2;
        status.status = Some(503);
        assert_eq!(faults.arm(status), Ok(Measure::None));
        let read = RequestFacts {
            method: "GET",
            ..PLACE
        };
        assert_eq!(faults.on_request(read), None);
        assert_eq!(faults.on_request(PLACE), Some(RequestFault::Status(503)));
        assert_eq!(faults.on_request(PLACE), Some(RequestFault::Status(503)));
        assert_eq!(faults.on_request(PLACE), None);
        assert_eq!(faults.counts()["status"], FaultCount { armed: 0, fired: 2 });
    }

    #[test]
    fn the_same_seed_strikes_the_same_requests() {
        let strikes = |seed| {
            let faults = Faults::new(seed);
            let mut fault = FaultSpec::of(FaultKind::DropBeforeExecute);
            fault.count = 1_000;
            fault.probability = 0.3;
            faults.arm(fault).unwrap();
            (0..200)
                .map(|_| faults.on_request(PLACE).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(strikes(7), strikes(7));
        assert_ne!(strikes(7), strikes(8));
        let count = strikes(7).iter().filter(|struck| **struck).count();
        assert!((40..80).contains(&count), "{count} of 200 at 0.3");
    }

    #[test]
    fn a_skipped_number_strikes_sequenced_messages_only() {
        let faults = Faults::new(1);
        faults.arm(FaultSpec::of(FaultKind::SkipSeq)).unwrap();
        assert!(faults.has_message_faults());
        assert_eq!(faults.on_message("ticker", "demo", Sequence::Free), None);
        assert_eq!(
            faults.on_message("orderbook_delta", "demo", Sequence::Numbered),
            Some(MessageFault::Lost)
        );
        assert!(!faults.has_message_faults());
    }

    #[tokio::test]
    async fn maintenance_cuts_connections_and_pauses_everything() {
        let faults = Faults::new(1);
        let mut cuts = faults.cuts();
        let measure = faults
            .arm(FaultSpec::of(FaultKind::Maintenance).lasting(2_000))
            .unwrap();
        assert_eq!(measure, Measure::PauseExchange(Some(Duration::from_secs(2))));
        let everything = Cut {
            private_only: false,
            account: None,
        };
        assert_eq!(cuts.recv().await, Ok(everything));
    }

    #[test]
    fn a_fault_that_breaks_a_rule_is_refused_with_the_rule() {
        let refused = |json: &str| FaultSpec::parse(json.as_bytes()).unwrap_err().to_string();
        assert_eq!(refused(r#"{"kind":"delay_ms"}"#), "ms: is required for this kind");
        assert_eq!(
            refused(r#"{"kind":"status","status":404}"#),
            "status: 429, or 500 to 599"
        );
        assert_eq!(
            refused(r#"{"kind":"disconnect","count":0}"#),
            "count: 1 to 1,000,000"
        );
        assert!(refused(r#"{"kind":"meteor"}"#).contains("unknown variant `meteor`"));
        assert!(refused(r#"{"kind":"pause","minutes":3}"#).contains("unknown field `minutes`"));
    }

    #[test]
    fn every_kind_is_written_as_the_admin_door_reads_it() {
        for kind in FaultKind::ALL {
            let json = format!(r#"{{"kind":"{}","ms":5}}"#, kind.as_str());
            assert_eq!(FaultSpec::parse(json.as_bytes()).map(|spec| spec.kind), Ok(kind));
        }
    }
}
