use std::collections::BTreeMap;

use kmi_domain::matching::{SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, CollateralReturn, MarketResult, Price, Quantity, Ticker};

use super::soak::{World, live_and_check};
use super::*;
use crate::core::{Account, Lifecycle, Payment, PlaceOrder, Reply, Shard, UserId};

fn start() -> Timestamp {
    "2026-11-21T10:20:30Z".parse().unwrap()
}

fn fast(seed: u64, markets: u32, time_scale: u32) -> LifeSettings {
    LifeSettings {
        time_scale,
        ..LifeSettings::new(seed, markets)
    }
}

#[test]
fn the_same_seed_and_the_same_ticks_give_the_same_events() {
    let digest = |seed| {
        let mut world = World::found(fast(seed, 60, 60), start());
        world.run(20);
        (world.digest(), world.tally)
    };
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7).0, digest(8).0);
}

#[test]
fn a_life_taken_up_again_from_its_bytes_goes_on_as_it_would_have() {
    let mut world = World::found(fast(7, 40, 30), start());
    world.run(5);
    let bytes = postcard::to_allocvec(&world.life).unwrap();
    let mut again = world.clone();
    again.life = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(again.life, world.life);
    world.run(10);
    again.run(10);
    assert_eq!(again.digest(), world.digest());
}

#[test]
fn as_many_markets_are_open_as_asked_for_at_the_beginning_and_later() {
    for markets in [1, 60, 200, 1_000] {
        let mut world = World::found(fast(1, markets, 900), start());
        assert_eq!(world.life.open_markets(), markets as usize);
        for _ in 0..4 {
            world.run(2);
            let open = world
                .exchange
                .markets()
                .filter(|market| market.is_active())
                .count();
            let off = open.abs_diff(markets as usize);
            assert!(off * 50 <= markets as usize, "{open} of {markets} are open");
        }
    }
}

#[test]
fn books_are_two_sided_deep_and_never_crossed_and_money_stays() {
    let mut world = World::found(LifeSettings::new(3, 200), start());
    for _ in 0..6 {
        world.run(10);
        world.check().unwrap();
    }
    let spreads = world.spreads();
    let two_sided: Vec<u16> = spreads.iter().filter_map(|(_, spread)| *spread).collect();
    assert!(
        two_sided.len() * 10 > spreads.len() * 8,
        "{} of {}",
        two_sided.len(),
        spreads.len()
    );
    let narrow = two_sided.iter().filter(|spread| **spread <= 400).count();
    assert!(
        narrow * 10 > two_sided.len() * 6,
        "{narrow} of {} within four cents",
        two_sided.len()
    );
    let deep = world
        .exchange
        .markets()
        .filter(|market| world.exchange.bids(market.id).count() >= 2)
        .count();
    assert!(
        deep * 10 > spreads.len() * 7,
        "{deep} of {} have two bids",
        spreads.len()
    );
}

#[test]
fn a_demonstration_has_hundreds_of_book_changes_and_a_few_trades_a_second() {
    let mut world = World::found(LifeSettings::new(3, 200), start());
    let before = world.tally;
    world.run(30);
    let changes = (world.tally.levels - before.levels) / 30;
    let trades = world.tally.trades - before.trades;
    assert!((100..2_000).contains(&changes), "{changes} changes a second");
    assert!((30..600).contains(&trades), "{trades} trades in 30 seconds");
    let bought = world.tally.bought;
    assert!(
        bought * 4 > world.tally.trades && bought * 4 < world.tally.trades * 3,
        "{bought} bought"
    );
}

#[test]
fn middles_of_exclusive_outcomes_add_up_to_about_a_dollar() {
    let mut world = World::found(LifeSettings::new(4, 200), start());
    world.run(30);
    let (mut sum, mut events) = (0.0, 0.0);
    for event in world.exchange.events() {
        if event.spec.collateral_return != CollateralReturn::Mecnet {
            continue;
        }
        let middles: Option<f64> = event.markets.iter().map(|market| middle(&world, *market)).sum();
        let Some(middles) = middles else { continue };
        assert!(
            (0.85..1.15).contains(&middles),
            "{} adds up to {middles}",
            event.spec.ticker
        );
        sum += middles;
        events += 1.0;
    }
    assert!(events > 10.0);
    assert!((sum / events - 1.0).abs() < 0.03, "{}", sum / events);
}

/// Middle of a market's book; where a side is empty, the dollar's end stands for it.
fn middle(world: &World, market: kmi_domain::matching::MarketId) -> Option<f64> {
    let bid = world
        .exchange
        .best_bid(market)
        .map_or(0.0, |bid| bid.price.probability());
    let ask = world
        .exchange
        .best_ask(market)
        .map_or(1.0, |ask| ask.price.probability());
    (ask - bid < 0.2).then_some(f64::midpoint(bid, ask))
}

