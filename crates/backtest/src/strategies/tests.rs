//! What must hold for every strategy that can be chosen by name.

use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::fees::Role;
use kmi_domain::{Quantity, Side};

use super::testing::{book_history, history};
use crate::engine::{RunConfig, run};
use crate::feed::Dataset;
use crate::lookahead::check_lookahead;
use crate::result::RunResult;
use crate::strategy::{MarketId, Params, Strategy, StrategyDescription, find_strategy, strategies};

/// Parameters under which each strategy finds something to do in the small history.
fn eager(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "calibration_edge" => &[
            ("min_count", "5"),
            ("shrinkage", "5"),
            ("train_fraction", "0.3"),
            ("min_edge", "0.01"),
        ],
        "event_arbitrage" => &[("min_profit", "0"), ("max_age", "1h")],
        "kelly_model" => &[("min_count", "10"), ("shrinkage", "5"), ("min_edge", "0.01")],
        _ => &[],
    }
}

fn run_on(data: &Dataset, description: &StrategyDescription) -> RunResult {
    let mut strategy = eagerly(description);
    run(data, &mut strategy, &RunConfig::default()).unwrap()
}

fn eagerly(description: &StrategyDescription) -> Box<dyn Strategy> {
    let params = description
        .parse(eager(description.name).iter().copied())
        .unwrap();
    (description.build)(&params).unwrap()
}

#[test]
fn every_strategy_has_a_name_of_its_own_and_documented_parameters() {
    let names: BTreeSet<&str> = strategies().iter().map(|strategy| strategy.name).collect();
    assert_eq!(names.len(), 7);
    for strategy in strategies() {
        assert!(strategy.doc.ends_with('.'), "{}", strategy.name);
        let params: BTreeSet<&str> = strategy.params.iter().map(|param| param.name).collect();
        assert_eq!(params.len(), strategy.params.len(), "{}", strategy.name);
        assert!(
            strategy.params.iter().all(|param| param.doc.ends_with('.')),
            "{}",
            strategy.name
        );
    }
}

#[test]
fn every_strategy_can_be_built_from_its_defaults() {
    for strategy in strategies() {
        let params = Params::defaults(strategy.params);
        assert!((strategy.build)(&params).is_ok(), "{}", strategy.name);
    }
}

#[test]
fn every_strategy_of_a_tape_trades_it_and_the_same_again() {
    let tape = history();
    for strategy in strategies() {
        let result = run_on(&tape, &strategy);
        // A market maker has no queue to wait in on a tape.
        assert_eq!(
            result.fills.is_empty(),
            strategy.name == "market_maker",
            "{}",
            strategy.name
        );
        assert_eq!(result, run_on(&tape, &strategy), "{}", strategy.name);
    }
}

#[test]
fn no_strategy_decides_by_what_comes_later() {
    let config = RunConfig::default();
    for (data, cuts) in [(history(), 25), (book_history(), 25)] {
        for strategy in strategies() {
            let report = check_lookahead(&data, &config, cuts, 11, |_| eagerly(&strategy)).unwrap();
            assert!(report.is_clean(), "{}: {:?}", strategy.name, report.found.first());
        }
    }
}

#[test]
fn a_market_maker_on_books_is_always_a_maker_and_keeps_its_limit() {
    let data = book_history();
    let result = run_on(&data, &find_strategy("market_maker").unwrap());

    assert!(result.fills.len() > 50, "{} fills", result.fills.len());
    assert!(result.fills.iter().all(|fill| fill.role == Role::Maker));
    let mut held: BTreeMap<MarketId, Quantity> = BTreeMap::new();
    for fill in &result.fills {
        let position = held.entry(fill.market).or_default();
        match fill.outcome() {
            Side::Yes => *position += fill.quantity,
            Side::No => *position -= fill.quantity,
        }
        assert!(position.abs() <= Quantity::from_contracts(100), "{position}");
    }
}

#[test]
fn arbitrage_on_books_holds_whole_baskets_only_and_cannot_lose() {
    let data = book_history();
    let result = run_on(&data, &find_strategy("event_arbitrage").unwrap());

    assert!(
        !result.fills.is_empty(),
        "{} orders, {} refused",
        result.orders,
        result.refused
    );
    let held: BTreeSet<Quantity> = result.outcomes.iter().map(|outcome| outcome.held).collect();
    assert_eq!(
        (result.outcomes.len(), held.len()),
        (3, 1),
        "all legs hold the same"
    );
    assert!(result.total_pnl().is_positive(), "{}", result.total_pnl());
}
