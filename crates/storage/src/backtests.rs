//! Backtests that were run: [`BacktestRecord`].

use kmi_domain::{Action, Money, Price, Quantity, Side, Ticker, Timestamp};
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};

use crate::catalogue::{parse, price, units};
use crate::entity::{backtest_trades, backtests};
use crate::row::{Rows, Table, Value, damaged};
use crate::{StorageError, Store};

/// A fill of a backtest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacktestFill {
    /// When.
    pub time: Timestamp,
    /// Market.
    pub ticker: Ticker,
    /// Contract traded.
    pub side: Side,
    /// Bought or sold.
    pub action: Action,
    /// Price of that side.
    pub price: Price,
    /// Contracts.
    pub quantity: Quantity,
    /// Fee.
    pub fee: Money,
    /// Whether it crossed.
    pub is_taker: bool,
}

/// A backtest with everything it reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacktestRecord {
    /// Id, given by the caller.
    pub id: String,
    /// When it ran.
    pub created: Timestamp,
    /// Strategy.
    pub strategy: String,
    /// Parameters as a JSON object.
    pub params: String,
    /// P&L after fees.
    pub pnl: Money,
    /// Fees.
    pub fees: Money,
    /// The whole result as a JSON document.
    pub document: String,
    /// Every fill, in order of time.
    pub fills: Vec<BacktestFill>,
}

/// A line of the list of backtests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacktestListing {
    /// Id.
    pub id: String,
    /// When it ran.
    pub created: Timestamp,
    /// Strategy.
    pub strategy: String,
    /// Parameters as a JSON object.
    pub params: String,
    /// P&L after fees.
    pub pnl: Money,
    /// Fees.
    pub fees: Money,
    /// Number of fills.
    pub fills: u64,
}

const BACKTESTS: Table = backtests::Model::TABLE;
const FILLS: Table = backtest_trades::Model::TABLE;

impl Store {
    /// Keeps a backtest with its fills, all or nothing. An id that is there already stays as it is.
    ///
    /// # Errors
    /// [`StorageError`]; then nothing was kept.
    pub async fn save_backtest(&self, record: &BacktestRecord) -> Result<(), StorageError> {
        let row = backtests::Model {
            id: record.id.clone(),
            created: record.created.micros(),
            strategy: record.strategy.clone(),
            params: record.params.clone(),
            pnl: record.pnl.micros(),
            fees: record.fees.micros(),
            fills: i64::try_from(record.fills.len()).unwrap_or(i64::MAX),
            document: record.document.clone(),
        };
        let mut head = Rows::new(BACKTESTS.columns.len());
        head.push(row.into_values());
        let mut fills = Rows::with_capacity(FILLS.columns.len(), record.fills.len());
        for (number, fill) in (0..).zip(&record.fills) {
            fills.push(fill_row(&record.id, number, fill).into_values());
        }
        let mut session = self.writer().await?;
        session.insert_new(&BACKTESTS, head).await?;
        session.insert_new(&FILLS, fills).await?;
        session.commit().await
    }

    /// Removes a backtest with its fills. False when there was none.
    ///
    /// # Errors
    /// [`StorageError`]; then nothing was removed.
    pub async fn delete_backtest(&self, id: &str) -> Result<bool, StorageError> {
        let id = || vec![Value::from(id)];
        let mut session = self.short_writer().await?;
        session
            .execute("DELETE FROM backtest_trades WHERE backtest = $1", id())
            .await?;
        let gone = session
            .execute("DELETE FROM backtests WHERE id = $1", id())
            .await?;
        session.commit().await?;
        Ok(gone > 0)
    }

    /// Backtests kept, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list_backtests(&self) -> Result<Vec<BacktestListing>, StorageError> {
        use backtests::Column;
        type Line = (String, i64, String, String, i64, i64, i64);
        let lines: Vec<Line> = backtests::Entity::find()
            .select_only()
            .columns([
                Column::Id,
                Column::Created,
                Column::Strategy,
                Column::Params,
                Column::Pnl,
                Column::Fees,
                Column::Fills,
            ])
            .order_by_desc(Column::Created)
            .order_by_asc(Column::Id)
            .into_tuple()
            .all(&self.inner.orm)
            .await
            .map_err(|source| self.orm_error(source))?;
        let listing = |(id, created, strategy, params, pnl, fees, fills): Line| BacktestListing {
            id,
            created: Timestamp::from_micros(created),
            strategy,
            params,
            pnl: Money::from_micros(pnl),
            fees: Money::from_micros(fees),
            fills: fills.unsigned_abs(),
        };
        Ok(lines.into_iter().map(listing).collect())
    }

    /// The backtest of an id.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn backtest(&self, id: &str) -> Result<Option<BacktestRecord>, StorageError> {
        use sea_orm::{ColumnTrait, QueryFilter};
        let found = backtests::Entity::find_by_id(id.to_owned())
            .one(&self.inner.orm)
            .await;
        let Some(row) = found.map_err(|source| self.orm_error(source))? else {
            return Ok(None);
        };
        let fills = backtest_trades::Entity::find()
            .filter(backtest_trades::Column::Backtest.eq(id))
            .order_by_asc(backtest_trades::Column::Number)
            .all(&self.inner.orm)
            .await
            .map_err(|source| self.orm_error(source))?;
        Ok(Some(BacktestRecord {
            id: row.id,
            created: Timestamp::from_micros(row.created),
            strategy: row.strategy,
            params: row.params,
            pnl: Money::from_micros(row.pnl),
            fees: Money::from_micros(row.fees),
            document: row.document,
            fills: fills
                .into_iter()
                .map(BacktestFill::try_from)
                .collect::<Result<_, _>>()?,
        }))
    }
}

fn fill_row(id: &str, number: i64, fill: &BacktestFill) -> backtest_trades::Model {
    let action = match fill.action {
        Action::Buy => "buy",
        Action::Sell => "sell",
    };
    backtest_trades::Model {
        backtest: id.to_owned(),
        number,
        time: fill.time.micros(),
        ticker: fill.ticker.as_str().to_owned(),
        side: fill.side.as_str().to_owned(),
        action: action.to_owned(),
        price: units(fill.price),
        quantity: fill.quantity.units(),
        fee: fill.fee.micros(),
        is_taker: i16::from(fill.is_taker),
    }
}

impl TryFrom<backtest_trades::Model> for BacktestFill {
    type Error = StorageError;
    fn try_from(row: backtest_trades::Model) -> Result<BacktestFill, StorageError> {
        let side = match row.side.as_str() {
            "yes" => Side::Yes,
            "no" => Side::No,
            other => return Err(damaged("backtest_trades", format!("side {other:?}"))),
        };
        let action = match row.action.as_str() {
            "buy" => Action::Buy,
            "sell" => Action::Sell,
            other => return Err(damaged("backtest_trades", format!("action {other:?}"))),
        };
        Ok(BacktestFill {
            time: Timestamp::from_micros(row.time),
            ticker: parse("backtest_trades", &row.ticker)?,
            side,
            action,
            price: price("backtest_trades", i64::from(row.price))?,
            quantity: Quantity::from_units(row.quantity),
            fee: Money::from_micros(row.fee),
            is_taker: row.is_taker != 0,
        })
    }
}
