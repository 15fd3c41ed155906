//! Why: what a live source needs beside the rows it brings. One of several processes works and the others stand by, so
//! there are leases; every sweep of the markets is accounted for; what was missed is told; and recorded books come with
//! a certificate that a replay of the archive can prove.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, LIVE).await
    }
}

const LIVE: &[&str] = &[
    // A released lease stays, without an end: its epoch must never be given out twice.
    "CREATE TABLE leases (
        name {BYTES} PRIMARY KEY, holder TEXT NOT NULL, epoch BIGINT NOT NULL, acquired BIGINT NOT NULL,
        expires BIGINT)",
    // The key makes it impossible to write a cycle twice: numbers begin anew with every epoch of the lease.
    "CREATE TABLE poll_cycles (
        lease {BYTES} NOT NULL, epoch BIGINT NOT NULL, number BIGINT NOT NULL, holder TEXT NOT NULL,
        started BIGINT NOT NULL, ended BIGINT NOT NULL, markets BIGINT NOT NULL, changed BIGINT NOT NULL,
        pages BIGINT NOT NULL, errors BIGINT NOT NULL, first_error TEXT, interval_ms BIGINT NOT NULL,
        wanted_interval_ms BIGINT NOT NULL, PRIMARY KEY (lease, epoch, number)) {CLUSTERED}",
    "CREATE INDEX poll_cycles_by_start ON poll_cycles (started)",
    // An empty ticker is a gap of all markets: a column of a key cannot be null.
    "CREATE TABLE data_gaps (
        kind TEXT NOT NULL, ticker {BYTES} NOT NULL, from_time BIGINT NOT NULL, to_time BIGINT, reason TEXT NOT NULL,
        state TEXT NOT NULL, closed BIGINT, source TEXT, row_count BIGINT,
        PRIMARY KEY (kind, ticker, from_time)) {CLUSTERED}",
    "CREATE INDEX data_gaps_by_time ON data_gaps (from_time)",
    "CREATE TABLE book_certificates (
        ticker {BYTES} NOT NULL, hour BIGINT NOT NULL, capture {BYTES} NOT NULL, from_time BIGINT NOT NULL,
        to_time BIGINT NOT NULL, first_seq BIGINT, last_seq BIGINT, frames BIGINT NOT NULL, trades BIGINT NOT NULL,
        gaps BIGINT NOT NULL, book_hash TEXT, PRIMARY KEY (ticker, hour, capture)) {CLUSTERED}",
    "CREATE INDEX book_certificates_by_hour ON book_certificates (hour)",
    "CREATE INDEX book_certificates_by_capture ON book_certificates (capture)",
];
