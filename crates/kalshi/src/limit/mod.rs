//! Token buckets as the exchange keeps them.
//!
//! Every request costs tokens, 10 unless the exchange lists another cost for its endpoint; reads and writes have a bucket each, and
//! the balance one of its own. Buckets refill continuously up to their capacity. A request that finds too few tokens is refused
//! with 429; a batch is billed for every item and must fit at once.
//!
//! [`Bucket`] and [`Costs`] are pure: an exchange refuses with them. [`Limiter`] waits with them, so that a client asks no
//! sooner than it will be answered.

mod bucket;
mod costs;
mod limiter;

pub use bucket::{Bucket, BucketSpec, Shortage};
pub use costs::{Costs, EndpointCost};
pub use limiter::{AcquireError, Lane, Limiter, Priority, WaitBounds};

/// What an account may spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For `GET`.
    pub read: BucketSpec,
    /// For everything else.
    pub write: BucketSpec,
    /// For `GET /portfolio/balance`, at one token a request.
    pub balance: BucketSpec,
    /// What requests cost.
    pub costs: Costs,
}

impl Limits {
    /// Those of the lowest tier, Basic, as of 2026: 200 tokens a second to read and 100 to write, one balance a second.
    ///
    /// Reads have one second of burst here, the smaller of what has been seen.
    pub fn basic() -> Limits {
        Limits {
            read: BucketSpec {
                refill_rate: 200,
                capacity: 200,
            },
            write: BucketSpec {
                refill_rate: 100,
                capacity: 100,
            },
            balance: BucketSpec {
                refill_rate: 1,
                capacity: 1,
            },
            costs: Costs::known(),
        }
    }

    /// No waiting at all, for an exchange of one's own.
    pub fn none() -> Limits {
        let endless = BucketSpec {
            refill_rate: 1 << 40,
            capacity: 1 << 40,
        };
        Limits {
            read: endless,
            write: endless,
            balance: endless,
            costs: Costs::known(),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::basic()
    }
}

#[cfg(test)]
mod tests;
