use serde_json::{Value, json};

use super::*;

/// What is read and written again is what stood there.
fn survives(message: &Value) -> ServerMessage {
    let read = ServerMessage::parse(message.to_string().as_bytes()).unwrap();
    let written: Value = serde_json::from_str(&read.to_json()).unwrap();
    assert_eq!(&written, message);
    read
}

fn in_envelope(kind: &str, seq: Option<u64>, msg: &Value) -> Value {
    let mut message =
        json!({"type": kind, "sid": 7, "sending_ts_ms": 1_794_000_000_250_i64, "msg": msg.clone()});
    if let Some(seq) = seq {
        message["seq"] = seq.into();
    }
    message
}

#[test]
fn books_are_written_as_they_are_read() {
    let snapshot = survives(&in_envelope(
        "orderbook_snapshot",
        Some(1),
        &json!({"market_ticker": "RAIN-1", "market_id": "5d0c8f5e-0000-4000-8000-000000000001", "clock": 90,
            "yes_dollars_fp": [["0.0300", "12.50"], ["0.4100", "7.00"]]}),
    ));
    let Body::OrderbookSnapshot(book) = &snapshot.body else {
        panic!("it is a snapshot")
    };
    assert_eq!(book.yes_dollars_fp[0].quantity.to_string(), "12.50");
    assert!(book.no_dollars_fp.is_empty());
    assert_eq!((snapshot.sid, snapshot.seq), (Some(7), Some(1)));

    survives(&in_envelope(
        "orderbook_delta",
        Some(2),
        &json!({"market_ticker": "RAIN-1", "market_id": "5d0c8f5e-0000-4000-8000-000000000001", "clock": 91,
            "price_dollars": "0.4150", "delta_fp": "-2.25", "side": "no", "client_order_id": "mine", "subaccount": 3,
            "ts": "2026-11-21T05:00:00.25Z", "ts_ms": 1_795_237_200_250_i64}),
    ));
}

#[test]
fn no_prices_turn_about_and_back() {
    let text = json!({"type": "orderbook_snapshot", "sid": 1, "seq": 1, "msg": {"market_ticker": "A",
        "yes_dollars_fp": [["0.4000", "1.00"]], "no_dollars_fp": [["0.5000", "2.00"], ["0.5500", "3.00"]]}});
    let Body::OrderbookSnapshot(book) = survives(&text).body else {
        panic!("it is a snapshot")
    };
    let turned = book.clone().with_no_side_complemented();
    let prices: Vec<String> = turned
        .no_dollars_fp
        .iter()
        .map(|level| level.price.to_string())
        .collect();
    assert_eq!(prices, ["0.4500", "0.5000"]);
    assert_eq!(turned.yes_dollars_fp, book.yes_dollars_fp);
    assert_eq!(turned.with_no_side_complemented(), book);
}

#[test]
fn tickers_and_trades_are_written_as_they_are_read() {
    survives(&in_envelope(
        "ticker",
        None,
        &json!({"market_ticker": "RAIN-1", "market_id": "m", "price_dollars": "0.4100", "yes_bid_dollars": "0.4000",
            "yes_ask_dollars": "0.4200", "yes_bid_size_fp": "5.00", "yes_ask_size_fp": "6.00", "last_trade_size_fp": "1.00",
            "volume_fp": "900.00", "open_interest_fp": "450.00", "dollar_volume": 369, "dollar_open_interest": 185,
            "ts": 1_795_237_200, "ts_ms": 1_795_237_200_250_i64, "time": "2026-11-21T05:00:00.25Z"}),
    ));
    let trade = survives(&in_envelope(
        "trade",
        Some(4),
        &json!({"trade_id": "t-1", "market_ticker": "RAIN-1", "yes_price_dollars": "0.4100", "no_price_dollars": "0.5900",
            "count_fp": "3.00", "taker_side": "no", "taker_outcome_side": "no", "taker_book_side": "ask",
            "is_block_trade": false, "ts": 1_795_237_200, "ts_ms": 1_795_237_200_000_i64}),
    ));
    let Body::Trade(trade) = trade.body else {
        panic!("it is a trade")
    };
    assert_eq!(Trade::from(&kmi_domain::PublicTrade::from(trade.clone())), trade);
}

