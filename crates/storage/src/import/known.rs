//! What an import remembers between batches, each bounded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kmi_domain::Ticker;

use crate::StorageError;
use crate::row::{Rows, Table, Value, Width};
use crate::session::Session;

/// Most tickers remembered before starting afresh.
const MOST_TICKERS: usize = 500_000;

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
        let wanted = self.unknown(tickers);
        self.learn_all(session, wanted).await
    }

    /// Those of the tickers whose numbers are yet to be learnt.
    pub(crate) fn unknown<'a>(&mut self, tickers: impl Iterator<Item = &'a Ticker>) -> BTreeSet<Ticker> {
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
        wanted
    }

    /// Learns the numbers of tickers, giving them out where there are none.
    pub(crate) async fn learn_all(
        &mut self,
        session: &mut Session,
        wanted: BTreeSet<Ticker>,
    ) -> Result<(), StorageError> {
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

    /// Number of a ticker, where it is known.
    pub(crate) fn get(&self, ticker: &Ticker) -> Option<i64> {
        self.numbers.get(ticker).copied()
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
