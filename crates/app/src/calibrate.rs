//! How well prices foretold results: [`calibrate`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use kmi_domain::scoring::{self, BinEdges, CalibrationBin, Scorer};
use kmi_domain::{Price, SeriesTicker, Ticker, Timestamp};
use kmi_storage::{Completeness, MarketQuery, MarketRecord, StorageError, Store, TradeBatch, TradeQuery};
use serde::Serialize;

use crate::captures;

/// Which markets to judge, when, and how to group them.
#[derive(Clone, Debug)]
pub struct CalibrationRequest {
    /// How long before the close the price is taken.
    pub horizon: Duration,
    /// Only markets of these series; empty for all.
    pub series: Vec<SeriesTicker>,
    /// Only markets of these categories; empty for all.
    pub categories: Vec<String>,
    /// First close time wanted.
    pub from: Option<Timestamp>,
    /// First close time no longer wanted.
    pub to: Option<Timestamp>,
    /// One more table for each group.
    pub by: Option<Grouping>,
    /// Price bins.
    pub edges: BinEdges,
}

/// What markets are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// The event's category.
    Category,
    /// The series.
    Series,
}

/// A calibration table with its scores, as `kmi calibrate --json` prints it. Scores are null without any market.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CalibrationReport {
    /// Seconds before the close at which the price was taken.
    pub horizon_s: u64,
    /// Markets judged.
    pub n: u64,
    /// Markets left out, by reason.
    pub skipped: Skipped,
    /// Figures over all markets.
    #[serde(flatten)]
    pub scores: ScoreReport,
    /// One line a bin, empty ones too.
    pub bins: Vec<BinReport>,
    /// Captures that may lack trades of the markets judged.
    pub incomplete_captures: Vec<String>,
    /// One table a group, in order of their keys; empty unless asked for.
    pub groups: Vec<GroupReport>,
}

/// Markets selected but not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// No result, or one that is neither yes nor no.
    pub no_result: u64,
    /// No public trade at or before the instant the price is taken.
    pub no_trade_before_horizon: u64,
}

/// Figures over some markets; all null without any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ScoreReport {
    /// Mean squared error of the price.
    pub brier: Option<f64>,
    /// Murphy's reliability over the bins; smaller is better.
    pub reliability: Option<f64>,
    /// Murphy's resolution over the bins; larger is better.
    pub resolution: Option<f64>,
    /// Base rate × (1 − base rate).
    pub uncertainty: Option<f64>,
    /// What the bins hide of the Brier score.
    pub within_bin: Option<f64>,
    /// Mean of −ln of the probability given to what happened.
    pub log_loss: Option<f64>,
    /// Expected calibration error over the bins.
    pub ece: Option<f64>,
    /// Share of markets that came out yes.
    pub base_rate: Option<f64>,
}

/// One bin of a calibration table; means are null in an empty bin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BinReport {
    /// Lowest price it holds.
    pub lo: f64,
    /// First price beyond it.
    pub hi: f64,
    /// Markets in it.
    pub n: u64,
    /// Their mean price.
    pub mean_price: Option<f64>,
    /// Share of them that came out yes.
    pub hit_rate: Option<f64>,
    /// Lower end of the hit rate's 95 % Wilson interval.
    pub ci_low: Option<f64>,
    /// Upper end.
    pub ci_high: Option<f64>,
}

/// The table of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupReport {
    /// Category or series; empty where unknown.
    pub key: String,
    /// Markets judged.
    pub n: u64,
    /// Figures.
    #[serde(flatten)]
    pub scores: ScoreReport,
    /// Its bins.
    pub bins: Vec<BinReport>,
}

impl From<Option<scoring::Scores>> for ScoreReport {
    fn from(scores: Option<scoring::Scores>) -> ScoreReport {
        let of = |figure: fn(&scoring::Scores) -> f64| scores.as_ref().map(figure);
        ScoreReport {
            brier: of(|s| s.brier),
            reliability: of(|s| s.reliability),
            resolution: of(|s| s.resolution),
            uncertainty: of(|s| s.uncertainty),
            within_bin: of(|s| s.within_bin),
            log_loss: of(|s| s.log_loss),
            ece: of(|s| s.ece),
            base_rate: of(|s| s.base_rate),
        }
    }
}

impl From<&CalibrationBin> for BinReport {
    fn from(bin: &CalibrationBin) -> BinReport {
        BinReport {
            lo: bin.lo.as_f64(),
            hi: bin.hi.as_f64(),
            n: bin.n,
            mean_price: bin.rates.map(|rates| rates.mean_price),
            hit_rate: bin.rates.map(|rates| rates.hit_rate),
            ci_low: bin.rates.map(|rates| rates.ci_low),
            ci_high: bin.rates.map(|rates| rates.ci_high),
        }
    }
}

