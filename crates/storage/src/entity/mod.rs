//! The tables, one file per aggregate. Prices, quantities, money and times are the integers of their domain types.

pub mod archive_files;
pub mod backtest_trades;
pub mod backtests;
pub mod book_certificates;
pub mod candles;
pub mod captures;
pub mod data_gaps;
pub mod events;
pub mod imports;
pub mod leases;
pub mod market_metadata;
pub mod market_snapshots;
pub mod markets;
pub mod meta;
pub mod poll_cycles;
pub mod public_trades;
pub mod series;
pub mod tickers;
