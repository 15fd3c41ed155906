//! Table `markets`.

use crate::row::table;

table! {
    /// Binary questions.
    "markets", key ["ticker_id"], {
        /// Number of its name.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker_id: i64,
        /// Event.
        event: Option<String>,
        /// Title.
        title: String,
        /// What YES means.
        yes_sub_title: String,
        /// What NO means.
        no_sub_title: String,
        /// First instant of trading.
        open_time: Option<i64>,
        /// Last instant of trading.
        close_time: Option<i64>,
        /// Where it stands.
        status: String,
        /// `yes`, `no` or `scalar`.
        result: Option<String>,
        /// What YES pays, for `scalar`.
        result_price: Option<i16>,
        /// When it was paid.
        settled_time: Option<i64>,
        /// When the result was expected.
        expected_expiration_time: Option<i64>,
        /// Seconds from determination to payment.
        settlement_timer_s: Option<i64>,
        /// Ranges as `start-end/step`, joined by `;`.
        grid: String,
        /// Label of the grid.
        price_level_structure: Option<String>,
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
        /// Contracts traded in the last day.
        #[sea_orm(column_name = "volume_24h")]
        volume_24h: Option<i64>,
        /// Contracts held.
        open_interest: Option<i64>,
        /// How the strike is read.
        strike_type: Option<String>,
        /// Lower strike.
        floor_strike: Option<String>,
        /// Upper strike.
        cap_strike: Option<String>,
        /// Rules.
        rules_primary: String,
        /// Last change of metadata.
        updated_time: Option<i64>,
    }
}
