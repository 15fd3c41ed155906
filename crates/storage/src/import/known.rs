//! What an import remembers between batches, each bounded.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kmi_domain::{PublicTrade, Ticker};

use crate::StorageError;
use crate::archive::{Archive, ArchiveKind};
use crate::row::{Rows, Table, Value, Width};
use crate::session::Session;

/// Most tickers remembered before starting afresh.
const MOST_TICKERS: usize = 500_000;
/// Most archived days whose ids are remembered at once.
const MOST_DAYS: usize = 4;

const NAMES: Table = Table {
    name: "tickers",
    columns: &[("ticker", Width::Text)],
    key: &["ticker"],
};

/// Numbers of tickers, given out by the database.
#[derive(Default)]
pub(crate) struct TickerIds {
    numbers: HashMap<Ticker, i64>,
}

impl TickerIds {
    /// Makes sure every ticker has a number.
    pub(crate) async fn learn<'a>(
        &mut self,
        session: &mut Session,
        tickers: impl Iterator<Item = &'a Ticker>,
    ) -> Result<(), StorageError> {
        if self.numbers.len() > MOST_TICKERS {
            self.numbers.clear();
        }
        let mut wanted = BTreeSet::new();
        let mut last = None;
        for ticker in tickers {
            // Runs of one market are common, and cheaper to skip than to look up.
            if last != Some(ticker) && !self.numbers.contains_key(ticker) {
                wanted.insert(ticker.clone());
            }
            last = Some(ticker);
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(1);
        rows.push(wanted.iter().map(|ticker| Value::from(ticker.as_str())));
        session.insert_new(&NAMES, rows).await?;
        let names = wanted.iter().map(|ticker| Value::from(ticker.as_str())).collect();
        let found = session
            .find("SELECT ticker, id FROM tickers WHERE ticker", names)
            .await?;
        for mut row in found.into_rows() {
            let ticker = crate::catalogue::parse("tickers", &row.take::<String>()?)?;
            self.numbers.insert(ticker, row.take()?);
        }
        Ok(())
    }

    /// Number of a ticker that was learnt.
    pub(crate) fn number(&self, ticker: &Ticker) -> i64 {
        self.numbers[ticker]
    }
}

/// Which numbers have a row in the catalogue.
#[derive(Default)]
pub(super) struct KnownMarkets {
    known: HashMap<i64, bool>,
}

impl KnownMarkets {
    /// Forgets, because the catalogue changed.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Of rows counted by number, how many have no market.
    pub(super) async fn count_without(
        &mut self,
        session: &mut Session,
        counts: &BTreeMap<i64, u64>,
    ) -> Result<u64, StorageError> {
        let unknown: Vec<Value> = counts
            .keys()
            .filter(|id| !self.known.contains_key(id))
            .map(|id| Value::Int(*id))
            .collect();
        self.known.extend(
            counts
                .keys()
                .filter(|id| !self.known.contains_key(id))
                .map(|id| (*id, false))
                .collect::<Vec<_>>(),
        );
        let found = session
            .find("SELECT ticker_id FROM markets WHERE ticker_id", unknown)
            .await?;
        for mut row in found.into_rows() {
            self.known.insert(row.take()?, true);
        }
        Ok(counts
            .iter()
            .filter(|(id, _)| !self.known[id])
            .map(|(_, count)| count)
            .sum())
    }
}

/// Ids of trades that were moved to the archive, day by day as they are needed.
pub(super) struct ArchivedIds {
    archive: Archive,
    files: Option<BTreeMap<i64, Vec<String>>>,
    days: BTreeMap<i64, HashSet<Box<str>>>,
}

impl ArchivedIds {
    pub(super) fn new(archive: Archive) -> ArchivedIds {
        ArchivedIds {
            archive,
            files: None,
            days: BTreeMap::new(),
        }
    }

    /// Loads what is needed to judge these trades of one day.
    pub(super) async fn learn(&mut self, session: &mut Session, day: i64) -> Result<(), StorageError> {
        if self.files.is_none() {
            let sql = "SELECT day, path FROM archive_files WHERE kind = $1 ORDER BY path";
            let kind = Value::from(ArchiveKind::Trades.as_str());
            let mut files = BTreeMap::<i64, Vec<String>>::new();
            for mut row in session.query(sql, vec![kind]).await?.into_rows() {
                files.entry(row.take()?).or_default().push(row.take()?);
            }
            self.files = Some(files);
        }
        let Some(paths) = self.files.as_ref().and_then(|files| files.get(&day)) else {
            return Ok(());
        };
        if self.days.contains_key(&day) {
            return Ok(());
        }
        if self.days.len() >= MOST_DAYS {
            self.days.pop_first();
        }
        let mut ids = HashSet::new();
        for path in paths {
            ids.extend(self.archive.trade_ids(path).await?);
        }
        self.days.insert(day, ids);
        Ok(())
    }

    /// Whether a trade of a learnt day is in the archive.
    pub(super) fn holds(&self, trade: &PublicTrade) -> bool {
        self.days
            .get(&trade.time.day())
            .is_some_and(|ids| ids.contains(trade.id.as_str()))
    }
}
