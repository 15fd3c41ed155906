//! Bodies of a small exchange.

mod catalogue;
mod member;

use kmi_domain::matching::{MarketId, OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{
    BookSide, CollateralReturn, FeeMultiplier, FeeType, MarketResult, Money, Price, Quantity, TickGrid,
    Ticker, Timestamp,
};

use super::*;
use crate::core::{
    Account, Command, EventSpec, MarketSpec, OrderState, Payment, PlaceOrder, Reply, Rules, SeriesSpec,
    Shard, Strike,
};
use crate::records::{HistoryAges, Lag, Limits, PageRequest};

/// An exchange and its records, with a clock that moves by hand.
struct Desk {
    exchange: Exchange,
    records: Records,
    now: Timestamp,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_790_000_000 + seconds)
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn page() -> PageRequest {
    PageRequest::first(100)
}

impl Desk {
    /// Series S (shard 0) and C (shard 2) with the events `S-1`, `S-2` and `C-1` of two markets each: `S-1-A`, `S-1-B`, …
    fn new() -> Desk {
        Desk::with_lag(Lag::default())
    }

    fn with_lag(lag: Lag) -> Desk {
        let mut desk = Desk {
            exchange: Exchange::new(Rules::measured(42)),
            records: Records::new(Limits::default(), HistoryAges::default(), lag),
            now: at(0),
        };
        for (series, shard, events) in [
            ("S", Shard::MAIN, &["S-1", "S-2"][..]),
            ("C", Shard::CRYPTO, &["C-1"]),
        ] {
            desk.list_series(series, shard);
            for event in events {
                desk.list_event(series, event);
                for name in ["A", "B"] {
                    desk.list_market(event, &format!("{event}-{name}"), 10, 1_000);
                }
            }
        }
        desk.go_to(20);
        desk
    }

    fn list_series(&mut self, series: &str, shard: Shard) {
        self.done(&Command::ListSeries(SeriesSpec {
            ticker: series.parse().unwrap(),
            title: format!("Series {series}"),
            category: "Economics".to_owned(),
            tags: vec![series.to_lowercase()],
            frequency: "daily".to_owned(),
            fee_type: FeeType::Quadratic,
            fee_multiplier: FeeMultiplier::ONE,
            shard,
        }));
    }

    fn list_event(&mut self, series: &str, event: &str) {
        self.done(&Command::ListEvent(EventSpec {
            ticker: event.parse().unwrap(),
            series: series.parse().unwrap(),
            title: format!("Event {event}"),
            sub_title: "soon".to_owned(),
            collateral_return: CollateralReturn::None,
            strike_date: None,
            fee_type_override: None,
            fee_multiplier_override: None,
        }));
    }

    fn list_market(&mut self, event: &str, name: &str, open: i64, close: i64) {
        self.done(&Command::ListMarket(MarketSpec {
            ticker: name.parse().unwrap(),
            event: event.parse().unwrap(),
            yes_sub_title: "up".to_owned(),
            no_sub_title: "down".to_owned(),
            rules_primary: "It goes up.".to_owned(),
            rules_secondary: String::new(),
            strike: Strike {
                kind: "greater".to_owned(),
                floor: Some(83.5),
                cap: None,
            },
            price_level_structure: "linear_cent".to_owned(),
            grid: TickGrid::linear_cent(),
            open_time: at(open),
            close_time: at(close),
            expected_expiration_time: at(close),
            latest_expiration_time: at(close + 1_000),
            settlement_timer_s: 60,
            can_close_early: true,
            fee_waiver_until: None,
            is_replay: false,
        }));
    }

    fn done(&mut self, command: &Command) -> Reply {
        let mut events = Vec::new();
        let reply = self.exchange.apply(self.now, command, &mut events).unwrap();
        for event in &events {
            self.records.apply(self.now, event, &self.exchange);
        }
        self.records.advance(self.now);
        reply
    }

    fn go_to(&mut self, seconds: i64) {
        self.now = at(seconds);
        self.done(&Command::Advance);
    }

    fn user(&mut self, name: &str) -> Account {
        let command = Command::OpenUser {
            name: name.to_owned(),
            is_house: false,
        };
        match self.done(&command) {
            Reply::User(user) => Account::primary(user),
            other => panic!("{other:?}"),
        }
    }

    fn place(
        &mut self,
        account: Account,
        side: BookSide,
        market: &str,
        limit: &str,
        contracts: &str,
    ) -> OrderState {
        let command = Command::Place(PlaceOrder {
            account,
            market: market.parse().unwrap(),
            shard: None,
            side,
            price: price(limit),
            quantity: quantity(contracts),
            time_in_force: TimeInForce::GoodTillCanceled,
            expiration: None,
            self_trade: SelfTradePrevention::TakerAtCross,
            post_only: false,
            reduce_only: false,
            cancel_on_pause: false,
            group: None,
            client_order_id: None,
        });
        match self.done(&command) {
            Reply::Order { order, .. } => *order,
            other => panic!("{other:?}"),
        }
    }

    fn bid(&mut self, account: Account, market: &str, limit: &str, contracts: &str) -> OrderId {
        self.place(account, BookSide::Bid, market, limit, contracts).order
    }

    fn ask(&mut self, account: Account, market: &str, limit: &str, contracts: &str) -> OrderId {
        self.place(account, BookSide::Ask, market, limit, contracts).order
    }

    fn settle(&mut self, market: &str, result: MarketResult) {
        self.done(&Command::Determine {
            market: market.parse().unwrap(),
            result,
            payment: Payment::Now,
        });
    }

    fn market(&self, name: &str) -> MarketId {
        self.exchange.market_id(name).unwrap()
    }

    fn views(&self) -> Views<'_> {
        Views {
            now: self.now,
            exchange: &self.exchange,
            records: &self.records,
        }
    }
}

fn names<'t>(tickers: impl IntoIterator<Item = &'t Ticker>) -> Vec<&'t str> {
    tickers.into_iter().map(Ticker::as_str).collect()
}
