//! Random flows of commands, and how the engine runs them.

use proptest::prelude::*;

use crate::matching::{
    AccountId, Amendment, Decrease, Exchange, ExchangeEvent, ExpirationChange, GroupId, MarketId, Matcher,
    NewOrder, OrderId, SelfTradePrevention, TimeInForce,
};
use crate::side::BookSide;
use crate::{Price, Quantity, TickGrid, Timestamp};

pub(super) const MARKETS: usize = 2;
const ACCOUNTS: u32 = 4;

/// Drawn for an amendment, stands for the price the order was placed at.
const SAME: Price = Price::ZERO;

/// A command as a test draws it. Orders are numbered by their place in the flow.
#[derive(Clone, Debug)]
pub(super) enum Command {
    Submit(usize, NewOrder),
    Amend(usize, OrderId, Amendment),
    Decrease(usize, OrderId, Decrease),
    Cancel(usize, OrderId),
    CancelAccount(AccountId),
    Expire,
    Pause(usize),
    Resume(usize),
    Halt(usize),
    Close(usize),
    SetGrid(usize, &'static str),
    CreateGroup(GroupId, AccountId, u32),
    TriggerGroup(GroupId),
    ResetGroup(GroupId),
    SetGroupLimit(GroupId, u32),
    DeleteGroup(GroupId),
}

/// What can run commands: the engine, and the naive reference.
pub(super) trait Venue {
    /// Runs a command; returns the answer as text.
    fn run(&mut self, now: Timestamp, command: &Command, events: &mut Vec<ExchangeEvent>) -> String;
}

/// The engine with its markets.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) exchange: Exchange,
    pub(super) markets: Vec<MarketId>,
}

impl Engine {
    pub(super) fn new() -> Engine {
        let mut exchange = Exchange::new();
        let markets = (0..MARKETS)
            .map(|_| exchange.add_market(TickGrid::linear_cent()))
            .collect();
        Engine { exchange, markets }
    }
}

impl Venue for Engine {
    fn run(&mut self, now: Timestamp, command: &Command, events: &mut Vec<ExchangeEvent>) -> String {
        let (exchange, markets) = (&mut self.exchange, &self.markets);
        match *command {
            Command::Submit(market, order) => {
                format!("{:?}", exchange.submit(now, markets[market], order, events))
            }
            Command::Amend(market, order, amendment) => {
                let answer = exchange.amend(now, markets[market], order, amendment, events);
                format!("{answer:?}")
            }
            Command::Decrease(market, order, decrease) => {
                let answer = exchange.with_market(now, markets[market], events, |market, events| {
                    market.decrease(order, decrease, events)
                });
                format!("{answer:?}")
            }
            Command::Cancel(market, order) => {
                let answer = exchange.with_market(now, markets[market], events, |market, events| {
                    market.cancel(order, events)
                });
                format!("{answer:?}")
            }
            Command::CancelAccount(account) => exchange.cancel_account(now, account, events).to_string(),
            Command::Expire => exchange.expire(now, events).to_string(),
            Command::Pause(market) => exchange
                .with_market(now, markets[market], events, |market, events| {
                    market.pause(events)
                })
                .to_string(),
            Command::Resume(market) => {
                exchange.with_market(now, markets[market], events, |market, _| market.resume());
                String::new()
            }
            Command::Halt(market) => exchange
                .with_market(now, markets[market], events, Matcher::halt)
                .to_string(),
            Command::Close(market) => exchange
                .with_market(now, markets[market], events, |market, events| {
                    market.close(events)
                })
                .to_string(),
            Command::SetGrid(market, label) => {
                let grid = TickGrid::from_label(label).unwrap();
                exchange.with_market(now, markets[market], events, |market, _| market.set_grid(grid));
                String::new()
            }
            Command::CreateGroup(group, account, limit) => {
                format!("{:?}", exchange.create_group(group, account, limit, events))
            }
            Command::TriggerGroup(group) => format!("{:?}", exchange.trigger_group(now, group, events)),
            Command::ResetGroup(group) => format!("{:?}", exchange.reset_group(group, events)),
            Command::SetGroupLimit(group, limit) => {
                format!("{:?}", exchange.set_group_limit(now, group, limit, events))
            }
            Command::DeleteGroup(group) => format!("{:?}", exchange.delete_group(now, group, events)),
        }
    }
}

