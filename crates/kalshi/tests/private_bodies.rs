//! Bodies of private routes: written exactly as the specification wants them, and read back; answers with tolerance, requests
//! without.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Debug;

use kmi_domain::matching::{Decrease, ExpirationChange, SelfTradePrevention, TimeInForce};
use kmi_domain::{Action, BookSide, Money, Price, Quantity, Side, Ticker, Timestamp};
use kmi_kalshi::api::account::{AccountLimits, VolumeProgressResponse};
use kmi_kalshi::api::code::Code;
use kmi_kalshi::api::groups::{
    CreateOrderGroup, CreatedOrderGroup, LimitError, OrderGroupDetail, OrderGroups, UpdateOrderGroupLimit,
};
use kmi_kalshi::api::keys::{ApiKeys, CreateApiKey, CreatedApiKey, GenerateApiKey, GeneratedApiKey, Scope};
use kmi_kalshi::api::orders::{
    AmendOrder, AmendedOrder, BatchCancel, BatchCancelItem, BatchCanceled, BatchCreated, BatchCreatedItem,
    BatchItemError, CanceledOrder, CreateOrder, CreatedOrder, DecreaseOrder, DecreasedOrder, Order,
    OrderStatus, OrdersPage, QueuePositionResponse, QueuePositions,
};
use kmi_kalshi::api::portfolio::{
    Allocations, Balance, DepositsPage, FillsPage, PositionsPage, RestingOrderValue, SetAllocations,
    SettlementsPage, UserDataTimestamp, WithdrawalsPage,
};
use kmi_kalshi::api::transfers::{
    CreateSubaccount, CreatedSubaccount, NettingConfigs, SetNetting, ShardTransferRequest,
    ShardTransferResponse, ShardTransfersPage, SubaccountBalances, SubaccountTransferRequest,
    SubaccountTransfersPage,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads `json`, writes it again and wants the same; then reads it with a field nobody knows.
fn same<T: DeserializeOwned + Serialize + PartialEq + Debug>(json: &Value) -> T {
    let read: T = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), *json);
    let mut more = json.clone();
    more["brand_new"] = json!({"deep": [1, null]});
    assert_eq!(serde_json::from_value::<T>(more).unwrap(), read);
    read
}

