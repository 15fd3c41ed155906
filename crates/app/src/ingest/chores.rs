//! What is done now and then: asking whether the exchange is open, and keeping what is kept in order.

use std::sync::Arc;
use std::time::Duration;

use kmi_storage::StorageError;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use tokio_util::sync::CancellationToken;

use super::shared::Shared;
use super::status::ExchangeHealth;

/// Before the first look at what is due for the archive.
const FIRST_ROLL: Duration = Duration::from_mins(1);

/// Asks whether the exchange is open, until `stop`.
pub(super) async fn watch_exchange(shared: Arc<Shared>, stop: CancellationToken) {
    let mut ticks = interval(shared.settings.exchange_status_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = ask(&shared) => {}
        }
    }
}

async fn ask(shared: &Shared) {
    let asked = shared.clock.now();
    match shared.rest.exchange_status().await {
        Ok(status) => {
            let health = ExchangeHealth {
                active: Some(status.exchange_active),
                trading: Some(status.trading_active),
                resumes: status.exchange_estimated_resume_time,
                as_of: Some(asked),
            };
            shared.monitor.update(|told| told.exchange = health);
            shared.board.take_exchange_status(status);
        }
        // What was said last stays, with its time.
        Err(error) => tracing::warn!(%error, "the exchange does not say whether it is open"),
    }
}

/// Moves days that are old enough to the archive, and forgets old cycles, while this process leads, until `stop`. Others may write
/// meanwhile.
pub(super) async fn keep_house(shared: Arc<Shared>, stop: CancellationToken) {
    let every = shared.settings.retention.every.max(FIRST_ROLL);
    let mut ticks = interval_at(Instant::now() + FIRST_ROLL, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if shared.fence().is_none() {
            continue;
        }
        tokio::select! {
            // A move that is broken off leaves everything as it was before its current piece.
            () = stop.cancelled() => return,
            () = roll(&shared) => {}
        }
        prune(&shared).await;
    }
}

async fn roll(shared: &Shared) {
    let Some(hot) = shared.settings.retention.hot else {
        return;
    };
    match shared.keeper.roll(shared.clock.now().minus(hot)).await {
        Ok(report) if report.files.is_empty() => {}
        Ok(report) => tracing::info!(files = report.files.len(), "moved old days to the archive"),
        Err(error @ StorageError::Changed { .. }) => tracing::info!(%error, "is moved next time"),
        Err(error) => tracing::warn!(%error, "old days could not be moved to the archive"),
    }
}

async fn prune(shared: &Shared) {
    let before = shared.clock.now().minus(shared.settings.retention.accounts);
    match shared.keeper.prune(before).await {
        Ok(pruned) if pruned.cycles + pruned.gaps == 0 => {}
        Ok(pruned) => tracing::info!(cycles = pruned.cycles, gaps = pruned.gaps, "forgot old accounts"),
        Err(error) => tracing::warn!(%error, "old accounts could not be forgotten"),
    }
}
