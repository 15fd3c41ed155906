//! Pure backtester: event loop, fill and latency models, strategies, metrics.

pub mod bootstrap;
pub mod engine;
pub mod feed;
pub mod latency;
pub mod lookahead;
pub mod metrics;
pub mod report;
pub mod result;
pub mod strategies;
pub mod strategy;
#[cfg(test)]
pub(crate) mod testing;
