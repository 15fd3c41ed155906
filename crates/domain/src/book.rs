//! Order book of one market: bids only on both sides, snapshot and signed deltas.
