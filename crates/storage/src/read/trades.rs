//! Public trades, hot and archived, as one stream in order of time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kmi_domain::{Price, PublicTrade, Quantity, SeriesTicker, Side, Ticker, Timestamp, TradeId};
use rayon::prelude::*;
use tokio::sync::mpsc;

use crate::archive::{Archive, ArchiveKind, Wanted, decode_trades};
use crate::row::Value;
use crate::session::Session;
use crate::{StorageError, Store};

/// Which trades to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeQuery {
    /// First time wanted.
    pub from: Option<Timestamp>,
    /// First time no longer wanted.
    pub to: Option<Timestamp>,
    /// Only these markets, which are numbered in this order; `None` for all, numbered in order of ticker.
    pub tickers: Option<Vec<Ticker>>,
    /// Only markets of these series; empty for all. Not looked at when `tickers` are given.
    pub series: Vec<SeriesTicker>,
    /// Whether to read ids.
    pub ids: Ids,
}

/// Whether a reader wants the ids of trades, which are most of their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// No.
    #[default]
    Skip,
    /// Yes.
    Read,
}

/// Trades column by column, in order of time, then of the bytes of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradeBatch {
    /// Markets, as places in [`TradeBatches::tickers`].
    pub market: Vec<u32>,
    /// Times, microseconds since 1970 UTC.
    pub time: Vec<i64>,
    /// YES prices, units of $0.0001, at most 10 000.
    pub price: Vec<u16>,
    /// Contracts, units of 0.01.
    pub quantity: Vec<i64>,
    /// The contract each taker gained.
    pub taker: Vec<Side>,
    /// Matched off the book.
    pub is_block: Vec<bool>,
    /// Ids; empty unless asked for.
    pub ids: Vec<Box<str>>,
}

impl TradeBatch {
    /// Number of trades.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// The trade in a place, its market named by `tickers`. `None` past the end or when ids were not read.
    pub fn trade(&self, place: usize, tickers: &[Ticker]) -> Option<PublicTrade> {
        Some(PublicTrade {
            id: TradeId::new(&**self.ids.get(place)?).ok()?,
            ticker: tickers.get(*self.market.get(place)? as usize)?.clone(),
            time: Timestamp::from_micros(*self.time.get(place)?),
            yes_price: Price::from_units(*self.price.get(place)?)?,
            quantity: Quantity::from_units(*self.quantity.get(place)?),
            taker: *self.taker.get(place)?,
            is_block: *self.is_block.get(place)?,
        })
    }

    /// Sorted by time, then by the bytes of the id.
    fn sorted(self) -> TradeBatch {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| (self.time[a], &self.ids[a]).cmp(&(self.time[b], &self.ids[b])));
        TradeBatch {
            market: pick(&order, &self.market),
            time: pick(&order, &self.time),
            price: pick(&order, &self.price),
            quantity: pick(&order, &self.quantity),
            taker: pick(&order, &self.taker),
            is_block: pick(&order, &self.is_block),
            ids: pick(&order, &self.ids),
        }
    }

    /// Moves all of `other` to the end.
    fn append(&mut self, mut other: TradeBatch) {
        self.market.append(&mut other.market);
        self.time.append(&mut other.time);
        self.price.append(&mut other.price);
        self.quantity.append(&mut other.quantity);
        self.taker.append(&mut other.taker);
        self.is_block.append(&mut other.is_block);
        self.ids.append(&mut other.ids);
    }
}

fn pick<T: Clone>(order: &[usize], column: &[T]) -> Vec<T> {
    order.iter().map(|&place| column[place].clone()).collect()
}

/// Trades in batches, ordered within and between them. Ends early when dropped.
///
/// Memory: a few days of the wanted trades at a time.
#[derive(Debug)]
pub struct TradeBatches {
    tickers: Arc<[Ticker]>,
    batches: mpsc::Receiver<Result<TradeBatch, StorageError>>,
}

impl TradeBatches {
    /// Markets by the number the batches use.
    pub fn tickers(&self) -> &Arc<[Ticker]> {
        &self.tickers
    }

    /// The next trades, never none; `None` at the end.
    ///
    /// # Errors
    /// When the database does not answer or a file is damaged; nothing more comes then.
    pub async fn next(&mut self) -> Result<Option<TradeBatch>, StorageError> {
        self.batches.recv().await.transpose()
    }

    /// All trades at once: 26 bytes each, ids apart.
    ///
    /// # Errors
    /// As for [`TradeBatches::next`].
    pub async fn collect(mut self) -> Result<TradeBatch, StorageError> {
        let mut all = TradeBatch::default();
        while let Some(batch) = self.next().await? {
            all.append(batch);
        }
        Ok(all)
    }
}

/// Days decoded at once.
const DAYS_AT_ONCE: usize = 16;
/// Batches read ahead.
const AHEAD: usize = 8;

