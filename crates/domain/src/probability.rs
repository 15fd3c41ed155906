//! Implied probability, expected value and Kelly.
