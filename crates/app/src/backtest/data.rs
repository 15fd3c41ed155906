//! History from the store as the engine's input.

use std::collections::{BTreeMap, HashMap};

use kmi_backtest::feed::{DataKind, Dataset, DatasetBuilder, FeedEvent, FeedKind, MarketEnd};
use kmi_backtest::strategy::{MarketId, MarketInfo};
use kmi_domain::fees::FeeSchedule;
use kmi_domain::{EventTicker, Price, Quantity, Ticker, Timestamp};
use kmi_storage::{
    BookQuery, CaptureRecord, Completeness, MarketQuery, MarketRecord, StorageError, Store, TradeBatch,
    TradeQuery,
};

use crate::captures;

use super::clocks::MarketClocks;
use super::{BacktestRequest, IncompleteCaptures};

/// The input of a run, and what is worth telling of it.
pub(super) struct Loaded {
    pub data: Dataset,
    /// What YES means in each market.
    pub titles: BTreeMap<Ticker, String>,
    /// Events of markets that are not in the catalogue, or have no result.
    pub passed_over: u64,
    /// Markets selected that have no result yet: nothing can be booked of them, so they are not traded.
    pub unsettled: u64,
    /// Captures used that may lack frames.
    pub incomplete: Vec<String>,
    /// Captures of selected markets left out because they may lack frames.
    pub left_out: Vec<String>,
}

pub(super) async fn load(store: &Store, request: &BacktestRequest) -> Result<Loaded, StorageError> {
    let selected = store
        .markets(&MarketQuery {
            series: request.series.clone(),
            close_from: request.from,
            close_to: request.to,
            ..MarketQuery::default()
        })
        .await?;
    let count = selected.len();
    let records: Vec<_> = selected
        .into_iter()
        .filter(|record| record.market.result.is_some())
        .collect();
    let unsettled = (count - records.len()) as u64;
    let mut intake = Intake::new(request.data, &records);
    let captures = captures::of_markets(store, |ticker| intake.by_ticker.contains_key(ticker)).await?;
    let (filtered, complete): (Vec<_>, Vec<_>) = captures
        .iter()
        .partition(|capture| capture.completeness == Completeness::Filtered);
    let (mut incomplete, mut left_out) = (captures::names(&filtered), Vec::new());
    match (request.data, request.incomplete) {
        (DataKind::Tape, _) => intake.read_tape(store, request).await?,
        (DataKind::Books, IncompleteCaptures::Take) => {
            intake
                .read_books(store, &captures.iter().collect::<Vec<_>>())
                .await?;
        }
        (DataKind::Books, IncompleteCaptures::LeaveOut) => {
            std::mem::swap(&mut incomplete, &mut left_out);
            intake.read_books(store, &complete).await?;
        }
    }
    let titles = records
        .iter()
        .map(|record| (record.market.ticker.clone(), title(record)))
        .collect();
    Ok(Loaded {
        data: intake.builder.build(),
        titles,
        passed_over: intake.passed_over,
        unsettled,
        incomplete,
        left_out,
    })
}

/// Markets numbered, and their events collected.
struct Intake {
    builder: DatasetBuilder,
    by_ticker: HashMap<Ticker, MarketId>,
    passed_over: u64,
}

impl Intake {
    fn new(kind: DataKind, records: &[MarketRecord]) -> Intake {
        let mut builder = DatasetBuilder::new(kind);
        let mut groups: HashMap<EventTicker, u32> = HashMap::new();
        let mut by_ticker = HashMap::new();
        for record in records {
            let end = MarketEnd {
                result: record.market.result,
                settled_time: record.market.result_known_at(),
            };
            let id = builder.add_market(info(record, &mut groups), end);
            by_ticker.insert(record.market.ticker.clone(), id);
        }
        Intake {
            builder,
            by_ticker,
            passed_over: 0,
        }
    }

    /// Trades come in order of time and id. With a selection only its markets are read, else everything there is.
    async fn read_tape(&mut self, store: &Store, request: &BacktestRequest) -> Result<(), StorageError> {
        let selects = !request.series.is_empty() || request.from.is_some() || request.to.is_some();
        let query = TradeQuery {
            tickers: selects.then(|| self.by_ticker.keys().cloned().collect()),
            ..TradeQuery::default()
        };
        let mut trades = store.trades(query).await?;
        let markets: Vec<Option<MarketId>> = trades
            .tickers()
            .iter()
            .map(|ticker| self.by_ticker.get(ticker).copied())
            .collect();
        while let Some(batch) = trades.next().await? {
            self.push_trades(&batch, &markets);
        }
        Ok(())
    }

    fn push_trades(&mut self, batch: &TradeBatch, markets: &[Option<MarketId>]) {
        for place in 0..batch.len() {
            let (Some(market), Some(price)) = (
                markets[batch.market[place] as usize],
                Price::from_units(batch.price[place]),
            ) else {
                self.passed_over += 1;
                continue;
            };
            self.builder.push(FeedEvent {
                time: Timestamp::from_micros(batch.time[place]),
                market,
                kind: FeedKind::Trade {
                    price,
                    quantity: Quantity::from_units(batch.quantity[place]),
                    taker: batch.taker[place],
                },
            });
        }
    }

    async fn read_books(&mut self, store: &Store, captures: &[&CaptureRecord]) -> Result<(), StorageError> {
        let query = BookQuery {
            tickers: Some(self.by_ticker.keys().cloned().collect()),
            captures: Some(captures.iter().map(|capture| capture.hash.clone()).collect()),
            ..BookQuery::default()
        };
        let mut books = store.books(query).await?;
        let mut clocks = MarketClocks::default();
        while let Some(entries) = books.next().await? {
            for entry in entries {
                match self.by_ticker.get(&entry.ticker) {
                    Some(&market) => clocks.take(market, entry, &mut |event| self.builder.push(event)),
                    None => self.passed_over += 1,
                }
            }
        }
        clocks.finish(&mut |event| self.builder.push(event));
        self.passed_over += clocks.repeated();
        Ok(())
    }
}

fn info(record: &MarketRecord, groups: &mut HashMap<EventTicker, u32>) -> MarketInfo {
    let market = &record.market;
    let exclusive_group = market
        .event
        .as_ref()
        .filter(|_| record.is_exclusive())
        .map(|event| {
            let next = u32::try_from(groups.len()).unwrap_or(u32::MAX);
            *groups.entry(event.clone()).or_insert(next)
        });
    MarketInfo {
        ticker: market.ticker.clone(),
        event: market.event.clone(),
        series: record.series_ticker().cloned(),
        category: record.category().map(str::to_owned),
        exclusive_group,
        open_time: market.open_time,
        close_time: market.close_time,
        grid: market.grid.clone(),
        fees: FeeSchedule::of(record.series.as_ref(), record.event.as_ref()),
    }
}

fn title(record: &MarketRecord) -> String {
    let event = record.event.as_ref().map_or("", |event| event.title.as_str());
    let yes = record.market.yes_sub_title.as_str();
    [event, yes]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(": ")
}
