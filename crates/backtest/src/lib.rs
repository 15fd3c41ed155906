//! Pure backtester: event loop, fill and latency models, strategies, metrics.
