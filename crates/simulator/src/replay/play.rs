//! Captures at a speed.

use std::time::Duration;

use kmi_domain::{Ticker, Timestamp};
use kmi_kalshi::recording::RecordingError;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Captures;
use super::timeline::{Step, Timeline};
use crate::core::Command;
use crate::engine::Engine;

/// Steps read ahead at once, and shown to the engine at once.
const READ_AHEAD: usize = 1_024;
const SHOWN_AT_ONCE: usize = 64;

/// How many recorded seconds pass in one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(Option<f64>);

impl Speed {
    /// `factor` times as fast as recorded; at 0, or below, or what is no number, as fast as possible.
    pub fn new(factor: f64) -> Speed {
        Speed((factor > 0.0 && factor.is_finite()).then_some(factor))
    }

    /// How many microseconds so many recorded ones take.
    pub(super) fn micros_of(self, recorded: i64) -> i64 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a float ends at the ends of the range"
        )]
        self.0.map_or(0, |factor| (recorded as f64 / factor) as i64)
    }
}

impl Captures {
    /// Plays the captures to an engine that lists their markets, beginning now; ends with them. What is refused, because its market
    /// was closed meanwhile, is passed over. Blocks no thread.
    ///
    /// # Errors
    /// When a file cannot be read any more.
    pub async fn play(&self, engine: &Engine, speed: Speed) -> Result<(), RecordingError> {
        let (sender, mut receiver) = mpsc::channel(8);
        let mut timeline = Timeline::open(&self.files, self.rule)?;
        let reader = tokio::task::spawn_blocking(move || read(&mut timeline, &sender));
        let mut player = Player {
            engine,
            speed,
            began: (self.span.0, Instant::now()),
            shown: Vec::new(),
        };
        while let Some(steps) = receiver.recv().await {
            for step in steps {
                player.play(&self.markets[step.market].ticker, step).await;
            }
        }
        player.show().await;
        reader.await.unwrap_or(Ok(()))
    }
}

/// Reads ahead until the end, or until nobody listens any more.
fn read(timeline: &mut Timeline, sender: &mpsc::Sender<Vec<Step>>) -> Result<(), RecordingError> {
    loop {
        let mut steps = Vec::with_capacity(READ_AHEAD);
        while steps.len() < READ_AHEAD
            && let Some(step) = timeline.next_step()?
        {
            steps.push(step);
        }
        let is_over = steps.is_empty();
        if is_over || sender.blocking_send(steps).is_err() {
            return Ok(());
        }
    }
}

struct Player<'a> {
    engine: &'a Engine,
    speed: Speed,
    /// First instant recorded, and when it was played.
    began: (Timestamp, Instant),
    /// Due, and not shown yet.
    shown: Vec<Command>,
}

impl Player<'_> {
    async fn play(&mut self, market: &Ticker, step: Step) {
        let (first, began) = self.began;
        let wait = self.speed.micros_of(step.at.micros_since(first));
        let due = began + Duration::from_micros(u64::try_from(wait).unwrap_or(0));
        if due > Instant::now() {
            self.show().await;
            sleep_until(due).await;
        }
        self.shown.push(Command::Replay {
            market: market.clone(),
            recorded_at: step.at,
            recorded: step.recorded,
        });
        if self.shown.len() >= SHOWN_AT_ONCE {
            self.show().await;
        }
    }

    async fn show(&mut self) {
        if self.shown.is_empty() {
            return;
        }
        for outcome in self.engine.submit_batch(std::mem::take(&mut self.shown)).await {
            if let Err(refusal) = outcome {
                tracing::debug!(%refusal, "a recorded frame was passed over");
            }
        }
        tokio::task::yield_now().await;
    }
}
