//! Small recordings by hand, for tests.

use kmi_domain::fees::FeeSchedule;
use kmi_domain::{MarketResult, Price, PublicTrade, Quantity, Side, TickGrid, Timestamp, TradeId};

use crate::feed::{DataKind, Dataset, DatasetBuilder, FeedEvent, FeedKind, MarketEnd};
use crate::strategy::{MarketId, MarketInfo};

/// Second `seconds` of the recording.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(crate) fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub(crate) fn contracts(n: i32) -> Quantity {
    Quantity::from_contracts(n)
}

/// Builds a dataset; times are seconds.
pub(crate) struct Scenery {
    builder: DatasetBuilder,
}

impl Scenery {
    pub(crate) fn tape() -> Scenery {
        Scenery {
            builder: DatasetBuilder::new(DataKind::Tape),
        }
    }

    pub(crate) fn books() -> Scenery {
        Scenery {
            builder: DatasetBuilder::new(DataKind::Books),
        }
    }

    /// A market that closes at a second; `result` is `yes`, `no`, empty for none, or a scalar value.
    pub(crate) fn market(&mut self, name: &str, close: i64, result: &str) -> MarketId {
        let result = match result {
            "" => None,
            "yes" => Some(MarketResult::Yes),
            "no" => Some(MarketResult::No),
            value => Some(MarketResult::Scalar(price(value))),
        };
        let info = MarketInfo {
            ticker: name.parse().unwrap(),
            event: None,
            series: None,
            category: None,
            exclusive_group: None,
            open_time: None,
            close_time: Some(at(close)),
            grid: TickGrid::linear_cent(),
            fees: FeeSchedule::STANDARD,
        };
        let end = MarketEnd {
            result,
            settled_time: None,
        };
        self.builder.add_market(info, end)
    }

    pub(crate) fn print(&mut self, market: MarketId, second: i64, yes_price: &str, n: i32, taker: Side) {
        self.print_with_id(market, second, "t", yes_price, n, taker);
    }

    pub(crate) fn print_with_id(
        &mut self,
        market: MarketId,
        second: i64,
        id: &str,
        yes_price: &str,
        n: i32,
        taker: Side,
    ) {
        let trade = PublicTrade {
            id: TradeId::new(id).unwrap(),
            ticker: "ANY".parse().unwrap(),
            time: at(second),
            yes_price: price(yes_price),
            quantity: contracts(n),
            taker,
            is_block: false,
        };
        self.builder.push_trade(market, &trade);
    }

    pub(crate) fn push(&mut self, market: MarketId, second: i64, kind: FeedKind) {
        self.builder.push(FeedEvent {
            time: at(second),
            market,
            kind,
        });
    }

    /// A snapshot of YES and NO bids.
    pub(crate) fn snapshot(
        &mut self,
        market: MarketId,
        second: i64,
        yes: &[(&str, i32)],
        no: &[(&str, i32)],
    ) {
        let levels = u32::try_from(yes.len() + no.len()).unwrap();
        self.push(market, second, FeedKind::Snapshot { levels });
        for (side, bids) in [(Side::Yes, yes), (Side::No, no)] {
            for (level, n) in bids {
                let (price, quantity) = (price(level), contracts(*n));
                self.push(
                    market,
                    second,
                    FeedKind::Level {
                        side,
                        price,
                        quantity,
                    },
                );
            }
        }
    }

    pub(crate) fn build(self) -> Dataset {
        self.builder.build()
    }
}
