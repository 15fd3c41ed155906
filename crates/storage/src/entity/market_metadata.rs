//! Table `market_metadata`.

use crate::row::table;

table! {
    /// What the exchange sent about a market, at every change of metadata.
    "market_metadata", key ["ticker_id", "hash"], {
        /// Market.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker_id: i64,
        /// Hash of the metadata, quotes left out.
        #[sea_orm(primary_key, auto_increment = false)]
        hash: String,
        /// When it changed, where the exchange said.
        updated_time: Option<i64>,
        /// JSON as received; absent once archived.
        raw: Option<String>,
    }
}
