//! Writing frames: what a recorder would have kept of them, in today's generation.

use kmi_domain::{Level, PublicTrade, Side, Ticker, Timestamp};
use serde_json::{Map, Value, json};

/// A frame to be written into a capture.
#[derive(Clone, Copy, Debug)]
pub enum OutgoingFrame<'a> {
    /// A whole book.
    Snapshot {
        /// Market.
        ticker: &'a Ticker,
        /// YES bids.
        yes: &'a [Level],
        /// NO bids, in NO prices.
        no: &'a [Level],
    },
    /// A change of one level.
    Delta {
        /// Market.
        ticker: &'a Ticker,
        /// Whose bids.
        side: Side,
        /// The level's price and its signed change.
        change: Level,
    },
    /// A public trade.
    Trade(&'a PublicTrade),
}

impl OutgoingFrame<'_> {
    /// One line of a capture, without its end: the frame of subscription `sid` with number `seq`, sent and received at `time`.
    #[must_use]
    pub fn capture_line(&self, sid: u64, seq: u64, time: Timestamp) -> String {
        let (kind, msg) = match self {
            OutgoingFrame::Snapshot { ticker, yes, no } => ("orderbook_snapshot", snapshot(ticker, yes, no)),
            OutgoingFrame::Delta { ticker, side, change } => {
                ("orderbook_delta", delta(ticker, *side, *change, time))
            }
            OutgoingFrame::Trade(trade) => ("trade", public_trade(trade)),
        };
        let event = json!({"type": kind, "sid": sid, "seq": seq, "msg": msg});
        json!({"recv_ms": time.millis(), "event": event}).to_string()
    }
}

/// The key of an empty side is left out, as the exchange does.
fn snapshot(ticker: &Ticker, yes: &[Level], no: &[Level]) -> Value {
    let mut msg = Map::new();
    msg.insert("market_ticker".to_owned(), ticker.as_str().into());
    for (key, side) in [("yes_dollars_fp", yes), ("no_dollars_fp", no)] {
        if !side.is_empty() {
            let levels = side
                .iter()
                .map(|level| json!([level.price.to_string(), level.quantity.to_string()]));
            msg.insert(key.to_owned(), levels.collect());
        }
    }
    Value::Object(msg)
}

fn delta(ticker: &Ticker, side: Side, change: Level, time: Timestamp) -> Value {
    json!({
        "market_ticker": ticker.as_str(),
        "price_dollars": change.price.to_string(),
        "delta_fp": change.quantity.to_string(),
        "side": side.as_str(),
        "ts": time.to_string(),
        "ts_ms": time.millis(),
    })
}

fn public_trade(trade: &PublicTrade) -> Value {
    json!({
        "trade_id": trade.id.as_str(),
        "market_ticker": trade.ticker.as_str(),
        "yes_price_dollars": trade.yes_price.to_string(),
        "no_price_dollars": trade.yes_price.complement().to_string(),
        "count_fp": trade.quantity.to_string(),
        "taker_side": trade.taker.as_str(),
        "taker_outcome_side": trade.taker.as_str(),
        "taker_book_side": trade.taker.book_side().as_str(),
        "is_block_trade": trade.is_block,
        "ts": trade.time.seconds(),
        "ts_ms": trade.time.millis(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Message, Scanner};
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let ticker: Ticker = "M-1".parse().unwrap();
        let level = |price: &str, quantity: &str| Level {
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
        };
        let time: Timestamp = "2026-07-01T00:00:00.250Z".parse().unwrap();
        let yes = [level("0.4100", "2.50"), level("0.4200", "1.00")];
        let trade = PublicTrade {
            id: "t-1".parse().unwrap(),
            ticker: ticker.clone(),
            time,
            yes_price: "0.4200".parse().unwrap(),
            quantity: "1.00".parse().unwrap(),
            taker: Side::No,
            is_block: false,
        };
        let frames = [
            OutgoingFrame::Snapshot {
                ticker: &ticker,
                yes: &yes,
                no: &[],
            },
            OutgoingFrame::Delta {
                ticker: &ticker,
                side: Side::No,
                change: level("0.5500", "-3.00"),
            },
            OutgoingFrame::Trade(&trade),
        ];
        let lines = frames.map(|frame| frame.capture_line(1, 7, time));
        let mut scanner = Scanner::new();
        let mut read = |line: &str| {
            let line = scanner.parse(line.as_bytes()).unwrap();
            assert_eq!(
                (line.received, line.frame.sid, line.frame.seq),
                (Some(time), Some(1), Some(7))
            );
            line.frame.message.into_owned()
        };

        let Message::Snapshot(snapshot) = read(&lines[0]) else {
            panic!("a snapshot was written")
        };
        assert_eq!((snapshot.yes, snapshot.no), (yes.to_vec(), vec![]));
        let Message::Delta(delta) = read(&lines[1]) else {
            panic!("a delta was written")
        };
        assert_eq!(
            (delta.side, delta.price, delta.change.to_string().as_str()),
            (Side::No, "0.55".parse().unwrap(), "-3.00")
        );
        let Message::Trade(read_trade) = read(&lines[2]) else {
            panic!("a trade was written")
        };
        assert_eq!(read_trade.to_public().unwrap(), trade);
    }
}
