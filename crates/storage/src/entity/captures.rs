//! Table `captures`.

use crate::row::table;

table! {
    /// Recordings whose books are in the archive.
    "captures", key ["hash"], {
        /// Hash of the content.
        #[sea_orm(primary_key, auto_increment = false)]
        hash: String,
        /// Where it was read from.
        path: String,
        /// When its first frame was received.
        first_time: Option<i64>,
        /// When its last frame was received.
        last_time: Option<i64>,
        /// Lines.
        frames: i64,
        /// Book snapshots.
        snapshots: i64,
        /// Book deltas.
        deltas: i64,
        /// Trades.
        trades: i64,
        /// `complete` or `filtered`.
        completeness: String,
        /// Markets it has book frames or trades of, in order, a space between two.
        tickers: String,
    }
}
