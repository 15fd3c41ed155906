//! Table `backtests`.

use crate::row::table;

table! {
    /// Backtests run, with the document they printed.
    "backtests", key ["id"], {
        /// Id.
        #[sea_orm(primary_key, auto_increment = false)]
        id: String,
        /// When it ran.
        created: i64,
        /// Name.
        strategy: String,
        /// Parameters as JSON.
        params: String,
        /// P&L after fees.
        pnl: i64,
        /// Fees.
        fees: i64,
        /// Fills.
        fills: i64,
        /// Whole result as JSON.
        document: String,
    }
}