fn ticker() -> Ticker {
    "KXHIGHNY-26NOV21-T60".parse().unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn count(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn a_new_order_says_the_six_fields_that_are_wanted_and_what_was_set() {
    let plain = CreateOrder::bid(ticker(), price("0.56"), count("10"));
    assert_eq!(
        serde_json::to_value(&plain).unwrap(),
        json!({
            "ticker": "KXHIGHNY-26NOV21-T60", "side": "bid", "count": "10.00", "price": "0.5600",
            "time_in_force": "good_till_canceled", "self_trade_prevention_type": "taker_at_cross",
        })
    );

    let full = CreateOrder::ask(ticker(), price("0.9985"), count("0.01"))
        .client_order_id("8c35ecb3")
        .expires_at("2026-11-21T05:00:00.9Z".parse().unwrap())
        .post_only()
        .self_trade_prevention(SelfTradePrevention::Maker)
        .cancel_on_pause()
        .subaccount(63)
        .in_group("g-1");
    let json = json!({
        "ticker": "KXHIGHNY-26NOV21-T60", "client_order_id": "8c35ecb3", "side": "ask", "count": "0.01",
        "price": "0.9985", "expiration_time": 1_795_237_200, "time_in_force": "good_till_canceled",
        "post_only": true, "self_trade_prevention_type": "maker", "cancel_order_on_pause": true,
        "subaccount": 63, "order_group_id": "g-1",
    });
    assert_eq!(serde_json::to_value(&full).unwrap(), json);
    let read: CreateOrder = same(&json);
    assert_eq!(
        read.expiration_time,
        Some("2026-11-21T05:00:00Z".parse().unwrap())
    );

    let exit = CreateOrder::bid(ticker(), price("0.56"), count("10")).reduce_only();
    assert_eq!(exit.time_in_force, TimeInForce::ImmediateOrCancel);
    assert!(exit.reduce_only);
}

#[test]
fn an_order_on_no_becomes_one_in_yes_prices() {
    for (side, action, book_side, yes_price) in [
        (Side::Yes, Action::Buy, BookSide::Bid, "0.30"),
        (Side::Yes, Action::Sell, BookSide::Ask, "0.30"),
        (Side::No, Action::Buy, BookSide::Ask, "0.70"),
        (Side::No, Action::Sell, BookSide::Bid, "0.70"),
    ] {
        let order = CreateOrder::of(side, action, ticker(), price("0.30"), count("1"));
        assert_eq!((order.side, order.price), (book_side, price(yes_price)));
    }
}

#[test]
fn answers_to_single_writes_read_back() {
    let created: CreatedOrder = same(&json!({
        "order_id": "o-1", "client_order_id": "c-1", "fill_count": "4.00", "remaining_count": "6.00",
        "average_fill_price": "0.5550", "average_fee_paid": "0.017325", "ts_ms": 1_715_793_600_123_i64,
    }));
    assert_eq!(created.average_fee_paid, Some(money("0.017325")));
    assert_eq!(created.ts_ms, Timestamp::from_millis(1_715_793_600_123));
    let rests: CreatedOrder = same(&json!({
        "order_id": "o-1", "fill_count": "0.00", "remaining_count": "10.00", "ts_ms": 1,
    }));
    assert_eq!((rests.client_order_id, rests.average_fill_price), (None, None));

    same::<CanceledOrder>(&json!({
        "order_id": "o-1", "client_order_id": "c-1", "reduced_by": "10.00", "ts_ms": 1,
    }));
    same::<DecreasedOrder>(&json!({"order_id": "o-1", "remaining_count": "8.00", "ts_ms": 1}));
    let amended: AmendedOrder = same(&json!({
        "order_id": "o-1", "remaining_count": null, "fill_count": null, "average_fill_price": null,
        "average_fee_paid": null, "ts_ms": 1,
    }));
    assert_eq!(amended.remaining_count, None);
    same::<AmendedOrder>(&json!({
        "order_id": "o-1", "client_order_id": "c-2", "remaining_count": "8.00", "fill_count": "0.00",
        "average_fill_price": null, "average_fee_paid": null, "ts_ms": 1,
    }));
}

#[test]
fn what_should_be_a_string_and_comes_as_a_number_is_read_all_the_same() {
    let created: CreatedOrder = serde_json::from_value(json!({
        "order_id": "o-1", "client_order_id": "", "fill_count": 4, "remaining_count": 6.5,
        "average_fill_price": 0.555, "average_fee_paid": null, "ts_ms": "1715793600123",
    }))
    .unwrap();
    assert_eq!(created.client_order_id, None);
    assert_eq!(
        (created.fill_count, created.remaining_count),
        (count("4"), count("6.5"))
    );
    assert_eq!(created.average_fill_price, Some(money("0.555")));
    assert_eq!(created.ts_ms, Timestamp::from_millis(1_715_793_600_123));
}

#[test]
fn an_amendment_keeps_clears_or_sets_the_expiration() {
    let amend = AmendOrder::new(ticker(), BookSide::Bid, price("0.57"), count("8"));
    let json = json!({"ticker": "KXHIGHNY-26NOV21-T60", "side": "bid", "price": "0.5700", "count": "8.00"});
    assert_eq!(serde_json::to_value(&amend).unwrap(), json);
    assert_eq!(same::<AmendOrder>(&json), amend);

    for (change, seconds) in [
        (ExpirationChange::Clear, 0),
        (
            ExpirationChange::At(Timestamp::from_seconds(1_795_237_200)),
            1_795_237_200,
        ),
    ] {
        let amend = amend.clone().expiration(change).client_order_id("c-1");
        let json = serde_json::to_value(&amend).unwrap();
        assert_eq!(json["expiration_time"], json!(seconds));
        assert_eq!(same::<AmendOrder>(&json), amend);
    }
    let null: AmendOrder = serde_json::from_value(json!({
        "ticker": "A", "side": "ask", "price": "0.57", "count": "8", "expiration_time": null,
        "client_order_id": "", "updated_client_order_id": "c-2",
    }))
    .unwrap();
    assert_eq!(null.expiration_time, ExpirationChange::Keep);
    assert_eq!(
        (null.client_order_id, null.updated_client_order_id.as_deref()),
        (None, Some("c-2"))
    );
}

#[test]
fn a_decrease_is_by_or_to_and_names_its_market() {
    let to = DecreaseOrder::to(ticker(), count("0"));
    let json = json!({"reduce_to": "0.00", "market_ticker": "KXHIGHNY-26NOV21-T60"});
    assert_eq!(serde_json::to_value(&to).unwrap(), json);
    assert_eq!(
        same::<DecreaseOrder>(&json).decrease(),
        Some(Decrease::To(Quantity::ZERO))
    );
    assert_eq!(
        DecreaseOrder::by(ticker(), count("2")).decrease(),
        Some(Decrease::By(count("2")))
    );
    let both = json!({"reduce_by": "1.00", "reduce_to": "2.00", "exchange_index": 2});
    assert_eq!(same::<DecreaseOrder>(&both).decrease(), None);
    assert_eq!(same::<DecreaseOrder>(&json!({})).decrease(), None);
}

#[test]
fn a_batch_of_new_orders_answers_item_by_item() {
    let json = json!({"orders": [
        {
            "order_id": "o-1", "client_order_id": "c-1", "fill_count": "0.00", "remaining_count": "10.00",
            "average_fill_price": null, "average_fee_paid": null, "ts_ms": 1, "error": null,
        },
        {
            "client_order_id": "c-2", "fill_count": null, "remaining_count": null, "average_fill_price": null,
            "average_fee_paid": null, "ts_ms": null,
            "error": {"code": "invalid_price", "message": "invalid_price", "details": "0.5555"},
        },
    ]});
    let [first, second] = <[BatchCreatedItem; 2]>::try_from(same::<BatchCreated>(&json).orders).unwrap();

    let created = first.clone().into_result().unwrap();
    assert_eq!(
        (created.order_id.as_str(), created.remaining_count),
        ("o-1", count("10"))
    );
    assert_eq!(BatchCreatedItem::from(created), first);

    let error = Code::InvalidPrice.object().with_details("0.5555");
    assert_eq!(
        second,
        BatchCreatedItem::refused(Some("c-2".to_owned()), error.clone())
    );
    assert_eq!(second.into_result(), Err(BatchItemError::Refused(error.clone())));
    // Neither, both, or half an answer: there may be an order.
    let neither = BatchCreatedItem::default();
    assert_eq!(neither.into_result(), Err(BatchItemError::Unclear(None)));
    let both = BatchCreatedItem {
        error: Some(error.clone()),
        ..first.clone()
    };
    assert_eq!(both.into_result(), Err(BatchItemError::Unclear(Some(error))));
    let half = BatchCreatedItem {
        remaining_count: None,
        ..first
    };
    assert_eq!(half.into_result(), Err(BatchItemError::Unclear(None)));
}

#[test]
fn a_batch_of_cancels_names_markets_and_answers_item_by_item() {
    let cancel = BatchCancel {
        orders: vec![
            BatchCancelItem::new("o-1", ticker()),
            BatchCancelItem::new("o-2", ticker()).subaccount(1),
        ],
    };
    let json = json!({"orders": [
        {"order_id": "o-1", "market_ticker": "KXHIGHNY-26NOV21-T60"},
        {"order_id": "o-2", "subaccount": 1, "market_ticker": "KXHIGHNY-26NOV21-T60"},
    ]});
    assert_eq!(serde_json::to_value(&cancel).unwrap(), json);
    assert_eq!(same::<BatchCancel>(&json), cancel);

    same::<BatchCanceled>(&json!({"orders": [
        {"order_id": "o-1", "client_order_id": "c-1", "reduced_by": "10.00", "ts_ms": 5, "error": null},
        {"order_id": "o-2", "client_order_id": null, "reduced_by": "0.00", "ts_ms": null,
         "error": {"code": "not_found", "message": "not_found"}},
    ]}));
}

fn order() -> Value {
    json!({
        "order_id": "o-1", "user_id": "u-1", "client_order_id": "c-1", "ticker": "KXHIGHNY-26NOV21-T60",
        "side": "no", "action": "buy", "outcome_side": "no", "book_side": "ask", "type": "limit",
        "status": "resting", "yes_price_dollars": "0.5600", "no_price_dollars": "0.4400",
        "fill_count_fp": "4.00", "remaining_count_fp": "6.00", "initial_count_fp": "10.00",
        "taker_fill_cost_dollars": "1.760000", "maker_fill_cost_dollars": "0.000000",
        "taker_fees_dollars": "0.069000", "maker_fees_dollars": "0.000000", "expiration_time": null,
        "created_time": "2026-11-21T05:00:00.123456Z", "last_update_time": "2026-11-21T05:00:01Z",
        "self_trade_prevention_type": "taker_at_cross", "order_group_id": null,
        "cancel_order_on_pause": false, "subaccount_number": 0, "exchange_index": 0,
    })
}

#[test]
fn an_order_reads_back_and_says_its_direction() {
    let read: Order = same(&order());
    assert_eq!(
        (read.book_side(), read.outcome()),
        (Some(BookSide::Ask), Some(Side::No))
    );
    assert_eq!(read.client_order_id(), Some("c-1"));
    assert!(!read.status.is_final());
    same::<OrdersPage>(&json!({"orders": [order()], "cursor": ""}));
}

#[test]
fn words_added_since_are_kept_and_deprecated_fields_may_go() {
    let mut json = order();
    json["status"] = json!("parked");
    json["type"] = json!("pegged");
    json["self_trade_prevention_type"] = json!("both");
    json["taker_fees_dollars"] = json!(0.069);
    json["fill_count_fp"] = json!(4);
    for gone in [
        "side",
        "action",
        "user_id",
        "client_order_id",
        "created_time",
        "exchange_index",
    ] {
        json.as_object_mut().unwrap().remove(gone);
    }
    let read: Order = serde_json::from_value(json).unwrap();
    assert_eq!(read.status, OrderStatus::Other("parked".to_owned()));
    assert_eq!(serde_json::to_value(&read).unwrap()["status"], "parked");
    assert_eq!(read.taker_fees_dollars, money("0.069"));
    assert_eq!((read.client_order_id(), read.created_time), (None, None));
}

#[test]
fn queue_positions_and_groups_read_back() {
    same::<QueuePositions>(&json!({"queue_positions": [
        {"order_id": "o-1", "market_ticker": "A", "queue_position_fp": "12.50"},
    ]}));
    let null: QueuePositions = serde_json::from_value(json!({"queue_positions": null})).unwrap();
    assert_eq!(null, QueuePositions::default());
    same::<QueuePositionResponse>(&json!({"queue_position_fp": "0.00"}));

    same::<CreatedOrderGroup>(&json!({"order_group_id": "g-1", "subaccount": 0, "exchange_index": 2}));
    same::<OrderGroups>(&json!({"order_groups": [
        {"id": "g-1", "contracts_limit_fp": "100.00", "is_auto_cancel_enabled": true, "exchange_index": 0},
    ]}));
    same::<OrderGroupDetail>(&json!({
        "is_auto_cancel_enabled": true, "contracts_limit_fp": "100.00", "orders": ["o-1"], "exchange_index": 0,
    }));
}

#[test]
fn a_group_has_one_limit_in_whole_contracts() {
    assert_eq!(
        serde_json::to_value(CreateOrderGroup::new(100, 2).subaccount(1)).unwrap(),
        json!({"subaccount": 1, "contracts_limit": 100, "exchange_index": 2})
    );
    let limit = |json: Value| same::<UpdateOrderGroupLimit>(&json).limit();
    assert_eq!(limit(json!({"contracts_limit": 1_000_000})), Ok(1_000_000));
    assert_eq!(limit(json!({"contracts_limit_fp": "5.00"})), Ok(5));
    assert_eq!(
        limit(json!({"contracts_limit": 5, "contracts_limit_fp": "5.00"})),
        Ok(5)
    );
    assert_eq!(limit(json!({})), Err(LimitError::Missing));
    assert_eq!(
        limit(json!({"contracts_limit": 5, "contracts_limit_fp": "6.00"})),
        Err(LimitError::Differ)
    );
    for (json, value) in [
        (json!({"contracts_limit": 0}), "0"),
        (json!({"contracts_limit": -1}), "-1"),
        (json!({"contracts_limit": 1_000_001}), "1000001"),
        (json!({"contracts_limit_fp": "5.50"}), "5.50"),
    ] {
        assert_eq!(limit(json), Err(LimitError::Outside(count(value))));
    }
    // Beyond 64 bits of hundredths it is outside just as well.
    assert!(limit(json!({"contracts_limit": i64::MAX})).is_err());
}

#[test]
fn the_balance_is_told_in_cents_and_exactly() {
    let balance: Balance = same(&json!({
        "balance": 1_000_012, "balance_dollars": "10000.1234", "portfolio_value": 250,
        "updated_ts": 1_795_237_200,
        "balance_breakdown": [{"exchange_index": 0, "balance": "9000.1234"}, {"exchange_index": 2, "balance": "1000.0000"}],
    }));
    assert_eq!(
        (balance.balance, balance.balance_dollars),
        (money("10000.12"), money("10000.1234"))
    );
    let locked: Balance = same(&json!({
        "balance": 0, "balance_dollars": "0.0000", "portfolio_value": 0, "updated_ts": 0,
    }));
    assert!(locked.balance_breakdown.is_empty());
    same::<RestingOrderValue>(&json!({
        "total_resting_order_value": 560,
        "resting_order_value_breakdown": [{"exchange_index": 0, "balance": "5.6000"}],
    }));
    same::<Allocations>(&json!({
        "allocations": [{"exchange_index": 0, "percent": 100}], "resting_margin_reservation": "sum",
    }));
    same::<SetAllocations>(&json!({"allocations": [], "resting_margin_reservation": "max"}));
}

#[test]
fn positions_fills_and_settlements_read_back() {
    // As measured: 3 YES bought at .99, .99 and .52.
    let page: PositionsPage = same(&json!({
        "cursor": "",
        "market_positions": [{
            "ticker": "A", "exchange_index": 0, "total_traded_dollars": "2.500000", "position_fp": "3.00",
            "market_exposure_dollars": "2.500000", "realized_pnl_dollars": "0.000000",
            "fees_paid_dollars": "0.018900", "last_updated_ts": "2026-11-21T05:00:00Z",
        }],
        "event_positions": [{
            "event_ticker": "E", "total_cost_dollars": "2.500000", "total_cost_shares_fp": "3.00",
            "event_exposure_dollars": "2.500000", "realized_pnl_dollars": "0.000000",
            "fees_paid_dollars": "0.018900",
        }],
    }));
    assert_eq!(page.market_positions[0].fees_paid_dollars, money("0.0189"));
    let short: PositionsPage = serde_json::from_value(json!({
        "market_positions": [{
            "ticker": "A", "total_traded_dollars": "0", "position_fp": -2.5, "market_exposure_dollars": "1",
            "realized_pnl_dollars": "-0.882", "fees_paid_dollars": 0, "last_updated_ts": "2026-11-21T05:00:00Z",
        }],
        "event_positions": null,
    }))
    .unwrap();
    assert_eq!(short.market_positions[0].position_fp, count("-2.50"));
    assert!(short.cursor.is_last());

    same::<FillsPage>(&json!({"cursor": "next", "fills": [{
        "fill_id": "t-1", "exchange_index": 0, "trade_id": "t-1", "order_id": "o-1", "ticker": "A",
        "market_ticker": "A", "side": "no", "action": "buy", "outcome_side": "no", "book_side": "ask",
        "count_fp": "71.94", "yes_price_dollars": "0.9870", "no_price_dollars": "0.0130", "is_taker": true,
        "fee_cost": "0.064780", "created_time": "2026-08-10T21:46:09.379425Z", "subaccount_number": 0,
        "ts": 1_786_398_369,
    }]}));
    let settlements: SettlementsPage = same(&json!({"cursor": "", "settlements": [{
        "ticker": "A", "exchange_index": 0, "event_ticker": "E", "market_result": "scalar",
        "yes_count_fp": "3.00", "yes_total_cost_dollars": "2.500000", "no_count_fp": "0.00",
        "no_total_cost_dollars": "0.000000", "revenue": 150, "settled_time": "2026-11-21T05:00:00Z",
        "fee_cost": "0.018900", "value": 50,
    }]}));
    assert_eq!(settlements.settlements[0].revenue, money("1.50"));
    same::<UserDataTimestamp>(&json!({"as_of_time": "2026-11-21T05:00:00Z"}));
}

#[test]
fn money_in_and_out_reads_back() {
    let payment = json!({
        "id": "d-1", "status": "applied", "type": "wire", "amount_cents": 100_000, "fee_cents": 0,
        "created_ts": 1_795_237_200, "finalized_ts": null,
    });
    let deposits: DepositsPage = same(&json!({"deposits": [payment.clone()], "cursor": ""}));
    assert_eq!(deposits.deposits[0].amount_cents, money("1000"));
    same::<WithdrawalsPage>(&json!({"withdrawals": [payment], "cursor": ""}));
}

#[test]
fn subaccounts_and_transfers_read_back() {
    same::<CreateSubaccount>(&json!({}));
    same::<CreatedSubaccount>(&json!({"subaccount_number": 1}));
    let transfer: SubaccountTransferRequest = same(&json!({
        "client_transfer_id": "x", "from_subaccount": 0, "to_subaccount": 63, "amount_cents": 150,
    }));
    assert_eq!(transfer.amount_cents, money("1.50"));
    same::<SubaccountBalances>(&json!({"subaccount_balances": [
        {"subaccount_number": 1, "exchange_index": 2, "balance": "1.5000", "updated_ts": 1_795_237_200},
    ]}));
    same::<SubaccountTransfersPage>(&json!({"cursor": "", "transfers": [{
        "transfer_id": "x", "from_subaccount": 0, "to_subaccount": 1, "amount_cents": 150,
        "created_ts": 1_795_237_200, "exchange_index": 0,
    }]}));
    same::<SetNetting>(&json!({"subaccount_number": 0, "enabled": true}));
    same::<NettingConfigs>(&json!({"netting_configs": [
        {"subaccount_number": 0, "enabled": true, "exchange_index": 0},
    ]}));

    let shard = ShardTransferRequest::between_shards(0, 2, money("25.5")).client_transfer_id("x");
    let json = json!({
        "client_transfer_id": "x", "source": "event_contract", "destination": "event_contract",
        "amount": 255_000, "source_exchange_shard": 0, "destination_exchange_shard": 2,
        "source_subaccount": 0, "destination_subaccount": 0,
    });
    assert_eq!(serde_json::to_value(&shard).unwrap(), json);
    assert_eq!(same::<ShardTransferRequest>(&json), shard);
    let seen = json!({
        "transfer_id": "t-1", "client_transfer_id": "x", "source": "event_contract",
        "destination": "event_contract", "source_exchange_shard": 0, "destination_exchange_shard": 2,
        "amount": "25.5000", "status": "pending", "created_ts": 1_795_237_200,
    });
    same::<ShardTransferResponse>(&json!({"transfer": seen.clone()}));
    same::<ShardTransfersPage>(&json!({"transfers": [seen.clone()]}));
    same::<ShardTransfersPage>(&json!({"transfers": [seen], "cursor": "next"}));
}

#[test]
fn limits_and_keys_read_back() {
    same::<AccountLimits>(&json!({
        "usage_tier": "basic", "read": {"refill_rate": 200, "bucket_capacity": 400},
        "write": {"refill_rate": 100, "bucket_capacity": 100},
        "grants": [{"exchange_instance": "event_contract", "level": "expert", "expires_ts": 1_795_237_200, "source": "volume"}],
    }));
    same::<VolumeProgressResponse>(&json!({"volume_progress": [{
        "computed_ts": 1_795_237_200, "trailing_30d_volume_fp": "1000.00",
        "goals": [{"level": "expert", "earn_volume_goal_fp": "2.00", "keep_volume_goal_fp": "1.00"}],
    }]}));
    same::<ApiKeys>(&json!({"api_keys": [
        {"api_key_id": "k-1", "name": "bot", "scopes": ["read", "write::trade"], "subaccount": 3},
        {"api_key_id": "k-2", "name": "old", "scopes": ["read::everything_new"]},
    ]}));
    same::<CreateApiKey>(&json!({"name": "bot", "public_key": "-----BEGIN", "scopes": ["read"]}));
    same::<CreatedApiKey>(&json!({"api_key_id": "k-1"}));
    same::<GenerateApiKey>(&json!({"name": "bot", "key_type": "ed25519", "subaccount": 1}));
    let generated: GeneratedApiKey =
        same(&json!({"api_key_id": "k-1", "key_type": "rsa", "private_key": "-----BEGIN SECRET"}));
    assert!(!format!("{generated:?}").contains("SECRET"));
}

#[test]
fn a_parent_scope_grants_what_its_children_do() {
    assert!(Scope::Write.grants(&Scope::WriteTrade));
    assert!(Scope::WriteTrade.grants(&Scope::WriteTrade));
    assert!(!Scope::WriteTrade.grants(&Scope::Write));
    assert!(!Scope::Read.grants(&Scope::WriteTrade));
    assert!(Scope::Read.grants(&Scope::ReadPortfolioBalance));
    assert!(!Scope::WriteTransfer.grants(&Scope::WriteTrade));
}