impl Store {
    /// Public trades in order of time, then of the bytes of their ids, from database and archive as one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn trades(&self, query: TradeQuery) -> Result<TradeBatches, StorageError> {
        let mut session = self.reader().await?;
        let (tickers, numbers) = markets_wanted(&mut session, &query).await?;
        let places: HashMap<Ticker, u32> = tickers
            .iter()
            .enumerate()
            .map(|(place, ticker)| (ticker.clone(), u32::try_from(place).unwrap_or(u32::MAX)))
            .collect();
        let tickers: Arc<[Ticker]> = tickers.into();
        let from = query.from.map_or(i64::MIN, Timestamp::micros);
        let to = query.to.map_or(i64::MAX, Timestamp::micros);
        let (sender, batches) = mpsc::channel(AHEAD);
        let reading = Reading {
            files: archived_days(&mut session, from, to).await?,
            session,
            archive: self.inner.archive.clone(),
            by_number: numbers
                .into_iter()
                .filter_map(|(number, ticker)| Some((number, *places.get(&ticker)?)))
                .collect(),
            places: Arc::new(places),
            bounds: (from, to),
            ids: query.ids,
        };
        tokio::spawn(async move {
            if let Err(error) = reading.run(&sender).await {
                drop(sender.send(Err(error)).await);
            }
        });
        Ok(TradeBatches { tickers, batches })
    }
}

/// The markets of a query in the order they are numbered, and their numbers in the database.
async fn markets_wanted(
    session: &mut Session,
    query: &TradeQuery,
) -> Result<(Vec<Ticker>, Vec<(i64, Ticker)>), StorageError> {
    let found = match &query.tickers {
        Some(tickers) => {
            let names = tickers
                .iter()
                .map(|ticker| Value::from(ticker.as_str()))
                .collect();
            session
                .find("SELECT id, ticker FROM tickers WHERE ticker", names)
                .await?
        }
        None if query.series.is_empty() => {
            session
                .query("SELECT id, ticker FROM tickers ORDER BY ticker", vec![])
                .await?
        }
        None => {
            let names = query
                .series
                .iter()
                .map(|series| Value::from(series.as_str()))
                .collect();
            let sql = "SELECT t.id, t.ticker FROM tickers t JOIN markets m ON m.ticker_id = t.id \
                       JOIN events e ON e.ticker = m.event WHERE e.series";
            session.find(sql, names).await?
        }
    };
    let mut numbers = Vec::with_capacity(found.len());
    for mut row in found.into_rows() {
        let number = row.take()?;
        numbers.push((
            number,
            crate::catalogue::parse("tickers", &row.take::<String>()?)?,
        ));
    }
    numbers.sort_by(|a: &(i64, Ticker), b| a.1.cmp(&b.1));
    numbers.dedup();
    let tickers = match &query.tickers {
        Some(tickers) => tickers.clone(),
        None => numbers.iter().map(|(_, ticker)| ticker.clone()).collect(),
    };
    Ok((tickers, numbers))
}

async fn archived_days(
    session: &mut Session,
    from: i64,
    to: i64,
) -> Result<BTreeMap<i64, Vec<String>>, StorageError> {
    let sql = "SELECT day, path FROM archive_files WHERE kind = $1 AND last_time >= $2 AND first_time < $3 \
               ORDER BY day, path";
    let kind = Value::from(ArchiveKind::Trades.as_str());
    let found = session
        .query(sql, vec![kind, Value::Int(from), Value::Int(to)])
        .await?;
    let mut days = BTreeMap::<i64, Vec<String>>::new();
    for mut row in found.into_rows() {
        days.entry(row.take()?).or_default().push(row.take()?);
    }
    Ok(days)
}

/// One pass over history, on one unchanging state of the database.
struct Reading {
    session: Session,
    archive: Archive,
    files: BTreeMap<i64, Vec<String>>,
    by_number: HashMap<i64, u32>,
    places: Arc<HashMap<Ticker, u32>>,
    bounds: (i64, i64),
    ids: Ids,
}

type Sender = mpsc::Sender<Result<TradeBatch, StorageError>>;

