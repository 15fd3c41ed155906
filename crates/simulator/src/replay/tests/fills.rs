//! Own orders get from the exchange what they get from the backtester.

use std::collections::BTreeMap;

use kmi_backtest::engine::{RunConfig, run};
use kmi_backtest::feed::{DataKind, Dataset, DatasetBuilder, FeedEvent, FeedKind, MarketEnd};
use kmi_backtest::strategy::{
    ClientOrderId, Event as Told, Intents, MarketId, MarketInfo, NewOrder, Strategy, View,
};
use kmi_domain::fees::{FeeSchedule, Role};
use kmi_domain::matching::{OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, FeeMultiplier, FeeType, Money, Price, Quantity, Side, TickGrid, Timestamp};
use kmi_kalshi::replay::SequenceRule;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::support::{capture, delta, shared_data, snapshot, steps_of, trade};
use crate::core::{
    Account, AmendOrder, CancelOrder, Command, Event, Exchange, PlaceOrder, Recorded, Reply, Route, Rules,
    Shard,
};
use crate::replay::{CapturedMarket, Step};

/// Something done between two frames. Orders are named by the number of the act that placed them.
#[derive(Clone, Copy, Debug)]
enum Act {
    Place {
        side: BookSide,
        price: Price,
        quantity: Quantity,
        time_in_force: TimeInForce,
        post_only: bool,
    },
    Cancel(usize),
    Amend {
        act: usize,
        price: Price,
        total: Quantity,
    },
}

type Script = Vec<(Timestamp, Act)>;

/// Act, time, side, YES price, contracts, and whether it took.
type FillRow = (usize, Timestamp, BookSide, Price, Quantity, bool);

/// A trader who looks at the exchange's book and acts by chance.
struct Trader {
    chance: ChaCha8Rng,
    /// One of so many moments is used.
    rarely: u32,
    grid: TickGrid,
    placed: Vec<(usize, BookSide)>,
}

impl Trader {
    fn act(&mut self, number: usize, exchange: &Exchange) -> Option<Act> {
        let market = exchange.markets().next()?.id;
        let (bid, ask) = (exchange.best_bid(market)?.price, exchange.best_ask(market)?.price);
        if self.chance.random_range(0..self.rarely) != 0 {
            return None;
        }
        if !self.placed.is_empty() && self.chance.random_range(0..4) == 0 {
            let at = self.chance.random_range(0..self.placed.len());
            let (act, side) = self.placed[at];
            if self.chance.random() {
                return Some(Act::Cancel(act));
            }
            let price = match side {
                BookSide::Bid => bid,
                BookSide::Ask => ask,
            };
            let total = self.quantity();
            return self
                .grid
                .contains(price)
                .then_some(Act::Amend { act, price, total });
        }
        let side = if self.chance.random() {
            BookSide::Bid
        } else {
            BookSide::Ask
        };
        let (own, other) = match side {
            BookSide::Bid => (bid, ask),
            BookSide::Ask => (ask, bid),
        };
        let (price, time_in_force, post_only) = match self.chance.random_range(0..6) {
            0 => (other, TimeInForce::ImmediateOrCancel, false),
            1 => (other, TimeInForce::GoodTillCanceled, false),
            2 => (other, TimeInForce::FillOrKill, false),
            3 => (own, TimeInForce::GoodTillCanceled, true),
            _ => (own, TimeInForce::GoodTillCanceled, false),
        };
        let quantity = self.quantity();
        self.placed.push((number, side));
        self.grid.contains(price).then_some(Act::Place {
            side,
            price,
            quantity,
            time_in_force,
            post_only,
        })
    }

    fn quantity(&mut self) -> Quantity {
        Quantity::from_units(self.chance.random_range(1..=4_000))
    }
}

/// The exchange with a replayed market and one trader's account.
struct House {
    exchange: Exchange,
    account: Account,
    events: Vec<Event>,
    orders: BTreeMap<usize, OrderId>,
}