#[test]
fn markets_open_close_and_settle_while_one_watches() {
    let mut world = World::found(fast(5, 100, 300), start());
    let first = world.tally.listed;
    // 40 seconds are three hours and twenty minutes: more than a dozen quarter-hours in each of four lanes.
    world.run(40);
    let tally = world.tally;
    assert!(tally.settled > 40, "{tally:?}");
    assert!(tally.opened > first && tally.listed >= tally.opened && tally.opened >= tally.determined);
    assert!(tally.determined >= tally.settled);
    world.check().unwrap();
}

#[test]
fn an_exclusive_event_has_one_yes_and_a_share_is_paid_as_a_share() {
    let mut world = World::found(fast(6, 200, 10_000), start());
    let mut results: BTreeMap<_, Vec<MarketResult>> = BTreeMap::new();
    let mut decided: BTreeMap<_, u32> = BTreeMap::new();
    for _ in 0..400 {
        for event in world.tick(50) {
            if let Event::Market(market, Lifecycle::Determined(result)) = event {
                let spec = &world.exchange.market(market).spec;
                results.entry(spec.event.clone()).or_default().push(result);
                *decided.entry(market).or_default() += 1;
            }
        }
    }
    assert!(decided.values().all(|times| *times == 1));
    let (mut exclusive, mut shares) = (0, 0);
    for event in world.exchange.events() {
        let Some(results) = results.get(&event.spec.ticker) else {
            continue;
        };
        if event.spec.collateral_return == CollateralReturn::Mecnet {
            assert_eq!(results.len(), event.markets.len());
            let yes = results
                .iter()
                .filter(|result| **result == MarketResult::Yes)
                .count();
            assert_eq!(yes, 1, "{}", event.spec.ticker);
            exclusive += 1;
        }
        shares += results
            .iter()
            .filter(|result| matches!(result, MarketResult::Scalar(_)))
            .count();
    }
    assert!(exclusive > 50 && shares > 0, "{exclusive} {shares}");
}