#[test]
fn ones_own_messages_are_written_as_they_are_read() {
    survives(&in_envelope(
        "fill",
        None,
        &json!({"trade_id": "t-1", "order_id": "o-1", "client_order_id": "c-1", "market_ticker": "RAIN-1", "exchange_index": 2,
            "is_taker": true, "side": "yes", "action": "buy", "purchased_side": "yes", "outcome_side": "yes", "book_side": "bid",
            "yes_price_dollars": "0.4100", "count_fp": "3.00", "fee_cost": "0.050820", "post_position_fp": "-1.50",
            "subaccount": 4, "ts": 1_795_237_200, "ts_ms": 1_795_237_200_000_i64}),
    ));
    survives(&in_envelope(
        "market_position",
        None,
        &json!({"user_id": "u-1", "market_ticker": "RAIN-1", "position_fp": "-4.00", "position_cost_dollars": "2.360000",
            "realized_pnl_dollars": "-0.100000", "fees_paid_dollars": "0.050820", "position_fee_cost_dollars": "0.000000",
            "volume_fp": "12.00"}),
    ));
    survives(&in_envelope(
        "user_order",
        None,
        &json!({"order_id": "o-1", "user_id": "u-1", "ticker": "RAIN-1", "exchange_index": 0, "status": "resting", "side": "yes",
            "is_yes": true, "outcome_side": "yes", "book_side": "bid", "yes_price_dollars": "0.4100", "fill_count_fp": "1.00",
            "remaining_count_fp": "2.00", "initial_count_fp": "3.00", "taker_fill_cost_dollars": "0.410000",
            "maker_fill_cost_dollars": "0.000000", "taker_fees_dollars": "0.017000", "maker_fees_dollars": "0.000000",
            "client_order_id": "c-1", "self_trade_prevention_type": "maker", "last_update_reason": "Trade",
            "created_time": "2026-11-21T05:00:00Z", "created_ts_ms": 1_795_237_200_000_i64, "subaccount_number": 0}),
    ));
    survives(&in_envelope(
        "order_group_updates",
        Some(1),
        &json!({"event_type": "created", "order_group_id": "g-1", "contracts_limit_fp": "150.00",
            "ts_ms": 1_795_237_200_000_i64}),
    ));
}

#[test]
fn lifecycles_are_written_as_they_are_read() {
    survives(&in_envelope(
        "market_lifecycle_v2",
        Some(1),
        &json!({"market_ticker": "RAIN-1", "event_type": "created", "exchange_index": 0, "open_ts": 1_795_237_200,
            "close_ts": 1_795_323_600, "price_level_structure": "linear_cent",
            "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
            "additional_metadata": {"name": "Rain", "title": "Will it rain?", "yes_sub_title": "Rain", "no_sub_title": "Dry",
                "rules_primary": "If it rains.", "rules_secondary": "", "can_close_early": true, "event_ticker": "RAIN",
                "expected_expiration_ts": 1_795_323_600, "strike_type": "greater", "floor_strike": 83.5}}),
    ));
    survives(&in_envelope(
        "market_lifecycle_v2",
        Some(2),
        &json!({"market_ticker": "RAIN-1", "event_type": "determined", "determination_ts": 1_795_323_600, "result": "yes",
            "settlement_value": "1.0000"}),
    ));
    survives(&in_envelope(
        "event_lifecycle",
        Some(3),
        &json!({"event_ticker": "RAIN", "exchange_index": 0, "title": "Rain?", "subtitle": "Saturday",
            "collateral_return_type": "MECNET", "series_ticker": "R"}),
    ));
    survives(&in_envelope(
        "event_fee_update",
        Some(4),
        &json!({"event_ticker": "RAIN", "fee_type_override": "quadratic", "fee_multiplier_override": 0.5}),
    ));
    survives(&in_envelope(
        "event_fee_update",
        Some(5),
        &json!({"event_ticker": "RAIN", "fee_type_override": null, "fee_multiplier_override": null}),
    ));
}

#[test]
fn replies_are_written_as_they_are_read() {
    survives(&json!({"type": "subscribed", "id": 1, "msg": {"channel": "fill", "sid": 3}}));
    survives(&json!({"type": "unsubscribed", "id": 1, "sid": 3, "seq": 9}));
    survives(&json!({"type": "ok", "id": 1, "sid": 3, "seq": 9, "msg": {"market_tickers": ["A", "B"]}}));
    survives(&json!({"type": "ok", "id": 1, "sid": 3, "seq": 9}));
    survives(&json!({"type": "ok", "id": 1, "msg": [{"channel": "fill", "sid": 3}]}));
    let error = survives(
        &json!({"type": "error", "sid": 3, "msg": {"code": 25, "msg": "Subscription buffer overflow"}}),
    );
    let Body::Error(refusal) = error.body else {
        panic!("it is an error")
    };
    assert_eq!(refusal, Refusal::from(crate::ws::ErrorCode::BufferOverflow));
}

#[test]
fn reading_is_tolerant_and_writing_is_not() {
    let text = r#"{"type":"fill","id":0,"sid":1,"msg":{"trade_id":"t","order_id":"o","market_ticker":"M","is_taker":false,
        "yes_price_dollars":0.41,"count_fp":3,"fee_cost":"0","outcome_side":"no","post_position_fp":"-3","ts_ms":1795237200000,
        "colour":"red"}}
"#;
    let read = ServerMessage::parse(text.as_bytes()).unwrap();
    assert_eq!(read.id, None);
    assert_eq!(
        read.to_json(),
        concat!(
            r#"{"type":"fill","sid":1,"msg":{"trade_id":"t","order_id":"o","market_ticker":"M","exchange_index":0,"is_taker":false,"#,
            r#""yes_price_dollars":"0.4100","count_fp":"3.00","fee_cost":"0.000000","outcome_side":"no","#,
            r#""post_position_fp":"-3.00","ts_ms":1795237200000}}"#
        )
    );
}

