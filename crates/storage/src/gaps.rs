//! Times for which something is missing: [`Gap`].
//!
//! A gap is known by what is missing, of which market, and since when; so telling of it twice, or again after a restart,
//! makes one gap.

use kmi_domain::{Ticker, Timestamp};

use crate::catalogue::parse;
use crate::entity::data_gaps;
use crate::row::{Table, Value, damaged};
use crate::session::Session;
use crate::{StorageError, Store};

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum GapKind {
    /// Public trades.
    Trades,
    /// Frames of recorded books.
    Books,
    /// Quotes.
    Snapshots,
}

impl GapKind {
    const ALL: [GapKind; 3] = [GapKind::Trades, GapKind::Books, GapKind::Snapshots];

    /// Word used in the database and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            GapKind::Trades => "trades",
            GapKind::Books => "books",
            GapKind::Snapshots => "snapshots",
        }
    }
}

/// What became of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GapState {
    /// Nothing yet.
    Open,
    /// What was missing was fetched.
    Filled,
    /// What is missing can no longer be had.
    Unfillable,
}

impl GapState {
    const ALL: [GapState; 3] = [GapState::Open, GapState::Filled, GapState::Unfillable];

    /// Word used in the database and in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            GapState::Open => "open",
            GapState::Filled => "filled",
            GapState::Unfillable => "unfillable",
        }
    }
}

/// Which gap is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct GapKey {
    /// What is missing.
    pub kind: GapKind,
    /// Of which market; `None` for all.
    pub ticker: Option<Ticker>,
    /// Last instant known to be whole.
    pub from: Timestamp,
}

/// A gap as it is noticed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NewGap {
    /// Which.
    pub key: GapKey,
    /// First instant whole again; `None` while it goes on.
    pub to: Option<Timestamp>,
    /// Why, in words for people.
    pub reason: String,
}

/// How a gap ends.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum GapEnd {
    /// What was missing was fetched.
    Filled {
        /// From where: `backfill`, `historical`, …
        source: String,
        /// Rows found for it, perhaps none.
        rows: u64,
    },
    /// What is missing can no longer be had.
    Unfillable {
        /// Why, in words for people; takes the place of why it came about.
        reason: String,
    },
}

/// The end of a gap.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GapClosing {
    /// Which.
    pub key: GapKey,
    /// First instant whole again, where that was not told yet.
    pub to: Option<Timestamp>,
    /// When this was found.
    pub at: Timestamp,
    /// How it ends.
    pub end: GapEnd,
}

/// A gap with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which.
    pub key: GapKey,
    /// First instant whole again; `None` while it goes on.
    pub to: Option<Timestamp>,
    /// Why, in words for people.
    pub reason: String,
    /// What became of it.
    pub state: GapState,
    /// When it was filled or given up.
    pub closed: Option<Timestamp>,
    /// What filled it.
    pub source: Option<String>,
    /// Rows found for it.
    pub rows: Option<u64>,
}

impl TryFrom<data_gaps::Model> for Gap {
    type Error = StorageError;
    fn try_from(row: data_gaps::Model) -> Result<Gap, StorageError> {
        let kind = GapKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
        let state = GapState::ALL
            .into_iter()
            .find(|state| state.as_str() == row.state);
        let (Some(kind), Some(state)) = (kind, state) else {
            let found = format!("kind {:?}, state {:?}", row.kind, row.state);
            return Err(damaged("data_gaps", found));
        };
        let ticker = match row.ticker.as_str() {
            "" => None,
            ticker => Some(parse("data_gaps", ticker)?),
        };
        Ok(Gap {
            key: GapKey {
                kind,
                ticker,
                from: Timestamp::from_micros(row.from_time),
            },
            to: row.to_time.map(Timestamp::from_micros),
            reason: row.reason,
            state,
            closed: row.closed.map(Timestamp::from_micros),
            source: row.source,
            rows: row.row_count.map(i64::unsigned_abs),
        })
    }
}

/// Which gaps to read; every condition must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GapQuery {
    /// Only of this kind.
    pub kind: Option<GapKind>,
    /// Only those that concern this market, which those of all markets do.
    pub ticker: Option<Ticker>,
    /// Only in this state.
    pub state: Option<GapState>,
    /// Only those that had not ended by then.
    pub from: Option<Timestamp>,
    /// Only those that began before.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: u32,
}

