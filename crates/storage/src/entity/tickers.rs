//! Table `tickers`.

use crate::row::table;

table! {
    /// Markets by number: hot tables keep the number.
    "tickers", key ["ticker"], {
        /// Number.
        #[sea_orm(primary_key)]
        id: i64,
        /// Name.
        ticker: String,
    }
}