#[test]
fn a_broken_body_still_tells_its_place() {
    let broken =
        ServerMessage::parse(br#"{"type":"orderbook_delta","sid":2,"seq":5,"msg":{"market_ticker":"M"}}"#);
    let Err(MessageError::Body { kind, sid, seq, .. }) = broken else {
        panic!("a delta needs a price")
    };
    assert_eq!((kind.as_str(), sid, seq), ("orderbook_delta", Some(2), Some(5)));
    assert!(matches!(
        ServerMessage::parse(b"[]"),
        Err(MessageError::Envelope(_))
    ));
    assert!(matches!(
        ServerMessage::parse(b"{}"),
        Err(MessageError::Envelope(_))
    ));
}

#[test]
fn a_type_nobody_knows_is_kept() {
    let message = survives(&in_envelope("rfq_created", Some(1), &json!({"id": "r"})));
    assert_eq!(
        message.body,
        Body::Other {
            kind: "rfq_created".to_owned(),
            msg: Some(r#"{"id":"r"}"#.to_owned())
        }
    );
    assert_eq!(message.body.channel(), None);
}

proptest::proptest! {
    /// Nothing that comes over the wire makes a parser panic, and what reads is written as something that reads the same.
    #[test]
    fn any_text_is_a_message_or_an_error(kind in "[a-z_]{0,30}", msg in "[\\x20-\\x7e]{0,60}", seq in proptest::prelude::any::<i64>()) {
        let kinds = ["orderbook_delta", "orderbook_snapshot", "ticker", "trade", "fill", "ok", "error", kind.as_str()];
        for kind in kinds {
            for msg in [msg.clone(), "{}".to_owned(), "[]".to_owned(), json!(msg).to_string()] {
                let text = format!(r#"{{"type":"{kind}","sid":1,"seq":{seq},"msg":{msg}}}"#);
                if let Ok(read) = ServerMessage::parse(text.as_bytes()) {
                    let again = ServerMessage::parse(read.to_json().as_bytes()).unwrap();
                    proptest::prop_assert_eq!(read, again);
                }
                let _ = crate::ws::Command::parse(text.as_bytes());
            }
        }
        let _ = ServerMessage::parse(msg.as_bytes());
        let _ = crate::ws::Command::parse(msg.as_bytes());
    }
}

#[test]
fn deprecated_fields_of_another_form_do_not_cost_the_message() {
    let fill = json!({"trade_id": "t-1", "order_id": "o-1", "market_ticker": "RAIN-1", "is_taker": true,
        "yes_price_dollars": "0.4100", "count_fp": "3.00", "fee_cost": "0.050000", "outcome_side": "no",
        "post_position_fp": "-3.00", "ts_ms": 1_795_237_200_000_i64});
    let mut odd = fill.clone();
    odd["ts"] = json!("noon");
    odd["side"] = json!(["no"]);
    odd["action"] = json!(2);
    odd["purchased_side"] = json!("maybe");
    let trade = json!({"trade_id": "t-1", "market_ticker": "RAIN-1", "yes_price_dollars": "0.4100",
        "no_price_dollars": "0.5900", "count_fp": "3.00", "taker_outcome_side": "no", "is_block_trade": false,
        "ts_ms": 1_795_237_200_000_i64});
    let mut odd_trade = trade.clone();
    odd_trade["taker_side"] = json!({"is": "no"});
    odd_trade["ts"] = json!(1.5);
    for (kind, plain, odd) in [("fill", fill, odd), ("trade", trade, odd_trade)] {
        let read = |msg: &Value| {
            let text = in_envelope(kind, None, msg).to_string();
            ServerMessage::parse(text.as_bytes()).unwrap().body
        };
        assert_eq!(read(&odd), read(&plain));
    }

    let order = json!({"order_id": "o-1", "user_id": "u", "ticker": "RAIN-1", "status": "resting", "outcome_side": "yes",
        "yes_price_dollars": "0.4100", "fill_count_fp": "0.00", "remaining_count_fp": "3.00", "initial_count_fp": "3.00",
        "taker_fill_cost_dollars": "0.000000", "maker_fill_cost_dollars": "0.000000", "taker_fees_dollars": "0.000000",
        "maker_fees_dollars": "0.000000", "client_order_id": "mine"});
    let mut odd = order.clone();
    for name in ["created_time", "last_update_time", "expiration_time"] {
        odd[name] = json!("yesterday");
    }
    odd["side"] = json!("both");
    odd["is_yes"] = json!("yes");
    let read = |msg: &Value| serde_json::from_str::<UserOrder>(&msg.to_string()).unwrap();
    assert_eq!(read(&odd), read(&order));
    // What the message is about stays strict.
    odd["remaining_count_fp"] = json!("few");
    assert!(serde_json::from_str::<UserOrder>(&odd.to_string()).is_err());
}
