//! What the exchange charges for a fill.