impl House {
    fn new(market: &CapturedMarket, from: Timestamp) -> House {
        let mut house = House {
            exchange: Exchange::new(Rules::measured(1)),
            account: Account::primary(crate::core::UserId(0)),
            events: Vec::new(),
            orders: BTreeMap::new(),
        };
        let now = from.plus_seconds(-1);
        let (series, event) = market.labels();
        let close = from.plus_seconds(1_000_000);
        for command in [
            Command::ListSeries(crate::replay::listing::series_spec(&series)),
            Command::ListEvent(crate::replay::listing::event_spec(&series, &event)),
            Command::ListMarket(market.spec(&event, now, close)),
        ] {
            house.apply(now, &command).unwrap();
        }
        let open = Command::OpenUser {
            name: "trader".to_owned(),
            is_house: false,
        };
        let Ok(Reply::User(user)) = house.apply(now, &open) else {
            panic!()
        };
        house.account = Account::primary(user);
        let deposit = Command::Deposit {
            account: house.account,
            shard: Shard::MAIN,
            amount: Money::from_dollars(100_000_000),
        };
        house.apply(now, &deposit).unwrap();
        house
    }

    fn apply(&mut self, now: Timestamp, command: &Command) -> crate::core::Outcome {
        self.exchange.apply(now, command, &mut self.events)
    }

    /// Does what an act says; what the exchange refuses did not happen.
    fn act(&mut self, number: usize, now: Timestamp, act: Act) {
        let market = self.exchange.markets().next().unwrap().spec.ticker.clone();
        let account = self.account;
        let command = match act {
            Act::Place {
                side,
                price,
                quantity,
                time_in_force,
                post_only,
            } => Command::Place(PlaceOrder {
                account,
                market,
                shard: None,
                side,
                price,
                quantity,
                time_in_force,
                expiration: None,
                // The backtester's: own orders never meet, and nothing is canceled for it.
                self_trade: SelfTradePrevention::TakerAtCross,
                post_only,
                reduce_only: false,
                cancel_on_pause: false,
                group: None,
                client_order_id: None,
            }),
            Act::Cancel(act) => {
                let Some(order) = self.orders.get(&act).copied() else {
                    return;
                };
                Command::Cancel(CancelOrder {
                    account,
                    order,
                    route: Route::Market(market),
                })
            }
            Act::Amend { act, price, total } => {
                let Some(order) = self.orders.get(&act).copied() else {
                    return;
                };
                let Some(side) = self.exchange.order(order).map(|order| order.side) else {
                    return;
                };
                Command::Amend(AmendOrder {
                    account,
                    order,
                    market,
                    side,
                    price,
                    total,
                    client_order_id: None,
                    updated_client_order_id: None,
                    expiration: None,
                })
            }
        };
        if let Ok(Reply::Order { order, .. }) = self.apply(now, &command)
            && matches!(act, Act::Place { .. })
        {
            self.orders.insert(number, order.order);
        }
    }

    fn fills(&self) -> Vec<FillRow> {
        let acts: BTreeMap<OrderId, usize> = self.orders.iter().map(|(act, order)| (*order, *act)).collect();
        let row = |event: &Event| match event {
            Event::Fill(fill) => Some((
                acts[&fill.order],
                fill.time,
                fill.side,
                fill.price,
                fill.quantity,
                fill.is_taker,
            )),
            _ => None,
        };
        self.events.iter().filter_map(row).collect()
    }
}

/// Plays steps to the exchange while a trader acts: between any two frames that are a millisecond or more apart.
fn trade_at_the_exchange(
    market: &CapturedMarket,
    steps: &[Step],
    mut decide: impl FnMut(usize, Timestamp, &Exchange) -> Option<Act>,
) -> (Script, Vec<FillRow>) {
    let mut house = House::new(market, steps[0].at);
    let mut script = Script::new();
    for (number, step) in steps.iter().enumerate() {
        let played = Command::Replay {
            market: market.ticker.clone(),
            recorded_at: step.at,
            recorded: step.recorded.clone(),
        };
        house.apply(step.at, &played).unwrap();
        let is_last_of_instant = steps.get(number + 1).is_none_or(|next| next.at > step.at);
        let now = step.at.plus_micros(500);
        if is_last_of_instant && let Some(act) = decide(script.len(), now, &house.exchange) {
            house.act(script.len(), now, act);
            script.push((now, act));
        }
    }
    let fills = house.fills();
    (script, fills)
}

