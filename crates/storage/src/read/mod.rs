//! The one door to history, hot and archived.

mod books;
mod markets;
mod snapshots;
mod trades;

pub use books::{BookBatches, BookChange, BookEntry, BookQuery};
pub use markets::{MarketQuery, MarketRecord, ResultFilter};
pub use trades::{Ids, TradeBatch, TradeBatches, TradeQuery};
