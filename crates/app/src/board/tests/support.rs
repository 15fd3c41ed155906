//! Markets for tests.

use std::sync::Arc;

use kmi_domain::{Level, MarketStatus, Price, Quantity, Side, Timestamp};
use kmi_kalshi::api::event::Event;
use kmi_kalshi::api::market::Market;
use kmi_kalshi::ws::message::{OrderbookDelta, OrderbookSnapshot, TickerUpdate, Trade};

use crate::board::{Board, BoardSettings, MarketState, Sweep, Swept};
use crate::hub::{ConnectionStatus, Interest, Kinds, Link, Reader};

/// Second `s` of the test.
pub(super) fn at(s: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + s)
}

pub(super) fn cents(cents: u8) -> Price {
    Price::from_cents(cents).unwrap()
}

pub(super) fn board() -> Board {
    Board::new(BoardSettings::default())
}

/// An open market of event `E`, quoted at so many cents and two more.
pub(super) fn market(ticker: &str, bid: u8) -> Market {
    let mut body = Market::blank(
        ticker.parse().unwrap(),
        "E".parse().unwrap(),
        MarketStatus::Active.into(),
    );
    let size = Quantity::from_contracts(10);
    body.set_quotes(Some((cents(bid), size)), Some((cents(bid + 2), size)));
    body.close_time = Some(at(100_000));
    body
}

pub(super) fn sweep(board: &Board, asked: i64, markets: Vec<Market>) -> Swept {
    board.take_sweep(Sweep {
        asked: at(asked),
        markets,
    })
}

/// The stream's words for the same quotes.
pub(super) fn update(ticker: &str, bid: u8) -> TickerUpdate {
    let body = market(ticker, bid);
    TickerUpdate {
        market_ticker: body.ticker,
        market_id: None,
        price_dollars: Price::ZERO,
        yes_bid_dollars: body.yes_bid_dollars,
        yes_ask_dollars: body.yes_ask_dollars,
        yes_bid_size_fp: body.yes_bid_size_fp,
        yes_ask_size_fp: body.yes_ask_size_fp,
        last_trade_size_fp: Quantity::ZERO,
        volume_fp: Quantity::ZERO,
        open_interest_fp: Quantity::ZERO,
        dollar_volume: 0,
        dollar_open_interest: 0,
        ts_ms: at(0),
        ts: None,
        time: None,
    }
}

/// Bid of a market on the board, in cents.
pub(super) fn bid(board: &Board, ticker: &str) -> u16 {
    let market = board.market(&ticker.parse().unwrap()).unwrap();
    market.quote.yes_bid.unwrap().units() / 100
}

pub(super) fn state(board: &Board, ticker: &str) -> Arc<MarketState> {
    board.market(&ticker.parse().unwrap()).unwrap()
}

/// A reader of everything told from now on.
pub(super) fn reader(board: &Board) -> Reader {
    let interest = Interest {
        kinds: Kinds::ALL,
        markets: None,
    };
    board.hub().reader(board.hub().last(), interest)
}

pub(super) fn connection(link: Link, since: i64) -> ConnectionStatus {
    ConnectionStatus {
        link,
        since: at(since),
    }
}

pub(super) fn broken() -> Link {
    Link::Reconnecting {
        attempt: 1,
        next_in: std::time::Duration::from_secs(2),
        reason: "it broke".to_owned(),
    }
}

pub(super) fn event(ticker: &str, series: &str, title: &str, category: &str) -> Event {
    let domain = kmi_domain::Event {
        ticker: ticker.parse().unwrap(),
        series: series.parse().unwrap(),
        title: title.to_owned(),
        sub_title: String::new(),
        category: Some(category.to_owned()).filter(|word| !word.is_empty()),
        mutually_exclusive: false,
        collateral_return: kmi_domain::CollateralReturn::None,
        strike_date: None,
        fee_type_override: None,
        fee_multiplier_override: None,
    };
    Event::from(&domain)
}

/// Bids of one side: cents and contracts.
fn levels(side: &[(u8, i32)]) -> Vec<Level> {
    let level = |(price, contracts): &(u8, i32)| Level {
        price: cents(*price),
        quantity: Quantity::from_contracts(*contracts),
    };
    side.iter().map(level).collect()
}

pub(super) fn snapshot(ticker: &str, yes: &[(u8, i32)], no: &[(u8, i32)]) -> OrderbookSnapshot {
    OrderbookSnapshot {
        market_ticker: ticker.parse().unwrap(),
        market_id: None,
        clock: None,
        yes_dollars_fp: levels(yes),
        no_dollars_fp: levels(no),
    }
}

pub(super) fn delta(ticker: &str, side: Side, price: u8, contracts: i32) -> OrderbookDelta {
    OrderbookDelta {
        market_ticker: ticker.parse().unwrap(),
        market_id: None,
        clock: None,
        price_dollars: cents(price),
        delta_fp: Quantity::from_contracts(contracts),
        side,
        client_order_id: None,
        subaccount: None,
        ts_ms: None,
        ts: None,
    }
}

pub(super) fn trade(ticker: &str, id: &str) -> Trade {
    Trade::from(&kmi_domain::PublicTrade {
        id: id.parse().unwrap(),
        ticker: ticker.parse().unwrap(),
        time: at(0),
        yes_price: cents(40),
        quantity: Quantity::ONE,
        taker: Side::Yes,
        is_block: false,
    })
}
