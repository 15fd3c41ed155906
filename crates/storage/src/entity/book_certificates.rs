//! Table `book_certificates`.

use crate::row::table;

table! {
    /// What a recording says of itself, per market and hour.
    "book_certificates", key ["ticker", "hour", "capture"], {
        /// Market.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker: String,
        /// Start of the hour.
        #[sea_orm(primary_key, auto_increment = false)]
        hour: i64,
        /// Hash that names the recording.
        #[sea_orm(primary_key, auto_increment = false)]
        capture: String,
        /// When recording of the market began, within the hour.
        from_time: i64,
        /// When it ended, within the hour.
        to_time: i64,
        /// First sequence number.
        first_seq: Option<i64>,
        /// Last sequence number.
        last_seq: Option<i64>,
        /// Book frames.
        frames: i64,
        /// Trades.
        trades: i64,
        /// Times the book was lost.
        gaps: i64,
        /// Hash of the book at the end; absent where it was lost then.
        book_hash: Option<String>,
    }
}
