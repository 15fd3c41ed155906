//! Table `archive_files`.

use crate::row::table;

table! {
    /// The manifest: which files of the archive hold history.
    "archive_files", key ["path"], {
        /// Path below the archive, with forward slashes.
        #[sea_orm(primary_key, auto_increment = false)]
        path: String,
        /// `trades`, `markets`, `book` or `snapshots`.
        kind: String,
        /// Day in days since 1970, UTC.
        day: i64,
        /// Rows.
        row_count: i64,
        /// Time of the first row.
        first_time: i64,
        /// Time of the last row.
        last_time: i64,
        /// Size.
        bytes: i64,
        /// Hash of the file.
        hash: String,
        /// Hash of the capture a book file comes from.
        capture: Option<String>,
    }
}
