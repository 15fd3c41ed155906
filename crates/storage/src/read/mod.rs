//! The one door to history, hot and archived.

mod books;
mod candles;
mod catalogue;
mod history;
mod markets;
mod period;
mod tape;
mod trades;

pub use books::{BookBatches, BookChange, BookEntry, BookQuery};
pub use catalogue::EventQuery;
pub use markets::{MarketQuery, MarketRecord, ResultFilter};
pub use tape::TapeQuery;
pub use trades::{Ids, TradeBatch, TradeBatches, TradeQuery};
