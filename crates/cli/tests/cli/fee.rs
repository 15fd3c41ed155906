use serde_json::json;

use crate::support::Desk;

#[test]
fn a_real_fill_costs_what_the_exchange_charged_for_it() {
    let fee = Desk::new().json(&["fee", "--price", "0.0130", "--quantity", "71.94"]);

    assert_eq!(
        fee,
        json!({"trade_fee": "0.0647", "rounding_fee": "0.000080", "fee": "0.064780"})
    );
}

#[test]
fn makers_pay_nothing_a_quarter_or_half() {
    let desk = Desk::new();
    let fee = |maker: &str| {
        let args = ["fee", "--price", "0.50", "--quantity", "100", "--maker", maker];
        desk.json(&args)["fee"].as_str().unwrap().to_owned()
    };

    // 0.07 × 100 × 0.5 × 0.5 = 1.75, of which a quarter is 0.4375 and half 0.8750.
    assert_eq!(
        [fee("none"), fee("quarter"), fee("half")],
        ["0.0000", "0.4375", "0.8750"]
    );
}

#[test]
fn wrong_use_exits_with_two_and_names_the_flag() {
    let desk = Desk::new();
    for args in [
        &["fee", "--price", "1.5", "--quantity", "1"][..],
        &["fee", "--price", "0.5"],
        &["fly"],
    ] {
        let finished = desk.run(args);
        assert_eq!(finished.code, 2, "{args:?}");
        assert!(!finished.stderr.is_empty() && finished.stdout.is_empty());
    }
}
