use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::MarketResult;
use proptest::prelude::*;

use super::*;

fn small(markets: usize) -> Params {
    Params {
        markets,
        acts_per_market: 40.0,
        ..Params::default()
    }
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_one_another() {
    let params = small(60);
    let history = |seed| generate(seed, &params).collect::<Vec<_>>();
    assert_eq!(history(42), history(42));
    assert_ne!(history(42), history(43));
}

#[test]
fn a_default_history_is_a_few_hundred_markets_and_thousands_of_trades() {
    let (mut markets, mut trades, mut kinds) = (0, 0, BTreeSet::new());
    for event in generate(42, &Params::default()) {
        markets += event.markets.len();
        trades += event.trades.len();
        kinds.insert(event.series.category);
    }
    assert_eq!((markets, kinds.len()), (400, 4));
    assert!(trades > 20_000, "{trades}");
}

#[test]
fn every_trade_lies_on_the_grid_of_an_open_market() {
    for event in generate(1, &small(60)) {
        let markets: BTreeMap<_, _> = event
            .markets
            .iter()
            .map(|market| (&market.ticker, market))
            .collect();
        for trade in &event.trades {
            let market = markets[&trade.ticker];
            assert!(
                market.grid.contains(trade.yes_price),
                "{} at {}",
                trade.ticker,
                trade.yes_price
            );
            assert!(trade.quantity.is_positive());
            assert!(market.open_time <= Some(trade.time) && Some(trade.time) < market.close_time);
        }
        assert!(
            event
                .trades
                .is_sorted_by(|a, b| (a.time, &a.id) < (b.time, &b.id)),
            "{}",
            event.event.ticker
        );
        assert_eq!(event.hidden.len(), event.trades.len());
    }
}

#[test]
fn trade_ids_are_unique_over_the_whole_history() {
    let ids: Vec<_> = generate(5, &small(200))
        .flat_map(|event| event.trades)
        .map(|trade| trade.id)
        .collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn an_exclusive_event_has_exactly_one_yes() {
    for event in generate(2, &small(120)).filter(|event| event.event.mutually_exclusive) {
        let yes = event
            .markets
            .iter()
            .filter(|market| market.result == Some(MarketResult::Yes))
            .count();
        assert_eq!(yes, 1, "{}", event.event.ticker);
    }
}

/// Mean of what came out less what `said` at the first trade of each single-market or first outcome, over many events: one
/// figure per event, so that the figures are independent.
fn surprise(params: &Params, said: fn(&RecordedEvent) -> f64, low: f64, high: f64) -> (f64, usize) {
    let mut sum = 0.0;
    let mut count = 0;
    for event in generate(9, params).filter(|event| !event.trades.is_empty()) {
        let hidden = event.hidden[0];
        if low <= hidden && hidden < high {
            let first = &event.trades[0].ticker;
            let market = event
                .markets
                .iter()
                .find(|market| market.ticker == *first)
                .unwrap();
            let outcome = if market.result == Some(MarketResult::Yes) {
                1.0
            } else {
                0.0
            };
            sum += outcome - said(&event);
            count += 1;
        }
    }
    (sum / f64::from(u32::try_from(count).unwrap()), count)
}

#[test]
fn results_agree_with_the_hidden_probabilities() {
    let params = Params {
        markets: 8_000,
        acts_per_market: 4.0,
        ..Params::default()
    };
    for (low, high) in [(0.0, 0.2), (0.2, 0.4), (0.4, 0.7), (0.0, 1.1)] {
        let (surprise, count) = surprise(&params, |event| event.hidden[0], low, high);
        // A binomial mean of `count` draws stays within three standard deviations of its expectation.
        let bound = 3.0 * 0.5 / libm::sqrt(f64::from(u32::try_from(count).unwrap()));
        assert!(surprise.abs() < bound, "{surprise} over {count} in {low}..{high}");
    }
}

#[test]
fn the_public_overprices_long_shots() {
    let (mut paid, mut worth, mut count) = (0.0, 0.0, 0.0);
    for event in generate(9, &small(400)) {
        for (trade, hidden) in event.trades.iter().zip(&event.hidden) {
            if (0.02..0.15).contains(hidden) {
                paid += trade.yes_price.probability();
                worth += hidden;
                count += 1.0;
            }
        }
    }
    let overpriced = (paid - worth) / count;
    assert!(
        overpriced > 0.005 && overpriced < 0.06,
        "{overpriced} over {count}"
    );
}

#[test]
fn a_recorded_book_adds_up_to_levels_that_never_go_below_zero() {
    let recorded: Vec<_> = generate(42, &small(60))
        .filter(|event| !event.frames.is_empty())
        .collect();
    assert_eq!(recorded.len(), 4);
    for event in &recorded {
        assert!(matches!(event.frames[0].body, FrameBody::Snapshot { .. }));
        let mut levels: BTreeMap<(Side, Price), Quantity> = BTreeMap::new();
        let mut prints = Vec::new();
        for frame in &event.frames {
            match &frame.body {
                FrameBody::Snapshot { yes, no } => assert!(yes.is_empty() && no.is_empty()),
                FrameBody::Delta { side, price, change } => {
                    let level = levels.entry((*side, *price)).or_default();
                    *level += *change;
                    assert!(!level.is_negative(), "{} {side} {price}", frame.ticker);
                }
                FrameBody::Trade(trade) => prints.push(trade.clone()),
            }
        }
        assert_eq!(prints, event.trades);
        assert!(event.frames.len() > 1_000, "{}", event.frames.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_wish_is_granted(seed: u64, markets in 1..40_usize, days in 0..200_u16, slope in 0.2..1.5) {
        let params = Params { markets, days, odds_slope: slope, acts_per_market: 5.0, ..Params::default() };
        let made: usize = generate(seed, &params).map(|event| event.markets.len()).sum();
        prop_assert_eq!(made, markets);
    }
}
