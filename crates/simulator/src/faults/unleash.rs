//! Faults let loose on a running exchange: armed, or carried out at once, or after a plan.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kmi_domain::Timestamp;
use tokio::time::Instant;

use super::{FaultError, FaultSpec, Faults, Measure, Planned};
use crate::core::Command;
use crate::engine::Engine;
use crate::records::Lag;

/// Arms a fault, or lets one of an immediate kind happen.
///
/// A pause that ends by itself ends in a task of its own; whatever pauses or resumes before that takes its
/// place.
///
/// # Errors
/// [`FaultError`] when a field breaks its rule.
pub async fn unleash(engine: &Engine, faults: &Faults, fault: FaultSpec) -> Result<(), FaultError> {
    let measure = faults.arm(fault)?;
    let (command, lasting) = match measure {
        Measure::None => return Ok(()),
        Measure::StaleReads(lag) => {
            let micros = i64::try_from(lag.as_micros()).unwrap_or(i64::MAX);
            engine.adjust_records(|records| records.set_lag(Lag::of_micros(micros)));
            return Ok(());
        }
        Measure::Resume => (Command::Resume, None),
        Measure::PauseTrading(lasting) => {
            let until = lasting.map(|time| after(engine.now(), time));
            (Command::PauseTrading { until }, lasting)
        }
        Measure::PauseExchange(lasting) => {
            let until = lasting.map(|time| after(engine.now(), time));
            (Command::PauseExchange { until }, lasting)
        }
    };
    let number = faults.pauses.fetch_add(1, Ordering::Relaxed) + 1;
    carry_out(engine, command).await;
    if let Some(lasting) = lasting {
        tokio::spawn(resume_after(engine.clone(), faults.clone(), number, lasting));
    }
    Ok(())
}

/// Ends a pause that began before the exchange was restarted, when it was said to end.
pub async fn resume_when_due(engine: &Engine, faults: &Faults) {
    let number = faults.pauses.load(Ordering::Relaxed);
    let due = engine.read(|view| {
        let is_paused = !view.exchange.trading_active() || !view.exchange.exchange_active();
        view.exchange.resume_time().filter(|_| is_paused)
    });
    if let Some(due) = due {
        let wait = u64::try_from(due.micros_since(engine.now())).unwrap_or(0);
        resume_after(
            engine.clone(),
            faults.clone(),
            number,
            Duration::from_micros(wait),
        )
        .await;
    }
}

async fn resume_after(engine: Engine, faults: Faults, number: u64, lasting: Duration) {
    tokio::time::sleep(lasting).await;
    if faults.pauses.load(Ordering::Relaxed) == number {
        carry_out(&engine, Command::Resume).await;
    }
}

async fn carry_out(engine: &Engine, command: Command) {
    if let Err(refusal) = engine.submit(command).await {
        tracing::warn!(%refusal, "a fault could not be carried out");
    }
}

fn after(now: Timestamp, time: Duration) -> Timestamp {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.micros().saturating_add(micros))
}

/// Lets a plan loose: each fault at its moment, counted from now.
pub async fn follow_plan(engine: &Engine, faults: &Faults, plan: Vec<Planned>) {
    let started = Instant::now();
    for planned in plan {
        tokio::time::sleep_until(started + planned.at).await;
        tracing::info!(kind = planned.fault.kind.as_str(), "the plan's next fault");
        if let Err(error) = unleash(engine, faults, planned.fault).await {
            tracing::warn!(%error, "a fault of the plan is none");
        }
    }
}