impl Default for GapQuery {
    /// All gaps, the latest hundred.
    fn default() -> GapQuery {
        GapQuery {
            kind: None,
            ticker: None,
            state: None,
            from: None,
            to: None,
            limit: 100,
        }
    }
}

const GAPS: Table = data_gaps::Model::TABLE;

impl Store {
    /// Notes a gap. Told again, it learns its end if it had none; one that was closed stays as it is. True when it is new
    /// or learnt something.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_gap(&self, gap: &NewGap) -> Result<bool, StorageError> {
        let mut session = self.short_writer().await?;
        let touched = open(&mut session, gap).await?;
        session.commit().await?;
        Ok(touched > 0)
    }

    /// Ends a gap: filled, or given up. One given up may still be filled; one filled stays as it is. False when there was
    /// nothing to end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn close_gap(&self, closing: &GapClosing) -> Result<bool, StorageError> {
        let mut session = self.short_writer().await?;
        let touched = close(&mut session, closing).await?;
        session.commit().await?;
        Ok(touched > 0)
    }

    /// Gaps, those that began last first.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn gaps(&self, query: &GapQuery) -> Result<Vec<Gap>, StorageError> {
        let sql = format!(
            "SELECT {} FROM data_gaps WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR ticker = '' OR ticker = $2) \
             AND ($3 = '' OR state = $3) AND (to_time IS NULL OR to_time > $4) AND from_time < $5 \
             ORDER BY from_time DESC, kind, ticker LIMIT $6",
            GAPS.column_list()
        );
        let values = vec![
            Value::from(query.kind.map_or("", GapKind::as_str)),
            Value::from(query.ticker.as_ref().map_or("", Ticker::as_str)),
            Value::from(query.state.map_or("", GapState::as_str)),
            Value::Int(query.from.map_or(i64::MIN, Timestamp::micros)),
            Value::Int(query.to.map_or(i64::MAX, Timestamp::micros)),
            Value::Int(i64::from(query.limit)),
        ];
        let found = self.reader().await?.query(&sql, values).await?;
        let rows = found.into_rows();
        rows.map(|mut row| Gap::try_from(data_gaps::Model::from_fields(&mut row)?))
            .collect()
    }
}

fn key(key: &GapKey) -> [Value; 3] {
    [
        Value::from(key.kind.as_str()),
        Value::from(key.ticker.as_ref().map_or("", Ticker::as_str)),
        Value::Int(key.from.micros()),
    ]
}

fn instant(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| Value::Int(time.micros()))
}

/// Notes a gap; says how many rows that touched.
pub(crate) async fn open(session: &mut Session, gap: &NewGap) -> Result<u64, StorageError> {
    let sql = "INSERT INTO data_gaps (kind, ticker, from_time, to_time, reason, state) \
               VALUES ($1, $2, $3, $4, $5, 'open') \
               ON CONFLICT (kind, ticker, from_time) DO UPDATE SET to_time = excluded.to_time \
               WHERE data_gaps.state = 'open' AND data_gaps.to_time IS NULL AND excluded.to_time IS NOT NULL";
    let mut values = key(&gap.key).to_vec();
    values.push(instant(gap.to));
    values.push(Value::from(gap.reason.as_str()));
    session.execute(sql, values).await
}

/// Ends a gap; says how many rows that touched.
pub(crate) async fn close(session: &mut Session, closing: &GapClosing) -> Result<u64, StorageError> {
    let (state, what, rows) = match &closing.end {
        GapEnd::Filled { source, rows } => ("filled", source, Value::Int(rows.cast_signed())),
        GapEnd::Unfillable { reason } => ("unfillable", reason, Value::Null),
    };
    let column = match closing.end {
        GapEnd::Filled { .. } => "source",
        GapEnd::Unfillable { .. } => "reason",
    };
    let sql = format!(
        "UPDATE data_gaps SET state = '{state}', closed = $1, to_time = COALESCE(to_time, $2), {column} = $3, \
         row_count = $4 WHERE kind = $5 AND ticker = $6 AND from_time = $7 \
         AND (state = 'open' OR (state = 'unfillable' AND '{state}' = 'filled'))"
    );
    let mut values = vec![
        Value::Int(closing.at.micros()),
        instant(closing.to),
        Value::from(what.as_str()),
        rows,
    ];
    values.extend(key(&closing.key));
    session.execute(&sql, values).await
}