/// Does what a script says, when it says.
struct Scripted<'a> {
    script: &'a Script,
    orders: BTreeMap<usize, ClientOrderId>,
}

impl Strategy for Scripted<'_> {
    fn start(&mut self, _: &View<'_>, intents: &mut Intents) {
        for (token, (at, _)) in (0..).zip(self.script) {
            intents.set_timer(*at, token);
        }
    }

    fn on_event(&mut self, event: &Told, _: &View<'_>, intents: &mut Intents) {
        let Told::Timer { token } = event else { return };
        let number = usize::try_from(*token).unwrap();
        match self.script[number].1 {
            Act::Place {
                side,
                price,
                quantity,
                time_in_force,
                post_only,
            } => {
                let order = NewOrder {
                    market: MarketId(0),
                    side,
                    limit: price,
                    quantity,
                    time_in_force,
                    post_only,
                    expires: None,
                };
                self.orders.insert(number, intents.place(order));
            }
            Act::Cancel(act) => intents.cancel(self.orders[&act]),
            Act::Amend { act, price, total } => intents.amend(self.orders[&act], price, total),
        }
    }
}

fn trade_in_the_backtester(market: &CapturedMarket, steps: &[Step], script: &Script) -> Vec<FillRow> {
    let data = dataset(market, steps);
    let mut strategy = Scripted {
        script,
        orders: BTreeMap::new(),
    };
    let result = run(&data, &mut strategy, &RunConfig::default()).unwrap();
    let acts: BTreeMap<ClientOrderId, usize> = strategy
        .orders
        .iter()
        .map(|(act, order)| (*order, *act))
        .collect();
    let fills = result.fills.iter().map(|fill| {
        let is_taker = fill.role == Role::Taker;
        (
            acts[&fill.order],
            fill.time,
            fill.side,
            fill.price,
            fill.quantity,
            is_taker,
        )
    });
    fills.collect()
}

fn dataset(market: &CapturedMarket, steps: &[Step]) -> Dataset {
    let mut data = DatasetBuilder::new(DataKind::Books);
    let info = MarketInfo {
        ticker: market.ticker.clone(),
        event: None,
        series: None,
        category: None,
        exclusive_group: None,
        open_time: None,
        close_time: None,
        grid: market.structure().1,
        fees: FeeSchedule {
            fee_type: FeeType::Quadratic,
            multiplier: FeeMultiplier::ONE,
        },
    };
    let id = data.add_market(info, MarketEnd::default());
    for step in steps {
        let mut push = |kind| {
            data.push(FeedEvent {
                time: step.at,
                market: id,
                kind,
            });
        };
        match &step.recorded {
            Recorded::Snapshot { yes, no } => {
                let levels = u32::try_from(yes.len() + no.len()).unwrap();
                push(FeedKind::Snapshot { levels });
                for (side, levels) in [(Side::Yes, yes), (Side::No, no)] {
                    for level in levels {
                        push(FeedKind::Level {
                            side,
                            price: level.price,
                            quantity: level.quantity,
                        });
                    }
                }
            }
            Recorded::Delta { side, price, change } => push(FeedKind::Delta {
                side: *side,
                price: *price,
                change: *change,
            }),
            Recorded::Trade { is_block: true, .. } => {}
            Recorded::Trade {
                price,
                quantity,
                taker,
                ..
            } => push(FeedKind::Trade {
                price: *price,
                quantity: *quantity,
                taker: *taker,
            }),
            Recorded::Gap => push(FeedKind::Gap),
        }
    }
    data.build()
}

fn captured(ticker: &str, steps: &[Step]) -> CapturedMarket {
    let mut market = CapturedMarket::named(&ticker.parse().unwrap());
    for step in steps {
        market.see(&step.recorded);
    }
    market
}

