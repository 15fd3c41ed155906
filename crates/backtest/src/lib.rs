//! Pure backtester: event loop, fill and latency models, strategies, metrics.

pub mod bars;
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
pub mod sweep;
#[cfg(test)]
pub(crate) mod testing;
