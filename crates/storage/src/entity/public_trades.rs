//! Table `public_trades`.

use crate::row::table;

table! {
    /// Anyone's prints.
    "public_trades", key ["trade_id"], {
        /// Market.
        ticker_id: i64,
        /// When.
        #[sea_orm(primary_key, auto_increment = false)]
        time: i64,
        /// Id, unique.
        #[sea_orm(primary_key, auto_increment = false)]
        trade_id: String,
        /// YES price.
        price: i16,
        /// Contracts.
        quantity: i64,
        /// 0 YES, 1 NO.
        taker: i16,
        /// See [`crate::TradeSource`].
        source: i16,
        /// 1 when matched off the book.
        block: i16,
    }
}
