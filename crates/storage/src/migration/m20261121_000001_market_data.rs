//! Why: the first shape of the market database. It keeps what recorded markets need (catalogue, trades, candles,
//! snapshots), the journals of what was imported and archived, and backtests.
//!
//! Times are microseconds since 1970 UTC, prices units of $0.0001, quantities of 0.01 contract, money of $0.000001.
//! Hot tables name a market by the integer of `tickers`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::run(manager, CATALOGUE).await?;
        super::run(manager, HISTORY).await?;
        super::run(manager, JOURNALS).await
    }
}

const CATALOGUE: &[&str] = &[
    // One row per fact about the database itself. `exchange` will name the exchange it belongs to (simulator seed,
    // demo, production); recorded markets alone belong to none, so it is absent until a live source is opened.
    "CREATE TABLE meta (key {BYTES} PRIMARY KEY, value TEXT NOT NULL)",
    "INSERT INTO meta (key, value) VALUES ('format', '1')",
    "CREATE TABLE tickers (id {ID}, ticker {BYTES} NOT NULL UNIQUE)",
    "CREATE TABLE series (
        ticker {BYTES} PRIMARY KEY, title TEXT, category TEXT, frequency TEXT, fee_type TEXT, fee_multiplier BIGINT)",
    "CREATE TABLE events (
        ticker {BYTES} PRIMARY KEY, series {BYTES} NOT NULL REFERENCES series (ticker), title TEXT NOT NULL,
        sub_title TEXT NOT NULL, category TEXT, mutually_exclusive SMALLINT NOT NULL, collateral_return TEXT NOT NULL,
        strike_date BIGINT, fee_type_override TEXT, fee_multiplier_override BIGINT)",
    "CREATE INDEX events_by_series ON events (series)",
    // `event` is no foreign key: a market may be known before its event.
    "CREATE TABLE markets (
        ticker_id BIGINT PRIMARY KEY REFERENCES tickers (id), event {BYTES}, title TEXT NOT NULL,
        yes_sub_title TEXT NOT NULL, no_sub_title TEXT NOT NULL, open_time BIGINT, close_time BIGINT,
        status TEXT NOT NULL, result TEXT, result_price SMALLINT, settled_time BIGINT,
        expected_expiration_time BIGINT, settlement_timer_s BIGINT,
        grid TEXT NOT NULL, price_level_structure TEXT, yes_bid SMALLINT, yes_ask SMALLINT, yes_bid_size BIGINT,
        yes_ask_size BIGINT, last_price SMALLINT, volume BIGINT, volume_24h BIGINT, open_interest BIGINT,
        strike_type TEXT, floor_strike TEXT, cap_strike TEXT, rules_primary TEXT NOT NULL, updated_time BIGINT)",
    "CREATE INDEX markets_by_event ON markets (event)",
    "CREATE INDEX markets_by_close ON markets (close_time)",
    // Raw JSON at every change of metadata; `raw` is null once the row has moved to the archive.
    "CREATE TABLE market_metadata (
        ticker_id BIGINT NOT NULL REFERENCES tickers (id), hash {BYTES} NOT NULL, updated_time BIGINT, raw TEXT,
        PRIMARY KEY (ticker_id, hash)) {CLUSTERED}",
];

const HISTORY: &[&str] = &[
    // Kept in the order it is read: by time, then by the bytes of the id.
    "CREATE TABLE public_trades (
        ticker_id BIGINT NOT NULL, time BIGINT NOT NULL, trade_id {BYTES} NOT NULL UNIQUE, price SMALLINT NOT NULL,
        quantity BIGINT NOT NULL, taker SMALLINT NOT NULL, source SMALLINT NOT NULL, block SMALLINT NOT NULL,
        PRIMARY KEY (time, trade_id)) {CLUSTERED}",
    "CREATE INDEX public_trades_by_ticker ON public_trades (ticker_id, time)",
    "CREATE TABLE candles (
        ticker_id BIGINT NOT NULL, period_min INTEGER NOT NULL, end_time BIGINT NOT NULL,
        bid_open SMALLINT, bid_high SMALLINT, bid_low SMALLINT, bid_close SMALLINT,
        ask_open SMALLINT, ask_high SMALLINT, ask_low SMALLINT, ask_close SMALLINT,
        price_open SMALLINT, price_high SMALLINT, price_low SMALLINT, price_close SMALLINT,
        mean SMALLINT, previous SMALLINT, volume BIGINT NOT NULL, open_interest BIGINT NOT NULL,
        PRIMARY KEY (ticker_id, period_min, end_time)) {CLUSTERED}",
    "CREATE TABLE market_snapshots (
        ticker_id BIGINT NOT NULL, time BIGINT NOT NULL, source SMALLINT NOT NULL, sequence BIGINT,
        yes_bid SMALLINT, yes_ask SMALLINT, yes_bid_size BIGINT, yes_ask_size BIGINT, last_price SMALLINT,
        volume BIGINT, open_interest BIGINT, PRIMARY KEY (ticker_id, time, source)) {CLUSTERED}",
];

const JOURNALS: &[&str] = &[
    "CREATE TABLE captures (
        hash {BYTES} PRIMARY KEY, path TEXT NOT NULL, first_time BIGINT, last_time BIGINT, frames BIGINT NOT NULL,
        snapshots BIGINT NOT NULL, deltas BIGINT NOT NULL, trades BIGINT NOT NULL, completeness TEXT NOT NULL,
        tickers TEXT NOT NULL)",
    "CREATE TABLE imports (
        path TEXT NOT NULL, hash {BYTES} NOT NULL, kind TEXT NOT NULL, row_count BIGINT NOT NULL,
        inserted BIGINT NOT NULL, rejected BIGINT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (path, hash))",
    "CREATE TABLE archive_files (
        path {BYTES} PRIMARY KEY, kind TEXT NOT NULL, day BIGINT NOT NULL, row_count BIGINT NOT NULL,
        first_time BIGINT NOT NULL, last_time BIGINT NOT NULL, bytes BIGINT NOT NULL, hash TEXT NOT NULL,
        capture {BYTES})",
    "CREATE INDEX archive_files_by_day ON archive_files (kind, day)",
    "CREATE TABLE backtests (
        id {BYTES} PRIMARY KEY, created BIGINT NOT NULL, strategy TEXT NOT NULL, params TEXT NOT NULL,
        pnl BIGINT NOT NULL, fees BIGINT NOT NULL, fills BIGINT NOT NULL, document TEXT NOT NULL)",
    "CREATE TABLE backtest_trades (
        backtest {BYTES} NOT NULL REFERENCES backtests (id), number BIGINT NOT NULL, time BIGINT NOT NULL,
        ticker {BYTES} NOT NULL, side TEXT NOT NULL, action TEXT NOT NULL, price SMALLINT NOT NULL,
        quantity BIGINT NOT NULL, fee BIGINT NOT NULL, is_taker SMALLINT NOT NULL, PRIMARY KEY (backtest, number))",
];
