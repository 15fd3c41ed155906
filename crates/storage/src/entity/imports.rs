//! Table `imports`.

use crate::row::table;

table! {
    /// Files read, by path and content.
    "imports", key ["path", "hash"], {
        /// Where from.
        #[sea_orm(primary_key, auto_increment = false)]
        path: String,
        /// Hash of the content; empty where not taken.
        #[sea_orm(primary_key, auto_increment = false)]
        hash: String,
        /// What it held.
        kind: String,
        /// Rows in it.
        row_count: i64,
        /// Rows that were new.
        inserted: i64,
        /// Rows that could not be read.
        rejected: i64,
        /// When.
        at: i64,
    }
}