/// Judges the price of every selected market with a result, `horizon` before its close, against that result.
///
/// The price is the YES price of the last public trade at or before that instant; of trades of one instant the one with
/// the highest id, by bytes, is last.
///
/// # Errors
/// When the store does not answer or is damaged.
pub async fn calibrate(
    store: &Store,
    request: &CalibrationRequest,
) -> Result<CalibrationReport, StorageError> {
    let markets = store
        .markets(&MarketQuery {
            series: request.series.clone(),
            categories: request.categories.clone(),
            close_from: request.from,
            close_to: request.to,
            ..MarketQuery::default()
        })
        .await?;
    let mut skipped = Skipped::default();
    let questions: Vec<Question<'_>> = markets
        .iter()
        .filter_map(|record| {
            let question = Question::of(record, request.horizon);
            skipped.no_result += u64::from(question.is_none());
            question
        })
        .collect();
    let judged: HashSet<&Ticker> = questions
        .iter()
        .map(|question| &question.record.market.ticker)
        .collect();
    let captures = captures::of_markets(store, |ticker| judged.contains(ticker)).await?;
    let filtered: Vec<_> = captures
        .iter()
        .filter(|capture| capture.completeness == Completeness::Filtered)
        .collect();
    let prices = last_prices(store, &questions).await?;
    let mut all = Scorer::new();
    let mut groups: BTreeMap<&str, Scorer> = BTreeMap::new();
    for (question, price) in questions.iter().zip(prices) {
        let Some(price) = price else {
            skipped.no_trade_before_horizon += 1;
            continue;
        };
        all.add(price, question.came_true.into());
        if let Some(by) = request.by {
            groups
                .entry(question.key(by))
                .or_default()
                .add(price, question.came_true.into());
        }
    }
    Ok(CalibrationReport {
        incomplete_captures: captures::names(&filtered),
        ..report(request, skipped, &all, &groups)
    })
}

/// A market with a yes-or-no result, and when its price is taken.
struct Question<'a> {
    record: &'a MarketRecord,
    at: Timestamp,
    came_true: bool,
}

impl<'a> Question<'a> {
    fn of(record: &'a MarketRecord, horizon: Duration) -> Option<Question<'a>> {
        let came_true = record.market.result?.outcome()?;
        let at = record.market.close_time?.minus(horizon);
        Some(Question {
            record,
            at,
            came_true,
        })
    }

    fn key(&self, by: Grouping) -> &'a str {
        match by {
            Grouping::Category => self.record.category().unwrap_or_default(),
            Grouping::Series => self.record.series_ticker().map_or("", SeriesTicker::as_str),
        }
    }
}

/// The last price of every question's market at or before its instant, in one pass over history.
async fn last_prices(store: &Store, questions: &[Question<'_>]) -> Result<Vec<Option<Price>>, StorageError> {
    let Some(latest) = questions.iter().map(|question| question.at).max() else {
        return Ok(Vec::new());
    };
    let query = TradeQuery {
        to: Some(latest.plus_micros(1)),
        ..TradeQuery::default()
    };
    let mut trades = store.trades(query).await?;
    let places: HashMap<&Ticker, usize> = questions
        .iter()
        .enumerate()
        .map(|(place, question)| (&question.record.market.ticker, place))
        .collect();
    let place_of: Vec<Option<usize>> = trades
        .tickers()
        .iter()
        .map(|ticker| places.get(ticker).copied())
        .collect();
    let cutoffs: Vec<i64> = questions.iter().map(|question| question.at.micros()).collect();
    let mut prices = vec![None; questions.len()];
    while let Some(batch) = trades.next().await? {
        note_prices(&batch, &place_of, &cutoffs, &mut prices);
    }
    Ok(prices)
}

/// Trades come in order of time and id, so the last one at or before the cut-off is the one that stays.
fn note_prices(
    batch: &TradeBatch,
    place_of: &[Option<usize>],
    cutoffs: &[i64],
    prices: &mut [Option<Price>],
) {
    for ((&market, &time), &price) in batch.market.iter().zip(&batch.time).zip(&batch.price) {
        let Some(place) = place_of[market as usize] else {
            continue;
        };
        if time <= cutoffs[place] {
            prices[place] = Price::from_units(price);
        }
    }
}

fn report(
    request: &CalibrationRequest,
    skipped: Skipped,
    all: &Scorer,
    groups: &BTreeMap<&str, Scorer>,
) -> CalibrationReport {
    let table = all.calibration(&request.edges);
    let groups = groups
        .iter()
        .map(|(key, scorer)| {
            let table = scorer.calibration(&request.edges);
            GroupReport {
                key: (*key).to_owned(),
                n: table.n,
                scores: table.scores.into(),
                bins: table.bins.iter().map(BinReport::from).collect(),
            }
        })
        .collect();
    CalibrationReport {
        horizon_s: request.horizon.as_secs(),
        n: table.n,
        skipped,
        scores: table.scores.into(),
        bins: table.bins.iter().map(BinReport::from).collect(),
        incomplete_captures: Vec::new(),
        groups,
    }
}
