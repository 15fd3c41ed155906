//! What must hold for every strategy that can be chosen by name.

use std::collections::BTreeSet;

use super::testing::history;
use crate::engine::{RunConfig, run};
use crate::result::RunResult;
use crate::strategy::{Params, StrategyDescription, strategies};

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

fn run_on_history(description: &StrategyDescription) -> RunResult {
    let params = description
        .parse(eager(description.name).iter().copied())
        .unwrap();
    let mut strategy = (description.build)(&params).unwrap();
    run(&history(), &mut strategy, &RunConfig::default()).unwrap()
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
    for strategy in strategies() {
        let result = run_on_history(&strategy);
        // A market maker has no queue to wait in on a tape.
        assert_eq!(
            result.fills.is_empty(),
            strategy.name == "market_maker",
            "{}",
            strategy.name
        );
        assert_eq!(result, run_on_history(&strategy), "{}", strategy.name);
    }
}
