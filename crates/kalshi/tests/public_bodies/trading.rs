//! Books and trades.

use kmi_domain::Level;
use kmi_kalshi::api::orderbook::{MarketOrderbook, OrderbookResponse, OrderbookSides, OrderbooksResponse};
use kmi_kalshi::api::page::Cursor;
use kmi_kalshi::api::trade::{Trade, TradesPage};
use serde_json::json;

use crate::check_object;
use crate::round_trip;

#[test]
fn books_and_trades_are_what_is_asked() {
    let level = |price: &str, quantity: &str| Level {
        price: price.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
    };
    let sides = OrderbookSides {
        yes_dollars: vec![level("0.42", "13")],
        no_dollars: vec![],
    };
    let one = OrderbookResponse {
        orderbook_fp: sides.clone(),
    };
    let written = serde_json::to_value(&one).unwrap();
    assert_eq!(
        written,
        json!({"orderbook_fp": {"yes_dollars": [["0.4200", "13.00"]], "no_dollars": []}})
    );
    check_object("book", "GetMarketOrderbookResponse", &written).unwrap();
    let several = OrderbooksResponse {
        orderbooks: vec![MarketOrderbook {
            ticker: "A".parse().unwrap(),
            orderbook_fp: sides,
        }],
    };
    check_object(
        "books",
        "GetMarketOrderbooksResponse",
        &serde_json::to_value(&several).unwrap(),
    )
    .unwrap();
    let trade: Trade = round_trip(
        "Trade",
        &json!({
        "trade_id": "t", "ticker": "A", "count_fp": "0.01", "yes_price_dollars": "0.4310", "no_price_dollars": "0.5690",
        "taker_side": "yes", "taker_outcome_side": "yes", "taker_book_side": "bid",
        "created_time": "2026-11-21T05:00:00.000001Z", "is_block_trade": false}),
    );
    let page = TradesPage {
        trades: vec![trade],
        cursor: Cursor::new("next"),
    };
    check_object(
        "trades",
        "GetTradesResponse",
        &serde_json::to_value(&page).unwrap(),
    )
    .unwrap();
}