/// A flow of up to `length` commands, each with its time. Each account begins with the group of its own number.
pub(super) fn flows(length: usize) -> impl Strategy<Value = Vec<(Timestamp, Command)>> {
    let seconds = prop_oneof![3 => Just(0_i64), 1 => 1..4_i64];
    let start = prop::collection::vec(1..30_u32, ACCOUNTS as usize);
    let drawn = prop::collection::vec((seconds, commands()), 1..length);
    (start, drawn).prop_map(|(limits, drawn)| {
        let created = (1..)
            .zip(limits)
            .map(|(number, limit)| (0, Command::CreateGroup(GroupId(number), AccountId(number), limit)));
        let (mut now, mut placed) = (0, Vec::new());
        created
            .chain(drawn)
            .enumerate()
            .map(|(index, (seconds, command))| {
                now += seconds;
                let command = numbered(index, now, command, &mut placed);
                (Timestamp::from_seconds(now), command)
            })
            .collect()
    })
}

/// Gives the drawn command its number, its target among the orders placed, and its times relative to now.
fn numbered(index: usize, now: i64, mut command: Command, placed: &mut Vec<(usize, NewOrder)>) -> Command {
    let index = index as u64;
    let later = |time: Timestamp| time.plus_seconds(now);
    let target = |market: &mut usize, order: &mut OrderId| {
        let back = usize::try_from(order.0).unwrap();
        let found = placed.iter().rev().nth(back)?;
        (*market, *order) = (found.0, found.1.id);
        Some(found.1.price)
    };
    match &mut command {
        Command::Submit(market, order) => {
            // Now and then a number is given twice.
            order.id = OrderId(if order.id.0 == 0 { index / 2 } else { index });
            order.expiration = order.expiration.map(later);
            placed.push((*market, *order));
        }
        Command::Amend(market, order, amendment) => {
            let price = target(market, order);
            if amendment.price == SAME {
                amendment.price = price.unwrap_or(SAME);
            }
            if let ExpirationChange::At(time) = &mut amendment.expiration {
                *time = later(*time);
            }
        }
        Command::Decrease(market, order, _) | Command::Cancel(market, order) => {
            target(market, order);
        }
        _ => {}
    }
    command
}

fn commands() -> impl Strategy<Value = Command> {
    let market = 0..MARKETS;
    let recent = (0..25_u64).prop_map(OrderId);
    let limit = 0..30_u32;
    prop_oneof![
        100 => (market.clone(), orders()).prop_map(|(market, order)| Command::Submit(market, order)),
        24 => (market.clone(), recent.clone(), amendments())
            .prop_map(|(market, order, amendment)| Command::Amend(market, order, amendment)),
        12 => (market.clone(), recent.clone(), decreases())
            .prop_map(|(market, order, decrease)| Command::Decrease(market, order, decrease)),
        12 => (market.clone(), recent).prop_map(|(market, order)| Command::Cancel(market, order)),
        1 => accounts().prop_map(Command::CancelAccount),
        3 => Just(Command::Expire),
        1 => market.clone().prop_map(Command::Pause),
        20 => market.clone().prop_map(Command::Resume),
        1 => prop_oneof![
            19 => market.clone().prop_map(Command::Halt),
            1 => market.clone().prop_map(Command::Close),
        ],
        1 => (market, prop::sample::select(vec!["linear_cent", "deci_cent", "center_quint_edge_centi_cent"]))
            .prop_map(|(market, label)| Command::SetGrid(market, label)),
        2 => (groups(), accounts(), limit)
            .prop_map(|(group, account, limit)| Command::CreateGroup(group, account, limit)),
        1 => groups().prop_map(Command::TriggerGroup),
        5 => groups().prop_map(Command::ResetGroup),
        6 => (groups(), 0..8_u32).prop_map(|(group, limit)| Command::SetGroupLimit(group, limit)),
        1 => groups().prop_map(Command::DeleteGroup),
    ]
}

