//! The tape, newest first: [`Store::recent_trades`].

use std::collections::HashMap;

use kmi_domain::{Price, PublicTrade, Quantity, Side, Ticker, Timestamp, TradeId};

use super::history::spans;
use super::{Ids, TradeBatch};
use crate::archive::{ArchiveKind, Wanted, decode_trades};
use crate::catalogue::parse;
use crate::row::{Fields, Value, damaged};
use crate::session::Session;
use crate::{StorageError, Store};

/// Which trades to read, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeQuery {
    /// Only of this market; `None` for all.
    pub ticker: Option<Ticker>,
    /// Only those older than this one, by time, then by the bytes of the id: the last of the page before.
    pub before: Option<(Timestamp, TradeId)>,
    /// First time wanted.
    pub from: Option<Timestamp>,
    /// First time no longer wanted.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

impl Default for TapeQuery {
    /// The latest hundred trades.
    fn default() -> TapeQuery {
        TapeQuery {
            ticker: None,
            before: None,
            from: None,
            to: None,
            limit: 100,
        }
    }
}

/// Most files of the archive read for one answer.
const MOST_FILES: usize = 256;

impl Store {
    /// Trades, newest first, those of one instant by the bytes of their ids, the greatest first; from the database, and
    /// from the archive where those do not suffice. For one answer at most 256 files of the archive are read.
    ///
    /// # Errors
    /// When the database does not answer, or a file is missing or damaged.
    pub async fn recent_trades(&self, query: &TapeQuery) -> Result<Vec<PublicTrade>, StorageError> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut session = self.reader().await?;
        let mut found = query.hot(&mut session).await?;
        let (from, to) = query.bounds();
        let files = spans(
            &mut session,
            ArchiveKind::Trades,
            query.ticker.as_ref(),
            (from, to),
        )
        .await?;
        let names = query.names(&mut session, files.is_empty()).await?;
        drop(session);
        for file in files.into_iter().take(MOST_FILES) {
            // Files come latest end first: once one ends before all that is wanted, so do the others.
            let oldest = limit.checked_sub(1).and_then(|last| found.get(last));
            if limit == 0 || oldest.is_some_and(|oldest| oldest.time.micros() > file.last) {
                break;
            }
            let archived = self.archived_trades(&file.path, &names, (from, to)).await?;
            found.extend(archived.into_iter().filter(|trade| query.admits(trade)));
            found.sort_by(|a, b| (b.time, b.id.as_str()).cmp(&(a.time, a.id.as_str())));
            found.truncate(limit);
        }
        Ok(found)
    }

    async fn archived_trades(
        &self,
        path: &str,
        names: &HashMap<Ticker, u32>,
        (from, to): (i64, i64),
    ) -> Result<Vec<PublicTrade>, StorageError> {
        let bytes = self.inner.archive.bytes(path).await?;
        let numbers = names.clone();
        let decoded = tokio::task::spawn_blocking(move || {
            let mut batch = TradeBatch::default();
            let wanted = Wanted {
                markets: &numbers,
                from,
                to,
            };
            decode_trades(bytes, wanted, Ids::Read, &mut batch).map(|()| batch)
        });
        let decoded = decoded.await.map_err(|_| StorageError::Stopped)?;
        let file = self.inner.archive.file(path);
        let batch = decoded.map_err(|source| StorageError::parquet(&file, source))?;
        let mut tickers: Vec<(u32, Ticker)> = names
            .iter()
            .map(|(name, number)| (*number, name.clone()))
            .collect();
        tickers.sort_unstable();
        let tickers: Vec<Ticker> = tickers.into_iter().map(|(_, ticker)| ticker).collect();
        let trades = (0..batch.len()).map(|place| batch.trade(place, &tickers));
        trades
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| damaged("archive", format!("{path} holds what is no trade")))
    }

    /// Trades of a market in `(after, until]` and the last one before, oldest first.
    pub(super) async fn trades_of(
        &self,
        ticker: &Ticker,
        after: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<PublicTrade>, StorageError> {
        let query = |from: Option<Timestamp>, to: Timestamp, limit| TapeQuery {
            ticker: Some(ticker.clone()),
            before: None,
            from,
            to: Some(to.plus_micros(1)),
            limit,
        };
        let mut trades = self
            .recent_trades(&query(Some(after.plus_micros(1)), until, u32::MAX))
            .await?;
        trades.extend(self.recent_trades(&query(None, after, 1)).await?);
        trades.reverse();
        Ok(trades)
    }
}

