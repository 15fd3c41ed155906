//! Table `market_snapshots`.

use crate::row::table;

table! {
    /// Quotes as they stood when something changed.
    "market_snapshots", key ["ticker_id", "time", "source"], {
        /// Market.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker_id: i64,
        /// When.
        #[sea_orm(primary_key, auto_increment = false)]
        time: i64,
        /// See [`crate::SnapshotSource`].
        #[sea_orm(primary_key, auto_increment = false)]
        source: i16,
        /// Sequence number of the stream.
        sequence: Option<i64>,
        /// Best bid.
        yes_bid: Option<i16>,
        /// Best ask.
        yes_ask: Option<i16>,
        /// Contracts at the bid.
        yes_bid_size: Option<i64>,
        /// Contracts at the ask.
        yes_ask_size: Option<i64>,
        /// Last trade.
        last_price: Option<i16>,
        /// Contracts traded ever.
        volume: Option<i64>,
        /// Contracts held.
        open_interest: Option<i64>,
    }
}
