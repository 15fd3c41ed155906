//! Token buckets as the exchange keeps them.
