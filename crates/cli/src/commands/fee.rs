//! `kmi fee`: what the exchange charges for one fill.

use anyhow::{Result, bail};
use kmi_domain::FeeType;
use kmi_domain::fees::{BalancePrecision, FeeSchedule, Role, fee_of_buy};
use serde_json::json;

use crate::WrongUse;
use crate::args::{FeeArgs, MakerArg};
use crate::output;

pub(crate) fn run(args: &FeeArgs, as_json: bool) -> Result<()> {
    if !args.quantity.is_positive() {
        bail!(WrongUse(format!(
            "--quantity {}: must be above zero",
            args.quantity
        )));
    }
    let (role, fee_type) = match args.maker {
        None => (Role::Taker, FeeType::Quadratic),
        Some(MakerArg::None) => (Role::Maker, FeeType::Quadratic),
        Some(MakerArg::Quarter) => (Role::Maker, FeeType::QuadraticWithMakerFees),
        Some(MakerArg::Half) => (Role::Maker, FeeType::QuadraticWithComboMakerFees),
    };
    let schedule = FeeSchedule {
        fee_type,
        multiplier: args.multiplier,
    };
    let fee = fee_of_buy(
        args.price,
        args.quantity,
        schedule,
        role,
        BalancePrecision::Centicent,
    )?;
    if as_json {
        // Below $0.0001 by nature, so it is always written with all six decimals.
        return output::json(&json!({
            "trade_fee": fee.trade_fee.to_string(),
            "rounding_fee": six_decimals(fee.rounding_fee.micros()),
            "fee": fee.total().to_string(),
        }));
    }
    let cost = args.price * args.quantity;
    output::text(&format!(
        "{} contracts at {} cost ${cost}\n  trade fee     ${}\n  rounding fee  ${}\n  fee           ${}\n  together      ${}",
        args.quantity,
        args.price,
        fee.trade_fee,
        six_decimals(fee.rounding_fee.micros()),
        fee.total(),
        cost + fee.total(),
    ))
}

fn six_decimals(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
