//! Events and readers for tests.

use kmi_domain::Timestamp;
use kmi_kalshi::ws::message::Trade;

use crate::board::{Board, BoardSettings, MarketId, MarketState};
use crate::hub::{Batch, Happening, Hub, Interest, Kinds, MarketSet};

pub(super) const AT: Timestamp = Timestamp::from_seconds(1_000);

/// A quote of market `id`; `version` tells it from others.
pub(super) fn quote(id: u32, version: u64) -> Happening {
    let board = Board::new(BoardSettings::default());
    let ticker = format!("M{id}").parse().unwrap();
    let event = "E".parse().unwrap();
    let body = kmi_kalshi::api::market::Market::blank(ticker, event, kmi_domain::MarketStatus::Active.into());
    let told = board.take_market(body, AT).quotes.remove(0);
    let state = MarketState {
        version,
        id: MarketId(id),
        ..MarketState::clone(&told)
    };
    Happening::Market(std::sync::Arc::new(state))
}

pub(super) fn trade(id: u32, number: u64) -> Happening {
    let trade = kmi_domain::PublicTrade {
        id: format!("t{number}").parse().unwrap(),
        ticker: format!("M{id}").parse().unwrap(),
        time: AT,
        yes_price: kmi_domain::Price::from_cents(40).unwrap(),
        quantity: kmi_domain::Quantity::ONE,
        taker: kmi_domain::Side::Yes,
        is_block: false,
    };
    Happening::Trade(std::sync::Arc::new(Trade::from(&trade)))
}

/// Everything about these markets; about all without any.
pub(super) fn interest(markets: &[u32]) -> Interest {
    let set: MarketSet = markets.iter().copied().map(MarketId).collect();
    Interest {
        kinds: Kinds::ALL,
        markets: (!markets.is_empty()).then_some(set),
    }
}

pub(super) fn tell(hub: &Hub, id: u32, what: Happening) -> u64 {
    hub.publish(AT, Some(MarketId(id)), what)
}

/// What a batch holds, in words: `q7.2` is version 2 of market 7, `t7.3` a trade of it.
pub(super) fn words(batch: Option<Batch>) -> String {
    match batch {
        None => "nothing".to_owned(),
        Some(Batch::Lapped { resumed_at }) => format!("lapped at {resumed_at}"),
        Some(Batch::Events(events)) => {
            let word = |event: &std::sync::Arc<crate::hub::Published>| match &event.what {
                Happening::Market(state) => format!("q{}.{}", state.id.0, state.version),
                Happening::Trade(trade) => format!("{}.{}", trade.trade_id, event.number),
                other => format!("{other:?}"),
            };
            events.iter().map(word).collect::<Vec<_>>().join(" ")
        }
    }
}
