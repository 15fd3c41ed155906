//! An exchange at hand, and orders in a few words.

use kmi_domain::matching::{SelfTradePrevention, TimeInForce};
use kmi_domain::{
    BookSide, CollateralReturn, FeeMultiplier, FeeType, MarketResult, Money, Quantity, TickGrid, Ticker,
    Timestamp,
};

use super::super::Exchange;
use crate::core::{
    Account, Command, Event, EventSpec, MarketSpec, OrderState, Outcome, Payment, PlaceOrder, Refusal, Reply,
    Rules, SeriesSpec, Shard, Strike, UserId,
};

/// An exchange with its events so far and a clock that moves by hand.
pub(super) struct Desk {
    pub(super) exchange: Exchange,
    pub(super) events: Vec<Event>,
    pub(super) now: Timestamp,
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

pub(super) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

pub(super) fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

pub(super) fn ticker(text: &str) -> Ticker {
    text.parse().unwrap()
}

pub(super) fn market_spec(event: &str, name: &str) -> MarketSpec {
    MarketSpec {
        ticker: ticker(name),
        event: event.parse().unwrap(),
        yes_sub_title: name.to_owned(),
        no_sub_title: name.to_owned(),
        rules_primary: "It happens.".to_owned(),
        rules_secondary: String::new(),
        strike: Strike::default(),
        price_level_structure: "linear_cent".to_owned(),
        grid: TickGrid::linear_cent(),
        open_time: at(0),
        close_time: at(1_000),
        expected_expiration_time: at(1_000),
        latest_expiration_time: at(2_000),
        settlement_timer_s: 60,
        can_close_early: true,
        fee_waiver_until: None,
        is_replay: false,
    }
}

impl Desk {
    /// One series, no users; time is 10 s.
    pub(super) fn new(rules: Rules) -> Desk {
        let mut desk = Desk {
            exchange: Exchange::new(rules),
            events: Vec::new(),
            now: at(10),
        };
        desk.list_series("S", FeeType::Quadratic, Shard::MAIN);
        desk.list_event("S", "E", CollateralReturn::None);
        desk.list_market(market_spec("E", "M"));
        desk
    }

    pub(super) fn measured() -> Desk {
        Desk::new(Rules::measured(1))
    }

    pub(super) fn list_series(&mut self, name: &str, fee_type: FeeType, shard: Shard) {
        self.done(Command::ListSeries(SeriesSpec {
            ticker: name.parse().unwrap(),
            title: name.to_owned(),
            category: "Tests".to_owned(),
            tags: Vec::new(),
            frequency: "custom".to_owned(),
            fee_type,
            fee_multiplier: FeeMultiplier::ONE,
            shard,
        }));
    }

    pub(super) fn list_event(&mut self, series: &str, name: &str, collateral_return: CollateralReturn) {
        self.done(Command::ListEvent(EventSpec {
            ticker: name.parse().unwrap(),
            series: series.parse().unwrap(),
            title: name.to_owned(),
            sub_title: String::new(),
            collateral_return,
            strike_date: None,
            fee_type_override: None,
            fee_multiplier_override: None,
        }));
    }

    pub(super) fn list_market(&mut self, spec: MarketSpec) {
        self.done(Command::ListMarket(spec));
    }

    /// A user with $10,000 on the main shard.
    pub(super) fn user(&mut self, name: &str) -> Account {
        let command = Command::OpenUser {
            name: name.to_owned(),
            is_house: false,
        };
        match self.done(command) {
            Reply::User(user) => Account::primary(user),
            other => panic!("{other:?}"),
        }
    }

    /// A user with exactly so much on the main shard.
    pub(super) fn user_with(&mut self, name: &str, dollars: &str) -> Account {
        let command = Command::OpenUser {
            name: name.to_owned(),
            is_house: true,
        };
        let Reply::User(user) = self.done(command) else {
            panic!()
        };
        let account = Account::primary(user);
        self.done(Command::Deposit {
            account,
            shard: Shard::MAIN,
            amount: money(dollars),
        });
        account
    }

    /// Applies a command and checks everything.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "commands are made where they are given"
    )]
    pub(super) fn apply(&mut self, command: Command) -> Outcome {
        let outcome = self.exchange.apply(self.now, &command, &mut self.events);
        if let Err(wrong) = self.exchange.check_invariants() {
            panic!("after {command:?}: {wrong}");
        }
        outcome
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "commands are made where they are given"
    )]
    pub(super) fn done(&mut self, command: Command) -> Reply {
        self.apply(command.clone())
            .unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"))
    }

    pub(super) fn refused(&mut self, command: Command) -> Refusal {
        self.apply(command).unwrap_err()
    }

    /// Places an order; returns it as it stands.
    pub(super) fn place(&mut self, order: PlaceOrder) -> OrderState {
        match self.done(Command::Place(order)) {
            Reply::Order { order, .. } => *order,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn bid(&mut self, account: Account, price: &str, count: &str) -> OrderState {
        self.place(order(account, BookSide::Bid, price, count))
    }

    pub(super) fn ask(&mut self, account: Account, price: &str, count: &str) -> OrderState {
        self.place(order(account, BookSide::Ask, price, count))
    }

    pub(super) fn determine(&mut self, market: &str, result: MarketResult) -> Reply {
        self.done(Command::Determine {
            market: ticker(market),
            result,
            payment: Payment::Now,
        })
    }

    pub(super) fn advance(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
        self.done(Command::Advance);
    }

    pub(super) fn cash(&self, account: Account) -> String {
        self.exchange.cash(account, Shard::MAIN).to_string()
    }

    pub(super) fn free(&self, account: Account) -> String {
        self.exchange.available(account, Shard::MAIN).to_string()
    }

    /// Signed contracts in a market.
    pub(super) fn held(&self, account: Account, market: &str) -> String {
        let market = self.exchange.market_id(market).unwrap();
        let position = self.exchange.position(account, market);
        position
            .map_or(Quantity::ZERO, |position| position.quantity)
            .to_string()
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// A plain order in market `M`.
pub(super) fn order(account: Account, side: BookSide, price: &str, count: &str) -> PlaceOrder {
    order_in("M", account, side, price, count)
}

pub(super) fn order_in(
    market: &str,
    account: Account,
    side: BookSide,
    price: &str,
    count: &str,
) -> PlaceOrder {
    PlaceOrder {
        account,
        market: ticker(market),
        shard: None,
        side,
        price: price.parse().unwrap(),
        quantity: quantity(count),
        time_in_force: TimeInForce::GoodTillCanceled,
        expiration: None,
        self_trade: SelfTradePrevention::TakerAtCross,
        post_only: false,
        reduce_only: false,
        cancel_on_pause: false,
        group: None,
        client_order_id: None,
    }
}

pub(super) fn immediate(order: PlaceOrder) -> PlaceOrder {
    PlaceOrder {
        time_in_force: TimeInForce::ImmediateOrCancel,
        ..order
    }
}

pub(super) fn sub(user: UserId, number: u8) -> Account {
    Account {
        user,
        subaccount: crate::core::Subaccount::new(number).unwrap(),
    }
}