impl TapeQuery {
    fn bounds(&self) -> (i64, i64) {
        let to = self.to.map_or(i64::MAX, Timestamp::micros);
        let before = self
            .before
            .as_ref()
            .map_or(i64::MAX, |(time, _)| time.micros().saturating_add(1));
        (self.from.map_or(i64::MIN, Timestamp::micros), to.min(before))
    }

    fn admits(&self, trade: &PublicTrade) -> bool {
        self.before
            .as_ref()
            .is_none_or(|(time, id)| (trade.time, trade.id.as_str()) < (*time, id.as_str()))
    }

    async fn hot(&self, session: &mut Session) -> Result<Vec<PublicTrade>, StorageError> {
        let of_market = match self.ticker {
            Some(_) => "AND p.ticker_id = (SELECT id FROM tickers WHERE ticker = $5)",
            None => "",
        };
        let limit = if self.ticker.is_some() { "$6" } else { "$5" };
        let sql = format!(
            "SELECT t.ticker, p.time, p.trade_id, p.price, p.quantity, p.taker, p.block \
             FROM public_trades p JOIN tickers t ON t.id = p.ticker_id \
             WHERE p.time >= $1 AND p.time < $2 AND (p.time, p.trade_id) < ($3, $4) {of_market} \
             ORDER BY p.time DESC, p.trade_id DESC LIMIT {limit}"
        );
        let (from, to) = self.bounds();
        let before = self.before.as_ref();
        let mut values = vec![
            Value::Int(from),
            Value::Int(to),
            Value::Int(before.map_or(i64::MAX, |(time, _)| time.micros())),
            Value::from(before.map_or("", |(_, id)| id.as_str())),
        ];
        values.extend(self.ticker.as_ref().map(|ticker| Value::from(ticker.as_str())));
        values.push(Value::Int(i64::from(self.limit)));
        let rows = session.query(&sql, values).await?.into_rows();
        rows.map(trade).collect()
    }

    /// Markets to look for in the archive, numbered.
    async fn names(
        &self,
        session: &mut Session,
        nowhere: bool,
    ) -> Result<HashMap<Ticker, u32>, StorageError> {
        if let Some(ticker) = &self.ticker {
            return Ok(HashMap::from([(ticker.clone(), 0)]));
        }
        if nowhere {
            return Ok(HashMap::new());
        }
        let found = session.query("SELECT ticker FROM tickers", vec![]).await?;
        let names = found.into_rows().zip(0..).map(|(mut row, number)| {
            let name: Ticker = parse("tickers", &row.take::<String>()?)?;
            Ok((name, number))
        });
        names.collect()
    }
}

fn trade(mut row: Fields) -> Result<PublicTrade, StorageError> {
    const TABLE: &str = "public_trades";
    let ticker = parse("tickers", &row.take::<String>()?)?;
    let time = Timestamp::from_micros(row.take()?);
    let id: TradeId = parse(TABLE, &row.take::<String>()?)?;
    let yes_price: Price = crate::catalogue::price(TABLE, row.take()?)?;
    let quantity = Quantity::from_units(row.take()?);
    let taker: i64 = row.take()?;
    let block: i64 = row.take()?;
    Ok(PublicTrade {
        id,
        ticker,
        time,
        yes_price,
        quantity,
        taker: if taker == 0 { Side::Yes } else { Side::No },
        is_block: block != 0,
    })
}
