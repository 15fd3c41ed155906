//! Names and meanings of what ingest counts, all in one place.
//!
//! | name | kind | what |
//! |---|---|---|
//! | `kmi_poller_leading` | gauge | 1 while this process polls for the database |
//! | `kmi_poll_cycles_total{outcome}` | counter | full sweeps, `full` or `failed` |
//! | `kmi_poll_cycle_seconds` | histogram | how long a full sweep takes |
//! | `kmi_poll_start_delay_seconds` | histogram | how much later than its multiple of the interval a sweep began |
//! | `kmi_poll_interval_seconds` | gauge | time between two sweeps; above the configured one it is stretched |
//! | `kmi_poll_markets` | gauge | markets seen by the last full sweep |
//! | `kmi_database_up` | gauge | 1 while the database takes what it is given |
//! | `kmi_rows_written_total{kind}` | counter | `snapshots`, `trades`, `duplicate_trades`, `markets` |
//! | `kmi_spool_rows`, `kmi_spool_bytes` | gauge | what waits for the database |
//! | `kmi_rows_lost_total` | counter | rows dropped because the spool was full or broken, or the database refuses them |
//! | `kmi_stream_connected` | gauge | 1 while there is a connection to the exchange's stream |
//! | `kmi_stream_connections_total` | counter | connections made |
//! | `kmi_stream_messages_total{channel}` | counter | messages of the stream |
//! | `kmi_stream_gaps_total{channel}` | counter | times messages of a channel were lost |
//! | `kmi_stream_books` | gauge | order books followed |
//! | `kmi_backfill_trades_total` | counter | trades fetched for gaps |
//! | `kmi_backfill_gaps_total{end}` | counter | gaps `filled` or `unfillable` |
//! | `kmi_recorded_frames_total` | counter | frames of order books recorded |

use std::time::Duration;

use kmi_kalshi::ws::Channel;
use kmi_storage::Kept;
use metrics::{counter, gauge, histogram};

/// 1 for true.
const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

pub(super) fn leading(is: bool) {
    gauge!("kmi_poller_leading").set(flag(is));
}

pub(super) fn cycle(outcome: &'static str, took: Duration) {
    counter!("kmi_poll_cycles_total", "outcome" => outcome).increment(1);
    histogram!("kmi_poll_cycle_seconds").record(took.as_secs_f64());
}

pub(super) fn start_delay(delay: Duration) {
    histogram!("kmi_poll_start_delay_seconds").record(delay.as_secs_f64());
}

pub(super) fn interval(interval: Duration) {
    gauge!("kmi_poll_interval_seconds").set(interval.as_secs_f64());
}

pub(super) fn markets(seen: u64) {
    gauge!("kmi_poll_markets").set(seen as f64);
}

pub(super) fn database_up(is: bool) {
    gauge!("kmi_database_up").set(flag(is));
}

pub(super) fn written(kept: &Kept) {
    counter!("kmi_rows_written_total", "kind" => "snapshots").increment(kept.snapshots);
    counter!("kmi_rows_written_total", "kind" => "trades").increment(kept.trades.inserted);
    counter!("kmi_rows_written_total", "kind" => "duplicate_trades").increment(kept.trades.duplicates);
    counter!("kmi_rows_written_total", "kind" => "markets")
        .increment(kept.markets.inserted + kept.markets.updated);
}

pub(super) fn spool(rows: u64, bytes: u64) {
    gauge!("kmi_spool_rows").set(rows as f64);
    gauge!("kmi_spool_bytes").set(bytes as f64);
}

pub(super) fn lost(rows: u64) {
    counter!("kmi_rows_lost_total").increment(rows);
}

pub(super) fn connected(is: bool) {
    gauge!("kmi_stream_connected").set(flag(is));
    if is {
        counter!("kmi_stream_connections_total").increment(1);
    }
}

pub(super) fn message(channel: &'static str) {
    counter!("kmi_stream_messages_total", "channel" => channel).increment(1);
}

pub(super) fn gap(channel: Channel) {
    counter!("kmi_stream_gaps_total", "channel" => channel.as_str()).increment(1);
}

pub(super) fn books(count: usize) {
    gauge!("kmi_stream_books").set(count as f64);
}

pub(super) fn backfilled(trades: u64) {
    counter!("kmi_backfill_trades_total").increment(trades);
}

pub(super) fn gap_ended(end: &'static str) {
    counter!("kmi_backfill_gaps_total", "end" => end).increment(1);
}

pub(super) fn recorded() {
    counter!("kmi_recorded_frames_total").increment(1);
}