#[test]
fn last_prices_of_many_markets_came_true_as_often_as_they_said() {
    let mut world = World::found(fast(9, 250, 3_000), start());
    let mut said: BTreeMap<_, f64> = BTreeMap::new();
    let (mut sum_said, mut sum_came, mut count) = (0.0, 0.0, 0.0);
    for _ in 0..800 {
        for event in world.tick(50) {
            match event {
                // The first trade of a market stands for what was said.
                Event::Trade(trade) => {
                    said.entry(trade.market).or_insert(trade.price.probability());
                }
                Event::Market(market, Lifecycle::Determined(result)) => {
                    let came = match result {
                        MarketResult::Yes => 1.0,
                        MarketResult::No => 0.0,
                        MarketResult::Scalar(_) => continue,
                    };
                    if let Some(price) = said.get(&market).filter(|price| (0.2..0.8).contains(*price)) {
                        sum_said += price;
                        sum_came += came;
                        count += 1.0;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(count > 80.0, "{count}");
    // Four standard deviations of a binomial count; outcomes of one event hang together, which narrows it rather.
    let bound = 4.0 * 0.5 * libm::sqrt(count);
    assert!(
        (sum_said - sum_came).abs() < bound,
        "{sum_said} said, {sum_came} came, of {count}"
    );
}

#[test]
fn what_others_trade_changes_no_result_and_stops_nobody() {
    let results = |meddling: bool| {
        let mut world = World::found(fast(11, 60, 600), start());
        let trader = meddling.then(|| outsider(&mut world));
        let mut results: BTreeMap<Ticker, MarketResult> = BTreeMap::new();
        for tick in 0..600_u32 {
            if let Some(trader) = trader
                && tick.is_multiple_of(3)
            {
                meddle(&mut world, trader, tick);
            }
            for event in world.tick(50) {
                if let Event::Market(market, Lifecycle::Determined(result)) = event {
                    results.insert(world.exchange.market(market).ticker().clone(), result);
                }
            }
        }
        world.check().unwrap();
        results
    };
    let alone = results(false);
    assert!(alone.len() > 30, "{}", alone.len());
    assert_eq!(results(true), alone);
}

fn outsider(world: &mut World) -> UserId {
    let (now, mut events) = (world.now(), Vec::new());
    let mut apply = |command| world.exchange.apply(now, &command, &mut events).unwrap();
    let opened = apply(Command::OpenUser {
        name: "outsider".to_owned(),
        is_house: false,
    });
    let Reply::User(user) = opened else {
        panic!("{opened:?}")
    };
    for shard in [Shard::MAIN, Shard::CRYPTO, Shard::SPORTS] {
        apply(Command::Deposit {
            account: Account::primary(user),
            shard,
            amount: kmi_domain::Money::from_dollars(1_000_000),
        });
    }
    user
}

/// Takes whatever rests in one of the open markets.
fn meddle(world: &mut World, user: UserId, tick: u32) {
    let open: Vec<Ticker> = world
        .exchange
        .markets()
        .filter(|market| market.is_active())
        .map(|market| market.ticker().clone())
        .collect();
    let market = open[tick as usize % open.len()].clone();
    let (side, price) = if tick.is_multiple_of(2) {
        (BookSide::Bid, "0.99")
    } else {
        (BookSide::Ask, "0.01")
    };
    let order = PlaceOrder {
        account: Account::primary(user),
        market,
        shard: None,
        side,
        price: price.parse::<Price>().unwrap(),
        quantity: Quantity::from_contracts(500),
        time_in_force: TimeInForce::ImmediateOrCancel,
        expiration: None,
        self_trade: SelfTradePrevention::TakerAtCross,
        post_only: false,
        reduce_only: false,
        cancel_on_pause: false,
        group: None,
        client_order_id: None,
    };
    let (now, mut events) = (world.now(), Vec::new());
    // A refusal is as good a disturbance as a fill.
    let _ = world.exchange.apply(now, &Command::Place(order), &mut events);
}

#[test]
fn a_bracket_decided_by_hand_leaves_room_for_the_others() {
    let mut world = World::found(fast(12, 60, 6_000), start());
    let weather = world
        .exchange
        .events()
        .find(|event| event.spec.series.as_str().starts_with("SIMHIGH"))
        .unwrap();
    let (ticker, first) = (weather.spec.ticker.clone(), weather.markets[0]);
    let market = world.exchange.market(first).ticker().clone();
    let determine = Command::Determine {
        market,
        result: MarketResult::Yes,
        payment: Payment::Now,
    };
    let now = world.now();
    world.exchange.apply(now, &determine, &mut Vec::new()).unwrap();
    world.run(20);
    let results: Vec<_> = world
        .exchange
        .markets_of(&ticker)
        .map(|market| market.result)
        .collect();
    let yes = results
        .iter()
        .filter(|result| **result == Some(MarketResult::Yes))
        .count();
    assert_eq!(yes, 1, "{results:?}");
    assert!(results.iter().all(Option::is_some), "{results:?}");
}

#[test]
fn a_thousand_markets_live_for_a_minute_without_a_crossed_book_or_a_lost_cent() {
    let world = live_and_check(LifeSettings::new(2, 1_000), start(), 60).unwrap();
    assert!(world.tally.trades > 300, "{:?}", world.tally);
}

#[test]
fn a_pause_leaves_the_books_as_they_are_and_life_goes_on_after_it() {
    let mut world = World::found(fast(14, 40, 300), start());
    world.run(2);
    let pause = Command::PauseTrading { until: None };
    let now = world.now();
    world.exchange.apply(now, &pause, &mut Vec::new()).unwrap();
    let resting = |world: &World| -> usize {
        let open = world.exchange.markets().filter(|market| market.is_active());
        open.map(|market| world.exchange.bids(market.id).count()).sum()
    };
    let before = (resting(&world), world.tally.listed);
    for _ in 0..10 {
        world.tick(50);
    }
    assert_eq!((resting(&world), world.tally.listed), before);
    let now = world.now();
    world
        .exchange
        .apply(now, &Command::Resume, &mut Vec::new())
        .unwrap();
    let trades = world.tally.trades;
    world.run(10);
    assert!(world.tally.trades > trades && world.tally.listed > before.1);
}

#[test]
fn nothing_happens_before_the_founding_and_a_second_founding_does_nothing() {
    let mut world = World::found(fast(1, 10, 1), start());
    let before = world.life.clone();
    let mut events = Vec::new();
    let now = world.now();
    world.life.found(now, &mut world.exchange, &mut events);
    assert!(events.is_empty());
    assert_eq!(world.life, before);
    let mut unborn = Life::new(fast(1, 10, 1), now);
    unborn.live(now.plus_seconds(60), &mut world.exchange, &mut events);
    assert!(events.is_empty());
}

#[test]
fn what_a_life_keeps_does_not_grow() {
    let mut world = World::found(fast(13, 100, 6_000), start());
    world.run(10);
    let size = |world: &World| postcard::to_allocvec(&world.life).unwrap().len();
    let early = size(&world);
    world.run(30);
    let late = size(&world);
    assert!(late < early * 5 / 4, "{early} then {late} bytes");
}
