//! Table `backtest_trades`.

use crate::row::table;

table! {
    /// Fills of backtests.
    "backtest_trades", key ["backtest", "number"], {
        /// Whose.
        #[sea_orm(primary_key, auto_increment = false)]
        backtest: String,
        /// Place, from 0.
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        /// When.
        time: i64,
        /// Market.
        ticker: String,
        /// Contract.
        side: String,
        /// `buy` or `sell`.
        action: String,
        /// Price of the side.
        price: i16,
        /// Contracts.
        quantity: i64,
        /// Fee.
        fee: i64,
        /// 1 when it crossed.
        is_taker: i16,
    }
}
