//! What becomes of markets, as the stream tells it.

use kmi_domain::MarketStatus;
use kmi_kalshi::api::market::ResultWord;
use kmi_kalshi::api::series::FeeTypeWord;
use kmi_kalshi::ws::Body;
use kmi_kalshi::ws::message::ServerMessage;

use super::support::{at, board, cents, event, market, reader, state, sweep};
use crate::board::{Board, FollowUp};
use crate::hub::{Batch, Happening};

/// A message of the lifecycle channel about market `A`, with these fields.
fn told(event_type: &str, fields: &str) -> Body {
    let text = format!(
        r#"{{"type":"market_lifecycle_v2","sid":1,"seq":1,"msg":{{"market_ticker":"A","event_type":"{event_type}"{fields}}}}}"#
    );
    ServerMessage::parse(text.as_bytes()).unwrap().body
}

fn status(board: &Board) -> MarketStatus {
    state(board, "A").status(at(100))
}

#[test]
fn a_pause_and_its_end_are_seen_at_once() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    let mut reader = reader(&board);
    assert_eq!(
        board.take_lifecycle(told("deactivated", r#","is_deactivated":true"#), at(1)),
        FollowUp::Nothing
    );
    assert_eq!(status(&board), MarketStatus::Inactive);
    let Some(Batch::Events(events)) = reader.now() else {
        panic!("it is told");
    };
    assert!(matches!(events[0].what, Happening::Lifecycle(_)));
    assert!(matches!(&events[1].what, Happening::Market(market) if market.version == 2));
    board.take_lifecycle(told("activated", ""), at(2));
    assert_eq!(status(&board), MarketStatus::Active);
}

#[test]
fn a_page_asked_for_before_the_pause_does_not_end_it() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    board.take_lifecycle(told("deactivated", ""), at(6));
    let swept = sweep(&board, 5, vec![market("A", 41)]);
    assert_eq!((swept.metadata.len(), swept.quotes.len()), (0, 1));
    assert_eq!(status(&board), MarketStatus::Inactive);
    sweep(&board, 7, vec![market("A", 41)]);
    assert_eq!(status(&board), MarketStatus::Active);
}

#[test]
fn a_result_and_its_payment_are_kept() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    let words = r#","result":"yes","determination_ts":1800000001,"settlement_value":"1.0000""#;
    assert_eq!(
        board.take_lifecycle(told("determined", words), at(1)),
        FollowUp::Nothing
    );
    assert_eq!(status(&board), MarketStatus::Determined);
    board.take_lifecycle(told("settled", r#","settled_ts":1800000005"#), at(6));
    let body = state(&board, "A").to_body(at(7));
    assert_eq!(body.status, MarketStatus::Finalized.into());
    assert_eq!((body.result, body.settlement_ts), (ResultWord::Yes, Some(at(5))));
}

#[test]
fn a_payment_without_a_known_result_is_asked_after() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    let follow_up = board.take_lifecycle(told("settled", r#","settled_ts":1800000005"#), at(6));
    assert_eq!(follow_up, FollowUp::Market("A".parse().unwrap()));
}

#[test]
fn a_new_market_is_asked_for() {
    let board = board();
    let follow_up = board.take_lifecycle(
        told("created", r#","open_ts":1800000000,"close_ts":1800009000"#),
        at(1),
    );
    assert_eq!(follow_up, FollowUp::Market("A".parse().unwrap()));
    assert!(board.is_empty());
    assert!(
        board.id(&"A".parse().unwrap()).is_some(),
        "it has its number already"
    );
}

#[test]
fn another_close_grid_and_strike_are_taken_over() {
    let board = board();
    sweep(&board, 0, vec![market("A", 40)]);
    board.take_lifecycle(told("close_date_updated", r#","close_ts":1800000050"#), at(1));
    assert_eq!(status(&board), MarketStatus::Closed);
    let ranges = r#","price_level_structure":"deci_cent","price_ranges":[{"start":"0.0000","end":"1.0000","step":"0.0010"}]"#;
    board.take_lifecycle(told("price_level_structure_updated", ranges), at(2));
    board.take_lifecycle(
        told(
            "metadata_updated",
            r#","floor_strike":70,"yes_sub_title":"Above 70°""#,
        ),
        at(3),
    );
    let body = &state(&board, "A").body;
    assert_eq!(body.price_level_structure, "deci_cent");
    assert_eq!(body.price_ranges[0].step, "0.0010".parse().unwrap());
    assert_eq!(
        (body.floor_strike.as_deref(), body.yes_sub_title.as_str()),
        (Some("70"), "Above 70°")
    );
    assert_eq!(body.price_ranges[0].end, cents(100));
}

#[test]
fn an_events_own_fees_are_taken_over_and_an_unknown_event_is_asked_for() {
    let board = board();
    let fees = br#"{"type":"event_fee_update","sid":1,"msg":{"event_ticker":"E","fee_type_override":"flat","fee_multiplier_override":0.5}}"#;
    let fees = || ServerMessage::parse(fees).unwrap().body;
    assert_eq!(
        board.take_lifecycle(fees(), at(1)),
        FollowUp::Event("E".parse().unwrap())
    );
    sweep(&board, 0, vec![market("A", 40)]);
    board.take_events(vec![event("E", "S", "Title", "")]);
    assert_eq!(board.take_lifecycle(fees(), at(2)), FollowUp::Nothing);
    let event = state(&board, "A").event.clone().unwrap();
    assert_eq!(
        event.fee_type_override.as_ref().map(FeeTypeWord::as_str),
        Some("flat")
    );

    let listed =
        br#"{"type":"event_lifecycle","sid":1,"msg":{"event_ticker":"E2","series_ticker":"S","title":"T"}}"#;
    let listed = ServerMessage::parse(listed).unwrap().body;
    assert_eq!(
        board.take_lifecycle(listed, at(3)),
        FollowUp::Event("E2".parse().unwrap())
    );
}
