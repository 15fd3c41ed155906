//! Twenty fees the exchange really charged, recomputed to the digit where the recordings lie beside the repository.

use std::path::PathBuf;

use kmi_domain::fees::{BalancePrecision, FeeSchedule, Role, fee_of_buy};
use kmi_domain::market::FeeType;
use kmi_domain::{FeeMultiplier, Money};

/// `$KMI_SHARED`, else `shared` beside the workspace.
fn recorded_fees() -> PathBuf {
    std::env::var_os("KMI_SHARED")
        .map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
            PathBuf::from,
        )
        .join("data/fees.csv")
}

#[test]
fn every_recorded_fee_is_recomputed_to_the_digit() {
    let Ok(csv) = std::fs::read_to_string(recorded_fees()) else {
        eprintln!("skipped: no ../shared/data");
        return;
    };
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("count,yes_price,outcome_side,is_taker,fee_multiplier,fee_cost")
    );
    let mut checked = 0;
    for line in lines.filter(|line| !line.is_empty()) {
        let [count, yes_price, side, is_taker, multiplier, fee_cost] =
            line.split(',').collect::<Vec<_>>().try_into().unwrap();
        let yes_price: kmi_domain::Price = yes_price.parse().unwrap();
        let price = if side == "yes" {
            yes_price
        } else {
            yes_price.complement()
        };
        let schedule = FeeSchedule {
            fee_type: FeeType::Quadratic,
            multiplier: multiplier.parse::<FeeMultiplier>().unwrap(),
        };
        let role = if is_taker == "true" {
            Role::Taker
        } else {
            Role::Maker
        };

        let fee = fee_of_buy(
            price,
            count.parse().unwrap(),
            schedule,
            role,
            BalancePrecision::Centicent,
        )
        .unwrap();

        assert_eq!(fee.total(), fee_cost.parse::<Money>().unwrap(), "{line}");
        checked += 1;
    }
    assert!(checked > 0, "fees.csv lists no fill");
    eprintln!("{checked} recorded fills recomputed");
}