fn accounts() -> impl Strategy<Value = AccountId> {
    (1..=ACCOUNTS).prop_map(AccountId)
}

fn groups() -> impl Strategy<Value = GroupId> {
    (1..=ACCOUNTS).prop_map(GroupId)
}

fn sides() -> impl Strategy<Value = BookSide> {
    prop_oneof![Just(BookSide::Bid), Just(BookSide::Ask)]
}

/// Prices around the middle, now and then off the cent.
fn prices() -> impl Strategy<Value = Price> {
    prop_oneof![
        20 => (44..56_u8).prop_map(|cents| Price::from_cents(cents).unwrap()),
        1 => (4_900..5_100_u16).prop_map(|units| Price::from_units(units).unwrap()),
    ]
}

fn quantities() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        5 => (1..8_i32).prop_map(Quantity::from_contracts),
        5 => (1..500_i64).prop_map(Quantity::from_units),
        1 => (-100..=0_i64).prop_map(Quantity::from_units),
    ]
}

fn decreases() -> impl Strategy<Value = Decrease> {
    prop_oneof![
        quantities().prop_map(Decrease::By),
        quantities().prop_map(Decrease::To),
    ]
}

fn amendments() -> impl Strategy<Value = Amendment> {
    let expiration = prop_oneof![
        4 => Just(ExpirationChange::Keep),
        1 => Just(ExpirationChange::Clear),
        2 => (0..30_i64).prop_map(|seconds| ExpirationChange::At(Timestamp::from_seconds(seconds))),
    ];
    let price = prop_oneof![Just(SAME), prices()];
    let total = (1..1_200_i64).prop_map(Quantity::from_units);
    (price, total, expiration).prop_map(|(price, total, expiration)| Amendment {
        price,
        total,
        expiration,
    })
}

fn orders() -> impl Strategy<Value = NewOrder> {
    let time_in_force = prop_oneof![
        12 => Just(TimeInForce::GoodTillCanceled),
        3 => Just(TimeInForce::ImmediateOrCancel),
        1 => Just(TimeInForce::FillOrKill),
    ];
    let self_trade = prop_oneof![
        Just(SelfTradePrevention::TakerAtCross),
        Just(SelfTradePrevention::Maker),
    ];
    let expiration =
        prop_oneof![5 => Just(None), 1 => (0..30_i64).prop_map(|s| Some(Timestamp::from_seconds(s)))];
    let position =
        prop_oneof![6 => Just(None), 1 => (-500..500_i64).prop_map(|q| Some(Quantity::from_units(q)))];
    let flags = (prop::bool::weighted(0.15), prop::bool::weighted(0.1));
    (
        (0..50_u64, accounts(), sides(), prices(), quantities()),
        (time_in_force, self_trade, expiration, position),
        flags,
        prop_oneof![6 => Just(None), 5 => Just(Some(None)), 1 => groups().prop_map(|group| Some(Some(group)))],
    )
        .prop_map(
            |(
                (id, account, side, price, quantity),
                (time_in_force, self_trade, expiration, reduce_only),
                (post_only, cancel_on_pause),
                group,
            )| NewOrder {
                time_in_force,
                // Unlawful with the other kinds; one in ten is drawn so.
                expiration: expiration
                    .filter(|_| time_in_force == TimeInForce::GoodTillCanceled || id % 10 == 0),
                self_trade,
                post_only,
                reduce_only: reduce_only
                    .filter(|_| time_in_force == TimeInForce::ImmediateOrCancel || id % 10 == 0),
                cancel_on_pause,
                // Mostly one's own.
                group: group.map(|other| other.unwrap_or(GroupId(account.0))),
                ..NewOrder::on(side, OrderId(id), account, price, quantity)
            },
        )
}
