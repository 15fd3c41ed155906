//! What is kept: entities, migrations, repositories on SQLite and PostgreSQL, and the Parquet archive.
//!
//! [`Store`] is the one door. Writing goes through an [`Import`] (one file, one transaction) or
//! [`Store::keep`] (what a live source brings, one transaction); old days move to the archive by [`Store::roll`]; reading ([`Store::trades`],
//! [`Store::books`], [`Store::markets`]) shows hot and archived rows as one history in order of time. SQL and Parquet
//! appear in this crate only. It reads no clock and draws no random number: both come as arguments.

mod archive;
mod backtests;
mod catalogue;
mod certificates;
mod certifier;
mod cycles;
pub mod entity;
mod error;
mod exchange;
mod gaps;
mod health;
mod import;
mod keep;
mod lease;
mod location;
mod migration;
mod prune;
mod read;
mod recording;
mod row;
mod session;
mod snapshots;
mod store;
#[cfg(feature = "test-support")]
pub mod throwaway;

pub use archive::{ArchiveFile, ArchiveKind, Finding, RollReport, VerifyReport};
pub use backtests::{BacktestFill, BacktestListing, BacktestRecord};
pub use certificates::{BookCertificate, CertificateQuery, book_hash};
pub use cycles::PollCycle;
pub use error::{BoxError, StorageError};
pub use gaps::{Gap, GapClosing, GapEnd, GapKey, GapKind, GapQuery, GapState, NewGap};
pub use health::{Counts, Health};
pub use import::{CaptureRecord, Completeness, Import, ImportMeta, Put, TradeSource};
pub use keep::{Batch, Kept};
pub use lease::{Fence, Lease};
pub use location::StoreLocation;
pub use prune::Pruned;
pub use read::{
    BookBatches, BookChange, BookEntry, BookQuery, EventQuery, Ids, MarketQuery, MarketRecord, ResultFilter,
    TapeQuery, TradeBatch, TradeBatches, TradeQuery,
};
pub use recording::{Recorded, Recording};
pub use snapshots::{MarketSnapshot, SnapshotSource};
pub use store::{MigrationState, Store};
