//! Table `data_gaps`.

use crate::row::table;

table! {
    /// Times for which something is missing.
    "data_gaps", key ["kind", "ticker", "from_time"], {
        /// `trades`, `books` or `snapshots`.
        #[sea_orm(primary_key, auto_increment = false)]
        kind: String,
        /// Market; empty for all.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker: String,
        /// Last instant known to be whole.
        #[sea_orm(primary_key, auto_increment = false)]
        from_time: i64,
        /// First instant whole again; absent while it is not.
        to_time: Option<i64>,
        /// Why.
        reason: String,
        /// `open`, `filled` or `unfillable`.
        state: String,
        /// When it was filled or given up.
        closed: Option<i64>,
        /// What filled it.
        source: Option<String>,
        /// Rows found for it.
        row_count: Option<i64>,
    }
}
