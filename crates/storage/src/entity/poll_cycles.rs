//! Table `poll_cycles`.

use crate::row::table;

table! {
    /// Sweeps of all markets, one after the other.
    "poll_cycles", key ["lease", "epoch", "number"], {
        /// Lease under which it was done.
        #[sea_orm(primary_key, auto_increment = false)]
        lease: String,
        /// Epoch of the lease.
        #[sea_orm(primary_key, auto_increment = false)]
        epoch: i64,
        /// Place within the epoch.
        #[sea_orm(primary_key, auto_increment = false)]
        number: i64,
        /// Who did it.
        holder: String,
        /// When it began.
        started: i64,
        /// When it ended.
        ended: i64,
        /// Markets seen.
        markets: i64,
        /// Markets whose quotes had changed.
        changed: i64,
        /// Pages read.
        pages: i64,
        /// Requests that failed.
        errors: i64,
        /// What the first of them said.
        first_error: Option<String>,
        /// Milliseconds between two cycles, as they were then.
        interval_ms: i64,
        /// Milliseconds between two cycles, as configured.
        wanted_interval_ms: i64,
    }
}
