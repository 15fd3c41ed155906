//! Matching engine: price-time priority over YES and NO as one book.
