use serde_json::Value;

use crate::support::{Desk, small_world};

fn close_to(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - expected).abs() < 1e-12, "{value} is not {expected}");
}

#[test]
fn scores_equal_those_computed_by_hand() {
    let desk = Desk::new();
    desk.import(&small_world(&desk));

    let table = desk.json(&["calibrate", "--horizon", "12h"]);

    // p = 0.60 for A (of two trades at 12:00:00 the higher id counts), 0.10 for B.
    assert_eq!(table["horizon_s"], 43_200);
    assert_eq!(table["n"], 2);
    close_to(&table["brier"], f64::midpoint(0.4 * 0.4, 0.1 * 0.1));
    close_to(
        &table["log_loss"],
        f64::midpoint(-(0.6_f64.ln()), -(0.9_f64.ln())),
    );
    close_to(&table["uncertainty"], 0.25);
    let bins = table["bins"].as_array().unwrap();
    assert_eq!(bins.len(), 12);
    let filled: Vec<_> = bins
        .iter()
        .filter(|bin| bin["n"] == 1)
        .map(|bin| bin["lo"].as_f64().unwrap())
        .collect();
    assert_eq!(filled, [0.1, 0.6]);
    assert!(bins[0]["mean_price"].is_null() && bins[0]["hit_rate"].is_null());
}

#[test]
fn markets_without_a_trade_before_the_horizon_are_counted_not_guessed() {
    let desk = Desk::new();
    desk.import(&small_world(&desk));

    let table = desk.json(&["calibrate", "--horizon", "17h30m"]);

    // At 06:30 only A had traded, at 0.40.
    assert_eq!(
        (&table["n"], &table["skipped"]["no_trade_before_horizon"]),
        (&1.into(), &1.into())
    );
    close_to(&table["brier"], 0.36);
}

#[test]
fn groups_and_selections_follow_category_series_and_close_time() {
    let desk = Desk::new();
    desk.import(&small_world(&desk));

    let by_category = desk.json(&["calibrate", "--by", "category"]);
    assert_eq!(by_category["groups"][0]["key"], "Weather");
    assert_eq!(by_category["groups"][0]["n"], 2);
    let by_series = desk.json(&["calibrate", "--by", "series", "--category", "Weather"]);
    assert_eq!(by_series["groups"][0]["key"], "S");

    for args in [
        &["calibrate", "--series", "OTHER"][..],
        &["calibrate", "--category", "Sports"],
        &["calibrate", "--from", "2024-01-03"],
        &["calibrate", "--to", "2024-01-02"],
    ] {
        let table = desk.json(args);
        assert_eq!(table["n"], 0, "{args:?}");
        assert!(table["brier"].is_null());
    }
    assert_eq!(
        desk.json(&[
            "calibrate",
            "--from",
            "2024-01-02",
            "--to",
            "2024-01-02T00:00:01Z"
        ])["n"],
        2
    );
}

#[test]
fn bins_that_do_not_ascend_from_nothing_to_one_are_refused() {
    let desk = Desk::new();
    for bins in ["0.1,1", "0,0.9", "0,0.5,0.5,1", "1,0"] {
        let finished = desk.run(&["calibrate", "--bins", bins]);
        assert_eq!(finished.code, 2, "{bins}: {}", finished.stderr);
        assert!(finished.stderr.contains("bins"), "{}", finished.stderr);
    }
}
