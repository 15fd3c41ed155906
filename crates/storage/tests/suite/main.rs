//! One set of small cases, run on SQLite and on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on stops where it stands; the cases are functions, not tests themselves"
)]

mod archive;
mod catalogue;
mod failures;
mod history;
mod house;
mod live;
mod outages;
mod reads;
mod recordings;

use house::House;

/// Runs every case on a fresh store of each database.
macro_rules! suite {
    ($($module:ident::$case:ident,)*) => {
        mod sqlite {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    $module::$case(House::on_sqlite().await).await;
                }
            )*
        }

        // One test, so that one server serves all cases; each has a database of its own.
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_case_holds_on_postgres() {
            $(
                let Some(house) = House::on_postgres().await else {
                    return;
                };
                eprintln!(concat!("postgres: ", stringify!($module), "::", stringify!($case)));
                $module::$case(house).await;
            )*
        }
    };
}

suite! {
    history::trades_come_back_by_time_and_then_by_id,
    history::a_stream_keeps_to_its_markets_and_times,
    history::the_same_file_twice_inserts_nothing,
    history::a_dropped_import_leaves_nothing,
    history::trades_without_a_market_are_kept_and_counted,
    history::candles_are_kept_once,
    history::snapshots_are_kept_once_per_market_instant_and_source,
    history::a_backtest_comes_back_as_it_was_saved,
    catalogue::an_event_brings_its_series,
    catalogue::reports_of_a_market_add_up_in_any_order,
    catalogue::a_report_without_a_time_never_takes_anything_back,
    catalogue::quotes_that_are_gone_do_not_stay,
    catalogue::fees_stated_later_replace_those_known,
    catalogue::every_field_of_a_market_survives,
    catalogue::markets_are_found_by_series_category_close_and_result,
    archive::a_rolled_day_reads_as_it_did_before,
    archive::an_archived_trade_is_still_a_duplicate,
    archive::older_trades_after_a_roll_join_their_day,
    archive::metadata_of_settled_markets_moves_and_is_not_taken_again,
    archive::a_capture_comes_back_frame_by_frame,
    archive::captures_are_merged_by_receipt,
    archive::captures_of_other_markets_stay_closed,
    archive::a_later_capture_is_opened_when_its_time_has_come,
    archive::a_capture_is_taken_in_once,
    archive::an_import_that_fails_leaves_no_file,
    archive::a_file_being_written_is_no_orphan,
    archive::damage_is_found_and_named,
    live::a_database_belongs_to_one_exchange,
    live::a_lease_has_one_holder_and_passes_on_when_it_ends,
    live::of_many_who_want_a_lease_one_gets_it,
    live::a_cycle_is_kept_once_and_only_by_the_holder,
    live::the_same_batch_twice_changes_nothing,
    live::rows_of_archived_days_are_not_taken_again,
    live::a_live_report_replaces_quotes_and_pauses_end,
    live::a_gap_is_told_once_and_ends_once,
    live::days_are_archived_while_others_write,
    reads::a_history_goes_back_into_the_archive,
    reads::the_tape_is_paged_from_hot_to_archived,
    reads::candles_take_in_their_end_and_begin_with_what_stood,
    reads::the_catalogue_is_read_by_name_and_page,
    reads::a_backtest_is_removed_whole,
    reads::what_was_filled_long_ago_is_forgotten,
    recordings::a_recording_is_proved_by_replay,
    recordings::a_false_certificate_is_found,
    recordings::pieces_may_be_under_way_at_once_and_are_kept_once,
    failures::an_open_store_opens_again,
    failures::opening_waits_for_no_import,
}
