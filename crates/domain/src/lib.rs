//! The pure heart: what prices, orders, books, fills and positions are, and what they do.
//!
//! Nothing here does I/O, spawns a task, or reads a clock or entropy: time is an argument ([`Timestamp`]), chance is a
//! seeded generator. Prices are integers of $0.0001, quantities of 0.01 contract, money of $0.000001; `f64` appears in
//! statistics only.

pub mod book;
pub mod exposure;
pub mod fees;
pub mod flow;
pub mod grid;
pub mod ids;
pub mod market;
pub mod matching;
pub mod position;
pub mod probability;
pub mod risk;
pub mod scoring;
pub mod side;
pub mod time;
pub mod units;

pub use grid::{PriceRange, TickGrid};
pub use ids::{EventTicker, SeriesTicker, Ticker, TradeId};
pub use market::{
    Candle, Category, CollateralReturn, Event, FeeMultiplier, FeeType, Level, Market, MarketResult,
    MarketStatus, Ohlc, PublicTrade, Series,
};
pub use side::{Action, BookSide, Side};
pub use time::Timestamp;
pub use units::{Money, Price, Quantity};
