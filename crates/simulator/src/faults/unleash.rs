//! Faults let loose on a running exchange: armed, or carried out at once, or after a plan.

use std::time::Duration;

use kmi_domain::Timestamp;
use tokio::time::Instant;

use super::{FaultError, FaultSpec, Faults, Measure, Planned};
use crate::core::Command;
use crate::engine::Engine;
use crate::records::Lag;

/// Arms a fault, or lets one of an immediate kind happen.
///
/// A pause that ends by itself ends in a task of its own; a `resume` before that ends it too.
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
    carry_out(engine, command).await;
    if let Some(lasting) = lasting {
        let engine = engine.clone();
        tokio::spawn(async move {
            tokio::time::sleep(lasting).await;
            carry_out(&engine, Command::Resume).await;
        });
    }
    Ok(())
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