fn bid(price: &str, contracts: &str, time_in_force: TimeInForce) -> Act {
    Act::Place {
        side: BookSide::Bid,
        price: price.parse().unwrap(),
        quantity: contracts.parse().unwrap(),
        time_in_force,
        post_only: false,
    }
}

#[test]
fn a_taker_and_a_maker_get_the_same_fills_from_both() {
    let folder = tempfile::tempdir().unwrap();
    // YES bid 0.40 × 10, ask 0.45 × 5.
    let text = [
        snapshot("M", 1, &[("0.4000", "10.00")], &[("0.5500", "5.00")]),
        delta("M", 2, 1_000, "yes", "0.3900", "1.00"),
        delta("M", 3, 2_000, "yes", "0.3800", "1.00"),
        trade("M", 4, 3_000, "t1", "0.4000", "10.00", "no"),
        delta("M", 5, 3_000, "yes", "0.4000", "-10.00"),
        delta("M", 6, 4_000, "yes", "0.3700", "1.00"),
        trade("M", 7, 5_000, "t2", "0.4000", "1.50", "no"),
        delta("M", 8, 6_000, "yes", "0.3700", "1.00"),
    ]
    .concat();
    let steps = steps_of(&[capture(folder.path(), "a.jsonl", &text)], SequenceRule::Strict);
    let market = captured("M", &steps);
    let acts = [
        bid("0.4500", "3.00", TimeInForce::ImmediateOrCancel),
        bid("0.4000", "2.00", TimeInForce::GoodTillCanceled),
    ];
    let (script, fills) = trade_at_the_exchange(&market, &steps, |number, _, _| acts.get(number).copied());

    let at = |ms: i64| Timestamp::from_millis(ms);
    let (bid, price) = (BookSide::Bid, |text: &str| text.parse::<Price>().unwrap());
    let contracts = |text: &str| text.parse::<Quantity>().unwrap();
    assert_eq!(
        fills,
        [
            // Three of the five that are offered.
            (
                0,
                at(1).plus_micros(500),
                bid,
                price("0.4500"),
                contracts("3.00"),
                true
            ),
            // The ten before it went with the first print; the second one reaches it.
            (1, at(5_000), bid, price("0.4000"), contracts("1.50"), false),
        ]
    );
    assert_eq!(trade_in_the_backtester(&market, &steps, &script), fills);
}

#[test]
fn a_day_of_chance_in_a_real_market_ends_with_the_same_fills_from_both() {
    let Some(data) = shared_data() else { return };
    let recording = [data.join("btc15m/20260513T1333Z.jsonl.gz")];
    let mut timeline = crate::replay::Timeline::open(&recording, SequenceRule::Strict).unwrap();
    let mut by_market: BTreeMap<usize, Vec<Step>> = BTreeMap::new();
    while let Some(step) = timeline.next_step().unwrap() {
        by_market.entry(step.market).or_default().push(step);
    }
    let mut makers = 0;
    let mut takers = 0;
    for (number, mut steps) in by_market {
        steps.truncate(20_000);
        let market = captured(timeline.tickers()[number].as_str(), &steps);
        let mut trader = Trader {
            chance: ChaCha8Rng::seed_from_u64(number as u64),
            rarely: 30,
            grid: market.structure().1,
            placed: Vec::new(),
        };
        let (script, fills) = trade_at_the_exchange(&market, &steps, |number, _, exchange| {
            trader.act(number, exchange)
        });
        let taken = fills.iter().filter(|fill| fill.5).count();
        (makers, takers) = (makers + fills.len() - taken, takers + taken);
        let backtested = trade_in_the_backtester(&market, &steps, &script);
        let differs = fills
            .iter()
            .zip(&backtested)
            .position(|(one, other)| one != other);
        assert_eq!(differs, None, "{}: {script:?}", market.ticker);
        assert_eq!(fills.len(), backtested.len(), "{}", market.ticker);
    }
    println!("{makers} fills as maker, {takers} as taker");
    assert!(makers > 20 && takers > 20, "{makers} and {takers}");
}
