//! The use cases: import, calibration, backtests, book replay, archive.
