//! Markets for tests.

use kmi_domain::{MarketStatus, Price, Quantity, Timestamp};
use kmi_kalshi::api::market::Market;
use kmi_kalshi::ws::message::TickerUpdate;

use crate::board::{Board, BoardSettings, Sweep, Swept};

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
