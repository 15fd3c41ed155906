//! Table `series`.

use crate::row::table;

table! {
    /// Recurring kinds of event.
    "series", key ["ticker"], {
        /// Name.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker: String,
        /// Title.
        title: Option<String>,
        /// Category.
        category: Option<String>,
        /// How often.
        frequency: Option<String>,
        /// How it charges.
        fee_type: Option<String>,
        /// Factor on the fee rate, millionths.
        fee_multiplier: Option<i64>,
    }
}
