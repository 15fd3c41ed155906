//! Table `events`.

use crate::row::table;

table! {
    /// Questions with one or more markets.
    "events", key ["ticker"], {
        /// Name.
        #[sea_orm(primary_key, auto_increment = false)]
        ticker: String,
        /// Series.
        series: String,
        /// Title.
        title: String,
        /// Short title.
        sub_title: String,
        /// Category.
        category: Option<String>,
        /// 1 when at most one market resolves yes.
        mutually_exclusive: i16,
        /// How collateral is netted.
        collateral_return: String,
        /// Date it is about.
        strike_date: Option<i64>,
        /// Overrides the series' fee type.
        fee_type_override: Option<String>,
        /// Overrides the series' multiplier.
        fee_multiplier_override: Option<i64>,
    }
}
