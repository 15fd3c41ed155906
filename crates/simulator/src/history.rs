//! A recorded past from a seed: whole events from opening to settlement, with every trade, and some order books.
//!
//! Each event has a hidden probability that drifts as information comes out and ends at zero or one. Market makers quote
//! around the public's view of it, takers with and without knowledge trade against them through the domain's matching
//! engine, and the prints are what an exchange would have published. The public's view bends the hidden probability by
//! [`Params::odds_slope`], so that research on the history has something true to find.

mod catalogue;
mod floor;
mod trading;

use kmi_domain::{Event, Level, Market, Price, PublicTrade, Quantity, Series, Side, Ticker, Timestamp};

use crate::world::chance::Chance;

/// What kind of past is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    /// Markets in all; exactly so many are made.
    pub markets: usize,
    /// Midnight UTC that begins the period; the time of day is cut off.
    pub start: Timestamp,
    /// Days the events are spread over, at least [`Params::FEWEST_DAYS`]; the last ones settle within a day after.
    pub days: u16,
    /// Mean number of times someone acts in one market, above zero; about half of the acts end in a trade.
    pub acts_per_market: f64,
    /// Factor on the log-odds by which the public sees the hidden probability: 1 is an unbiased public, below 1 long shots
    /// are overpriced and favourites underpriced.
    pub odds_slope: f64,
    /// Quarter-hour markets whose order book is recorded as well, the first ones of the period; they trade ten times as much.
    pub recorded_books: usize,
}

impl Params {
    /// Least number of days a period has.
    pub const FEWEST_DAYS: u16 = 8;
}

impl Default for Params {
    /// 400 markets over 60 days from 2026-07-01, a mild favourite–longshot bias, four recorded books.
    fn default() -> Params {
        Params {
            markets: 400,
            // 2026-07-01 is day 20 635 since the epoch.
            start: Timestamp::from_day(20_635),
            days: 60,
            acts_per_market: 120.0,
            odds_slope: 0.85,
            recorded_books: 4,
        }
    }
}

/// One event as it was recorded, after the fact.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Series; the same for every event of it.
    pub series: Series,
    /// The event.
    pub event: Event,
    /// Its markets, settled, in the order the event lists them.
    pub markets: Vec<Market>,
    /// Trades of all its markets, oldest first; ids ascend with time.
    pub trades: Vec<PublicTrade>,
    /// Books and trades of its one market as they streamed, oldest first; empty unless the book was recorded.
    pub frames: Vec<Frame>,
    /// What nobody knew: the hidden probability of each market at the moment of each of its trades, in step with `trades`.
    pub hidden: Vec<f64>,
}

/// Something the market-data stream told.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Market.
    pub ticker: Ticker,
    /// When it was sent.
    pub time: Timestamp,
    /// What.
    pub body: FrameBody,
}

/// The three things a recorded stream tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameBody {
    /// The whole book: bids for YES and bids for NO, ascending by price of their own side. Opens every recording.
    Snapshot {
        /// Bids for YES.
        yes: Vec<Level>,
        /// Bids for NO, at NO prices.
        no: Vec<Level>,
    },
    /// Change of one level by a signed quantity.
    Delta {
        /// Whose bids.
        side: Side,
        /// Price of that side.
        price: Price,
        /// Contracts added, below zero for taken away.
        change: Quantity,
    },
    /// A print; the levels it took away follow as deltas of the same time.
    Trade(PublicTrade),
}

/// The past that `seed` and `params` stand for, event by event in the order of the catalogue; one event is held at a time.
///
/// Pure: the same arguments give the same events, to the last digit and on every machine.
pub fn generate(seed: u64, params: &Params) -> impl Iterator<Item = RecordedEvent> + use<> {
    let mut books_left = params.recorded_books;
    let (acts, slope) = (params.acts_per_market, params.odds_slope);
    catalogue::plans(params)
        .into_iter()
        .zip(0_u64..)
        .map(move |(plan, stream)| {
            let recorded = plan.outcomes.len() == 1 && books_left > 0;
            if recorded {
                books_left -= 1;
            }
            let life = trading::Life {
                stream,
                odds_slope: slope,
                acts_per_market: if recorded { acts * 10.0 } else { acts },
                recording: if recorded {
                    trading::Recording::Book
                } else {
                    trading::Recording::Trades
                },
            };
            trading::live(plan, &life, Chance::new(seed, stream))
        })
}

#[cfg(test)]
mod tests;
