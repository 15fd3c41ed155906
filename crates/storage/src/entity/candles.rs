//! Table `candles`.

use crate::row::table;

table! {
    /// History summed up by period.
    "candles", key ["ticker_id", "period_min", "end_time"], {
        /// Market.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker_id: i64,
        /// Minutes.
        #[sea_orm(primary_key, auto_increment = false)]
        period_min: i32,
        /// Inclusive end.
        #[sea_orm(primary_key, auto_increment = false)]
        end_time: i64,
        /// Bid open.
        bid_open: Option<i16>,
        /// Bid high.
        bid_high: Option<i16>,
        /// Bid low.
        bid_low: Option<i16>,
        /// Bid close.
        bid_close: Option<i16>,
        /// Ask open.
        ask_open: Option<i16>,
        /// Ask high.
        ask_high: Option<i16>,
        /// Ask low.
        ask_low: Option<i16>,
        /// Ask close.
        ask_close: Option<i16>,
        /// Trade price open.
        price_open: Option<i16>,
        /// Trade price high.
        price_high: Option<i16>,
        /// Trade price low.
        price_low: Option<i16>,
        /// Trade price close.
        price_close: Option<i16>,
        /// Mean trade price.
        mean: Option<i16>,
        /// Last trade before the period.
        previous: Option<i16>,
        /// Contracts traded.
        volume: i64,
        /// Contracts held.
        open_interest: i64,
    }
}
