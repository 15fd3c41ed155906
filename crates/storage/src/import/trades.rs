//! Trades and candles.

use std::collections::BTreeMap;

use kmi_domain::{Candle, Ohlc, PublicTrade, Side};

use super::{Archived, Import, Put, TickerIds};
use crate::StorageError;
use crate::catalogue::units;
use crate::entity::{candles, public_trades};
use crate::row::{Rows, Table, Value};
use crate::session::{NewRows, Session};

/// How a public trade reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum TradeSource {
    /// Someone's file.
    Import,
    /// The live stream.
    WebSocket,
    /// Regular polling.
    Poll,
    /// Fetched later to close a gap.
    Backfill,
}

impl TradeSource {
    pub(crate) const ALL: [TradeSource; 4] = [
        TradeSource::Import,
        TradeSource::WebSocket,
        TradeSource::Poll,
        TradeSource::Backfill,
    ];

    /// Word used in the archive.
    pub const fn as_str(self) -> &'static str {
        match self {
            TradeSource::Import => "import",
            TradeSource::WebSocket => "websocket",
            TradeSource::Poll => "poll",
            TradeSource::Backfill => "backfill",
        }
    }

    /// Number used in the database.
    pub(crate) fn number(self) -> i16 {
        match self {
            TradeSource::Import => 0,
            TradeSource::WebSocket => 1,
            TradeSource::Poll => 2,
            TradeSource::Backfill => 3,
        }
    }
}

const TRADES: Table = public_trades::Model::TABLE;
const CANDLES: Table = candles::Model::TABLE;

impl Import {
    /// Keeps trades from a file. Ids already known, here or in the archive, count as duplicates.
    ///
    /// # Errors
    /// [`StorageError`]; the import is then only good for dropping.
    pub async fn put_trades(&mut self, trades: &[PublicTrade]) -> Result<Put, StorageError> {
        self.put_trades_from(trades, TradeSource::Import).await
    }

    /// Keeps trades that reached us another way.
    ///
    /// # Errors
    /// As for [`Import::put_trades`].
    pub async fn put_trades_from(
        &mut self,
        trades: &[PublicTrade],
        source: TradeSource,
    ) -> Result<Put, StorageError> {
        let sourced: Vec<_> = trades.iter().map(|trade| (trade, source)).collect();
        let (session, ids) = (&mut self.session, &mut self.ids);
        let new = put_trades(session, ids, &mut self.archived, &sourced).await?;
        let without_market = self.known_markets.count_without(&mut self.session, &new).await?;
        let inserted = new.values().sum();
        let put = Put {
            inserted,
            duplicates: trades.len() as u64 - inserted,
            updated: 0,
            without_market,
        };
        self.total += put;
        Ok(put)
    }

    /// Keeps candles; a period already known stays as it is.
    ///
    /// # Errors
    /// As for [`Import::put_trades`].
    pub async fn put_candles(&mut self, candles: &[Candle]) -> Result<Put, StorageError> {
        self.ids
            .learn(&mut self.session, candles.iter().map(|candle| &candle.ticker))
            .await?;
        let mut rows = Rows::with_capacity(CANDLES.columns.len(), candles.len());
        for candle in candles {
            rows.push(candle_row(self.ids.number(&candle.ticker), candle).into_values());
        }
        let inserted = self.session.insert_new(&CANDLES, rows).await?.values().sum();
        let put = Put {
            inserted,
            duplicates: candles.len() as u64 - inserted,
            ..Put::default()
        };
        self.total += put;
        Ok(put)
    }
}

/// Adds trades whose ids are known neither here nor in the archive; says how many were new, by market.
pub(crate) async fn put_trades(
    session: &mut Session,
    ids: &mut TickerIds,
    archived: &mut Archived,
    trades: &[(&PublicTrade, TradeSource)],
) -> Result<NewRows, StorageError> {
    ids.learn(session, trades.iter().map(|(trade, _)| &trade.ticker))
        .await?;
    let mut by_day = BTreeMap::<i64, Vec<(&PublicTrade, TradeSource)>>::new();
    for (trade, source) in trades {
        by_day.entry(trade.time.day()).or_default().push((trade, *source));
    }
    let mut rows = Rows::with_capacity(TRADES.columns.len(), trades.len());
    for (day, mut trades) in by_day {
        archived.learn(session, day, &trades).await?;
        // In the order of the table's key, so that pages fill one after the other.
        trades.sort_by(|(a, _), (b, _)| (a.time, a.id.as_str()).cmp(&(b.time, b.id.as_str())));
        for (trade, source) in trades {
            if !archived.holds(trade) {
                rows.push(trade_row(ids.number(&trade.ticker), trade, source));
            }
        }
    }
    session.insert_new(&TRADES, rows).await
}

fn trade_row(ticker_id: i64, trade: &PublicTrade, source: TradeSource) -> [Value; 8] {
    let taker = match trade.taker {
        Side::Yes => 0,
        Side::No => 1,
    };
    [
        Value::Int(ticker_id),
        Value::Int(trade.time.micros()),
        Value::from(trade.id.as_str()),
        Value::Int(i64::from(trade.yes_price.units())),
        Value::Int(trade.quantity.units()),
        Value::Int(taker),
        Value::Int(i64::from(source.number())),
        Value::Int(i64::from(trade.is_block)),
    ]
}

fn candle_row(ticker_id: i64, candle: &Candle) -> candles::Model {
    let corners = |ohlc: Option<Ohlc>| {
        let part = |pick: fn(&Ohlc) -> kmi_domain::Price| ohlc.as_ref().map(|ohlc| units(pick(ohlc)));
        (
            part(|o| o.open),
            part(|o| o.high),
            part(|o| o.low),
            part(|o| o.close),
        )
    };
    let (bid_open, bid_high, bid_low, bid_close) = corners(candle.yes_bid);
    let (ask_open, ask_high, ask_low, ask_close) = corners(candle.yes_ask);
    let (price_open, price_high, price_low, price_close) = corners(candle.price);
    candles::Model {
        ticker_id,
        period_min: i32::try_from(candle.period_min).unwrap_or(i32::MAX),
        end_time: candle.end.micros(),
        bid_open,
        bid_high,
        bid_low,
        bid_close,
        ask_open,
        ask_high,
        ask_low,
        ask_close,
        price_open,
        price_high,
        price_low,
        price_close,
        mean: candle.mean.map(units),
        previous: candle.previous.map(units),
        volume: candle.volume.units(),
        open_interest: candle.open_interest.units(),
    }
}
