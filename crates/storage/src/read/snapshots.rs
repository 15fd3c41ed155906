//! Quotes as they were kept.

use crate::entity::market_snapshots;
use crate::row::Table;
use crate::{MarketSnapshot, StorageError, Store};

const SNAPSHOTS: Table = market_snapshots::Model::TABLE;

impl Store {
    /// The latest snapshot of every market that has one in the database, by ticker: what a board begins with after a
    /// restart. Markets whose latest is in the archive are quiet for days, and left out.
    ///
    /// # Errors
    /// When the database does not answer or holds what was never written.
    pub async fn latest_snapshots(&self) -> Result<Vec<MarketSnapshot>, StorageError> {
        // Two sources may have one instant: the later in the order of sources comes last.
        let sql = format!(
            "SELECT t.ticker, {} FROM tickers t JOIN market_snapshots s ON s.ticker_id = t.id \
             AND s.time = (SELECT MAX(l.time) FROM market_snapshots l WHERE l.ticker_id = t.id) \
             ORDER BY t.ticker, s.source",
            columns("s")
        );
        let mut latest: Vec<MarketSnapshot> = Vec::new();
        for mut row in self.reader().await?.query(&sql, vec![]).await?.into_rows() {
            let ticker = crate::catalogue::parse("tickers", &row.take::<String>()?)?;
            let row = market_snapshots::Model::from_fields(&mut row)?;
            latest.pop_if(|before| before.ticker == ticker);
            latest.push(MarketSnapshot::from_row(ticker, &row)?);
        }
        Ok(latest)
    }
}

/// The columns of a snapshot, each with the table's short name.
fn columns(prefix: &str) -> String {
    let names = SNAPSHOTS
        .columns
        .iter()
        .map(|(name, _)| format!("{prefix}.{name}"));
    names.collect::<Vec<_>>().join(", ")
}
