//! Orders, fills and what they cost.

use kmi_domain::MarketResult;

use super::support::Desk;
use crate::core::OrderStatus;

#[test]
fn a_buyer_pays_price_and_fee_and_a_maker_the_other_side_alone() {
    let mut desk = Desk::measured();
    let (maker, taker) = (desk.user("maker"), desk.user("taker"));
    let resting = desk.ask(maker, "0.52", "10");
    assert_eq!(resting.status, OrderStatus::Resting);
    // The maker may gain 10 NO at 0.48.
    assert_eq!(desk.free(maker), "9995.2000");

    let bought = desk.bid(taker, "0.60", "1");
    assert_eq!(bought.status, OrderStatus::Executed);
    // 0.52 and a fee of 0.0175, as measured at Kalshi.
    assert_eq!(desk.cash(taker), "9999.4625");
    assert_eq!(desk.cash(maker), "9999.5200");
    assert_eq!(desk.free(maker), "9995.2000");
    assert_eq!(desk.held(taker, "M"), "1.00");
    assert_eq!(desk.held(maker, "M"), "-1.00");

    desk.determine("M", MarketResult::Yes);
    assert_eq!(desk.cash(taker), "10000.4625");
    assert_eq!(desk.free(maker), "9999.5200");
}
