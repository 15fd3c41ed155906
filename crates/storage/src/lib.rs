//! What is kept: entities, migrations, repositories on SQLite and PostgreSQL, and the Parquet archive.
//!
//! [`Store`] is the one door. Writing goes through an [`Import`] (one file, one transaction) or
//! [`Store::write_snapshots`]; old days move to the archive by [`Store::roll`]; reading ([`Store::trades`],
//! [`Store::books`], [`Store::markets`]) shows hot and archived rows as one history in order of time. SQL and Parquet
//! appear in this crate only. It reads no clock and draws no random number: both come as arguments.

mod archive;
mod backtests;
mod catalogue;
pub mod entity;
mod error;
mod health;
mod import;
mod location;
mod migration;
mod read;
mod row;
mod session;
mod snapshots;
mod store;
#[cfg(feature = "test-support")]
pub mod throwaway;

pub use archive::{ArchiveFile, ArchiveKind, Finding, RollReport, VerifyReport};
pub use backtests::{BacktestFill, BacktestListing, BacktestRecord};
pub use error::{BoxError, StorageError};
pub use health::{Counts, Health};
pub use import::{CaptureRecord, Completeness, Import, ImportMeta, Put, TradeSource};
pub use location::StoreLocation;
pub use read::{
    BookBatches, BookChange, BookEntry, BookQuery, Ids, MarketQuery, MarketRecord, ResultFilter, TradeBatch,
    TradeBatches, TradeQuery,
};
pub use snapshots::{MarketSnapshot, SnapshotSource};
pub use store::{MigrationState, Store};