impl Reading {
    async fn run(mut self, sender: &Sender) -> Result<(), StorageError> {
        let hot = self.hot_days().await?;
        let archived = std::mem::take(&mut self.files);
        let days: BTreeSet<i64> = hot.iter().chain(archived.keys()).copied().collect();
        let days: Vec<i64> = days.into_iter().collect();
        let empty = Vec::new();
        for days in days.chunks(DAYS_AT_ONCE) {
            let mut loads = Vec::with_capacity(days.len());
            for day in days {
                let paths = archived.get(day).unwrap_or(&empty);
                loads.push(self.load(*day, paths, hot.contains(day)).await?);
            }
            let archive = self.archive.clone();
            let decoded = tokio::task::spawn_blocking(move || {
                loads
                    .into_par_iter()
                    .map(|load| load.decode(&archive))
                    .collect::<Vec<_>>()
            });
            for batch in decoded.await.map_err(|_| StorageError::Stopped)? {
                let batch = batch?;
                if !batch.is_empty() && sender.send(Ok(batch)).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Days that have rows in the database, found by stepping from one to the next.
    async fn hot_days(&mut self) -> Result<BTreeSet<i64>, StorageError> {
        let (mut from, to) = self.bounds;
        let mut days = BTreeSet::new();
        loop {
            let sql = "SELECT MIN(time) FROM public_trades WHERE time >= $1 AND time < $2";
            let found = self
                .session
                .query(sql, vec![Value::Int(from), Value::Int(to)])
                .await?;
            let first: Option<i64> = match found.into_rows().next() {
                Some(mut row) => row.take()?,
                None => None,
            };
            let Some(first) = first else {
                return Ok(days);
            };
            let day = Timestamp::from_micros(first).day();
            days.insert(day);
            from = Timestamp::from_day(day + 1).micros();
        }
    }

    /// Fetches what a day consists of.
    async fn load(
        &mut self,
        day: i64,
        paths: &[String],
        hot: bool,
    ) -> Result<Load<impl parquet::file::reader::ChunkReader + use<>>, StorageError> {
        let mut files = Vec::with_capacity(paths.len());
        for path in paths {
            files.push((path.clone(), self.archive.bytes(path).await?));
        }
        // The order of equal times is that of the ids, so they are needed where two sources meet.
        let several = files.len() + usize::from(hot) > 1;
        let ids = if several { Ids::Read } else { self.ids };
        let rows = if hot {
            self.hot_rows(day, ids).await?
        } else {
            TradeBatch::default()
        };
        Ok(Load {
            files,
            rows,
            ids,
            keep_ids: self.ids,
            several,
            places: self.places.clone(),
            bounds: self.bounds,
        })
    }

    async fn hot_rows(&mut self, day: i64, ids: Ids) -> Result<TradeBatch, StorageError> {
        let from = Timestamp::from_day(day).micros().max(self.bounds.0);
        let to = Timestamp::from_day(day + 1).micros().min(self.bounds.1);
        let id = match ids {
            Ids::Read => ", trade_id",
            Ids::Skip => "",
        };
        let sql = format!(
            "SELECT ticker_id, time, price, quantity, taker, block{id} FROM public_trades \
             WHERE time >= $1 AND time < $2 ORDER BY time, trade_id"
        );
        let found = self
            .session
            .query(&sql, vec![Value::Int(from), Value::Int(to)])
            .await?;
        let width = found.width;
        let mut batch = TradeBatch::default();
        for row in found.values.chunks_exact(width.max(1)) {
            self.push_hot(row, &mut batch)?;
        }
        Ok(batch)
    }

    fn push_hot(&self, row: &[Value], batch: &mut TradeBatch) -> Result<(), StorageError> {
        let [
            Value::Int(number),
            Value::Int(time),
            Value::Int(price),
            Value::Int(quantity),
            Value::Int(taker),
            Value::Int(block),
            id @ ..,
        ] = row
        else {
            return Err(crate::row::damaged("public_trades", "a number is missing"));
        };
        let Some(place) = self.by_number.get(number) else {
            return Ok(());
        };
        batch.market.push(*place);
        batch.time.push(*time);
        batch
            .price
            .push(crate::catalogue::price("public_trades", *price)?.units());
        batch.quantity.push(*quantity);
        batch.taker.push(if *taker == 0 { Side::Yes } else { Side::No });
        batch.is_block.push(*block != 0);
        if let [Value::Text(id)] = id {
            batch.ids.push(id.clone());
        }
        Ok(())
    }
}

/// What a day consists of, before it is decoded.
struct Load<F> {
    files: Vec<(String, F)>,
    rows: TradeBatch,
    ids: Ids,
    keep_ids: Ids,
    several: bool,
    places: Arc<HashMap<Ticker, u32>>,
    bounds: (i64, i64),
}

impl<F: parquet::file::reader::ChunkReader + 'static> Load<F> {
    fn decode(self, archive: &Archive) -> Result<TradeBatch, StorageError> {
        let mut batch = self.rows;
        let wanted = Wanted {
            markets: &self.places,
            from: self.bounds.0,
            to: self.bounds.1,
        };
        for (path, bytes) in self.files {
            decode_trades(bytes, wanted, self.ids, &mut batch)
                .map_err(|source| StorageError::parquet(&archive.file(&path), source))?;
        }
        if self.several {
            batch = batch.sorted();
        }
        if self.keep_ids == Ids::Skip {
            batch.ids.clear();
        }
        Ok(batch)
    }
}
