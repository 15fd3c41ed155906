//! Recorded captures as the market data of their markets.
//!
//! [`Captures::survey`] reads captures through once and says which markets they hold; [`Timeline`] reads them again, a frame at a
//! time, each market on one clock; [`Captures::play`] shows that to an engine at a chosen speed. At the end the markets stay open
//! with their last books.

mod clock;
mod listing;
mod play;
mod source;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::BTreeSet;
use std::path::PathBuf;

use kmi_domain::{Price, Ticker, Timestamp};
use kmi_kalshi::recording::RecordingError;
use kmi_kalshi::replay::SequenceRule;

use crate::core::{Recorded, Refusal};
pub use play::Speed;
pub use timeline::{Step, Timeline};

/// Captures that were read through once.
#[derive(Clone, Debug)]
pub struct Captures {
    files: Vec<PathBuf>,
    rule: SequenceRule,
    markets: Vec<CapturedMarket>,
    span: (Timestamp, Timestamp),
}

/// A market in captures.
#[derive(Clone, Debug)]
pub struct CapturedMarket {
    /// Name.
    pub ticker: Ticker,
    /// Snapshots, changes and trades.
    pub steps: u64,
    /// Trades among them.
    pub trades: u64,
    /// Every YES price seen.
    prices: BTreeSet<Price>,
}

/// Why captures cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// No book and no trade in any of them.
    #[error("no order book and no trade in what is to be replayed")]
    Nothing,
    /// A market could not be listed.
    #[error("{ticker} cannot be listed: {refusal}")]
    Listing {
        /// Market.
        ticker: Ticker,
        /// Why.
        refusal: Refusal,
    },
}

impl Captures {
    /// Reads captures through, which takes as long as reading them takes. Captures of the same market follow each other by their
    /// times of receipt.
    ///
    /// # Errors
    /// [`ReplayError`] when a file cannot be read to its end, or nothing is in them.
    pub fn survey(files: Vec<PathBuf>, rule: SequenceRule) -> Result<Captures, ReplayError> {
        let mut timeline = Timeline::open(&files, rule)?;
        let mut markets: Vec<CapturedMarket> = Vec::new();
        let mut span = (Timestamp::MAX, Timestamp::MIN);
        while let Some(step) = timeline.next_step()? {
            span = (span.0.min(step.at), span.1.max(step.at));
            let named = timeline.tickers()[markets.len()..]
                .iter()
                .map(CapturedMarket::named);
            markets.extend(named);
            markets[step.market].see(&step.recorded);
        }
        if markets.is_empty() {
            return Err(ReplayError::Nothing);
        }
        Ok(Captures {
            files,
            rule,
            markets,
            span,
        })
    }

    /// Their markets.
    pub fn markets(&self) -> &[CapturedMarket] {
        &self.markets
    }

    /// First and last instant recorded.
    pub fn span(&self) -> (Timestamp, Timestamp) {
        self.span
    }
}

impl CapturedMarket {
    fn named(ticker: &Ticker) -> CapturedMarket {
        CapturedMarket {
            ticker: ticker.clone(),
            steps: 0,
            trades: 0,
            prices: BTreeSet::new(),
        }
    }

    fn see(&mut self, recorded: &Recorded) {
        self.steps += 1;
        match recorded {
            Recorded::Snapshot { yes, no } => {
                self.prices.extend(yes.iter().map(|level| level.price));
                self.prices
                    .extend(no.iter().map(|level| level.price.complement()));
            }
            Recorded::Delta { side, price, .. } => {
                self.prices.insert(match side {
                    kmi_domain::Side::Yes => *price,
                    kmi_domain::Side::No => price.complement(),
                });
            }
            Recorded::Trade { price, .. } => {
                self.trades += 1;
                self.prices.insert(*price);
            }
            Recorded::Gap => {}
        }
    }
}
