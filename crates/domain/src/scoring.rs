//! How well prices foretold results: Brier, log loss, calibration.
