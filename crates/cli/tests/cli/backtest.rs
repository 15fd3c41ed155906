use serde_json::{Value, json};

use crate::support::{Desk, small_world};

fn fixed_horizon<'a>(params: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec![
        "backtest",
        "run",
        "--strategy",
        "fixed_horizon",
        "--param",
        "horizon=12h",
    ];
    for param in params {
        args.extend(["--param", param]);
    }
    args
}

fn imported() -> Desk {
    let desk = Desk::new();
    let (code, report) = desk.import(&small_world(&desk));
    assert_eq!(code, 0, "{report}");
    desk
}

#[test]
fn every_cent_of_fixed_horizon_can_be_recomputed_by_hand() {
    let desk = imported();

    let result = desk.json(&fixed_horizon(&[
        "side=no",
        "min_price=0.05",
        "max_price=0.15",
        "quantity=3",
    ]));

    // B stood at 0.10 (YES). The next prints are 1 @ 0.20 and 9 @ 0.30, so NO costs 1 × 0.80 + 2 × 0.70 = 2.20; fees are
    // 0.07 × 0.8 × 0.2 = 0.0112 and 0.07 × 2 × 0.7 × 0.3 = 0.0294. B comes out no: 3 − 2.20 − 0.0406.
    assert_eq!(
        (
            &result["orders"],
            &result["fills"],
            &result["wins"],
            &result["markets"]
        ),
        (&json!(1), &json!(2), &json!(1), &json!(2))
    );
    assert_eq!(result["fees"], "0.0406");
    assert_eq!(result["turnover"], "2.2000");
    assert_eq!(result["total_pnl"], "0.7594");
    assert_eq!(
        result["equity_curve"],
        json!([{"t": "2024-01-02T00:00:00Z", "value": "0.7594"}])
    );
    assert!(result["sharpe"].is_null(), "one day has no spread");
    assert_eq!(result["max_drawdown"], "0.0000");
    assert_eq!(result["win_rate"], 1.0);
    assert_eq!(result["events"], 8);
}

#[test]
fn a_taker_gets_no_more_than_was_printed() {
    let desk = imported();

    let result = desk.json(&fixed_horizon(&[
        "side=yes",
        "min_price=0.55",
        "max_price=0.65",
        "quantity=5",
    ]));

    // After A's last trade before the horizon only 3 contracts printed, at 0.70.
    assert_eq!(result["turnover"], "2.1000");
    assert_eq!(result["total_pnl"], "0.8559");
}

#[test]
fn fees_can_be_left_out() {
    let desk = imported();
    let mut args = fixed_horizon(&["side=no", "min_price=0.05", "max_price=0.15"]);
    args.extend(["--fees", "none"]);

    let result = desk.json(&args);

    assert_eq!(
        (&result["fees"], &result["total_pnl"]),
        (&json!("0.0000"), &json!("0.2000"))
    );
}

#[test]
fn results_are_kept_listed_and_shown_with_their_trades() {
    let desk = imported();
    let run = desk.json(&fixed_horizon(&[
        "side=no",
        "min_price=0.05",
        "max_price=0.15",
        "quantity=3",
    ]));
    let id = run["id"].as_str().unwrap();

    let list = desk.json(&["backtest", "list"]);
    assert_eq!(list["items"][0]["id"], id);
    let shown = desk.json(&["backtest", "show", id]);

    for (key, value) in run.as_object().unwrap() {
        assert_eq!(&shown[key], value, "{key}");
    }
    let trades = shown["trades"].as_array().unwrap();
    assert_eq!(trades.len(), 2);
    assert_eq!(
        (&trades[0]["ticker"], &trades[0]["price"], &trades[0]["quantity"]),
        (&json!("S-E1-B"), &json!("0.8000"), &json!("1.00"))
    );
    assert_eq!(trades[0]["side"], "no");
    let missing = desk.run(&["backtest", "show", "nothing-like-it"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.contains("nothing-like-it"));
}

#[test]
fn every_strategy_is_listed_with_typed_parameters_and_runs() {
    let desk = imported();
    let list = desk.json(&["backtest", "run", "--strategy", "list"]);
    let names: Vec<_> = list["strategies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    for expected in [
        "fixed_horizon",
        "calibration_edge",
        "mean_reversion",
        "momentum",
        "market_maker",
        "event_arbitrage",
        "kelly_model",
    ] {
        assert!(names.contains(&expected), "{expected} is not in {names:?}");
    }
    for strategy in list["strategies"].as_array().unwrap() {
        for param in strategy["params"].as_array().unwrap() {
            for key in ["name", "type", "default", "doc"] {
                assert!(param.get(key).is_some(), "{strategy}: {key}");
            }
        }
        let result = desk.json(&[
            "backtest",
            "run",
            "--strategy",
            strategy["name"].as_str().unwrap(),
        ]);
        assert_eq!(result["strategy"], strategy["name"]);
    }
}

#[test]
fn wrong_strategies_and_parameters_are_wrong_use_and_named() {
    let desk = imported();
    for (args, named) in [
        (
            vec!["backtest", "run", "--strategy", "crystal_ball"],
            "crystal_ball",
        ),
        (fixed_horizon(&["colour=red"]), "colour"),
        (fixed_horizon(&["side=maybe"]), "side"),
        (fixed_horizon(&["min_price=1.5"]), "min_price"),
        (fixed_horizon(&["quantity=-1"]), "quantity"),
    ] {
        let finished = desk.run(&args);
        assert_eq!(finished.code, 2, "{args:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(named), "{args:?}: {}", finished.stderr);
    }
}

#[test]
fn no_shipped_strategy_looks_ahead() {
    let desk = imported();
    for name in [
        "fixed_horizon",
        "calibration_edge",
        "mean_reversion",
        "momentum",
        "kelly_model",
    ] {
        let result = desk.json(&["backtest", "run", "--strategy", name, "--check-lookahead"]);
        assert_eq!(
            result["lookahead"]["passed"],
            Value::Bool(true),
            "{name}: {}",
            result["lookahead"]
        );
    }
}

#[test]
fn the_html_report_stands_alone_and_the_csv_has_a_line_for_each_trade() {
    let desk = imported();
    let (html, csv) = (desk.path("report.html"), desk.path("trades.csv"));
    let mut args = fixed_horizon(&["side=no", "min_price=0.05", "max_price=0.15", "quantity=3"]);
    args.extend(["--html", html.to_str().unwrap(), "--csv", csv.to_str().unwrap()]);

    desk.json(&args);

    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.contains("fixed_horizon") && page.contains("<svg"));
    for outside in ["http://", "https://", "src=\"/", "@import"] {
        let found = page.replace("http://www.w3.org", "").contains(outside);
        assert!(!found, "the page loads nothing: {outside}");
    }
    assert_eq!(std::fs::read_to_string(csv).unwrap().lines().count(), 3);
}
