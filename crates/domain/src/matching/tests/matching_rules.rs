//! How orders are taken in and matched.

use super::support::*;
use crate::matching::CancelReason::{FillOrKill, ImmediateRemainder, ReduceOnly, SelfTrade};
use crate::matching::{NewOrder, OrderId, OrderStatus, SubmitError};
use crate::side::{Action, BookSide, Side};
use crate::{Money, Quantity};

#[test]
fn a_taker_walks_the_book_from_the_best_ask() {
    let mut market = Market::with(&[ask(1, ANN, "0.58", "5"), ask(2, ANN, "0.56", "10")]);

    let placed = market.submit(bid(3, BOB, "0.60", "12")).unwrap();

    assert_eq!(
        market.fills(),
        [filled(2, 3, "0.5600", "10.00"), filled(1, 3, "0.5800", "2.00")]
    );
    assert_eq!(placed.status, OrderStatus::Executed);
    // 10 × 0.56 + 2 × 0.58.
    assert_eq!(placed.notional, "6.76".parse::<Money>().unwrap());
    assert_eq!(market.book(BookSide::Ask), ["0.5800 x 3.00"]);
}

#[test]
fn the_oldest_order_of_a_price_fills_first() {
    let mut market = Market::with(&[
        bid(1, ANN, "0.40", "1"),
        bid(2, BOB, "0.40", "1"),
        bid(3, ANN, "0.40", "1"),
    ]);

    market.submit(ask(4, CAT, "0.40", "2.5")).unwrap();

    assert_eq!(
        market.fills(),
        [
            filled(1, 4, "0.4000", "1.00"),
            filled(2, 4, "0.4000", "1.00"),
            filled(3, 4, "0.4000", "0.50")
        ]
    );
    assert_eq!(market.book(BookSide::Bid), ["0.4000 x 0.50"]);
}

#[test]
fn buying_no_meets_a_yes_bid_at_the_complement() {
    let mut market = Market::with(&[bid(1, ANN, "0.70", "3")]);
    let buy_no = NewOrder::of(
        Side::No,
        Action::Buy,
        OrderId(2),
        BOB,
        price("0.32"),
        contracts("2"),
    );

    market.submit(buy_no).unwrap();

    // An ask at 0.68, filled at the maker's 0.70: the taker pays 0.30 for NO.
    assert_eq!(market.fills(), [filled(1, 2, "0.7000", "2.00")]);
    let fill = fills(&market.events).next().unwrap();
    assert_eq!(fill.price_for(BookSide::Ask), price("0.30"));
    assert_eq!(fill.party(BookSide::Ask).account, BOB);
    assert_eq!(fill.taker_side, BookSide::Ask);
}

#[test]
fn what_does_not_fill_of_a_good_till_canceled_order_rests() {
    let mut market = Market::with(&[ask(1, ANN, "0.50", "1")]);

    let placed = market.submit(bid(2, BOB, "0.50", "3.25")).unwrap();

    assert_eq!(placed.status, OrderStatus::Resting);
    assert_eq!(placed.filled, contracts("1"));
    assert_eq!(placed.remaining, contracts("2.25"));
    assert_eq!(market.book(BookSide::Bid), ["0.5000 x 2.25"]);
    assert_eq!(
        market.changes(),
        [
            changed(BookSide::Ask, "0.5000", "-1.00", "0.00"),
            changed(BookSide::Bid, "0.5000", "2.25", "2.25")
        ]
    );
}

#[test]
fn the_rest_of_an_immediate_order_is_canceled() {
    let mut market = Market::with(&[ask(1, ANN, "0.50", "1"), ask(2, ANN, "0.51", "1")]);

    let placed = market
        .submit(bid(3, BOB, "0.50", "3").immediate_or_cancel())
        .unwrap();

    assert_eq!(placed.status, OrderStatus::Canceled(ImmediateRemainder));
    assert_eq!(placed.filled, contracts("1"));
    assert_eq!(market.cancels(), [canceled(3, ImmediateRemainder, "2.00")]);
    assert_eq!(market.book(BookSide::Bid), [""; 0]);
}

#[test]
fn fill_or_kill_takes_all_or_nothing() {
    let mut market = Market::with(&[ask(1, ANN, "0.50", "1"), ask(2, ANN, "0.51", "1")]);

    let short = market.submit(bid(3, BOB, "0.51", "2.01").fill_or_kill()).unwrap();
    assert_eq!(short.status, OrderStatus::Canceled(FillOrKill));
    assert_eq!(short.filled, Quantity::ZERO);
    assert_eq!(market.book(BookSide::Ask), ["0.5000 x 1.00", "0.5100 x 1.00"]);

    let priced_out = market.submit(bid(4, BOB, "0.50", "2").fill_or_kill()).unwrap();
    assert_eq!(priced_out.status, OrderStatus::Canceled(FillOrKill));

    let whole = market.submit(bid(5, BOB, "0.51", "2").fill_or_kill()).unwrap();
    assert_eq!(whole.status, OrderStatus::Executed);
}

#[test]
fn a_post_only_order_that_would_trade_is_refused_and_one_that_would_not_rests() {
    let mut market = Market::with(&[ask(1, ANN, "0.50", "1")]);

    assert_eq!(
        market.submit(bid(2, BOB, "0.50", "1").post_only()),
        Err(SubmitError::PostOnlyCross {
            price: price("0.50"),
            best: price("0.50")
        })
    );
    assert_eq!(market.events, []);

    let placed = market.submit(bid(2, BOB, "0.49", "1").post_only()).unwrap();
    assert_eq!(placed.status, OrderStatus::Resting);
}

#[test]
fn a_reduce_only_order_stops_at_the_position() {
    let mut market = Market::with(&[bid(1, ANN, "0.50", "10"), ask(2, ANN, "0.60", "10")]);

    // Long 3.5 YES: a sale of 5 fills 3.5.
    let sale = ask(3, BOB, "0.50", "5")
        .immediate_or_cancel()
        .reduce_only(contracts("3.5"));
    let placed = market.submit(sale).unwrap();
    assert_eq!(placed.filled, contracts("3.5"));
    assert_eq!(market.cancels(), [canceled(3, ReduceOnly, "1.50")]);

    // Short 2: buying back 5 fills 2.
    let purchase = bid(4, BOB, "0.60", "5")
        .immediate_or_cancel()
        .reduce_only(contracts("-2"));
    assert_eq!(market.submit(purchase).unwrap().filled, contracts("2"));

    // Long already: a purchase reduces nothing.
    let wrong_way = bid(5, BOB, "0.60", "5")
        .immediate_or_cancel()
        .reduce_only(contracts("1"));
    let placed = market.submit(wrong_way).unwrap();
    assert_eq!(placed.status, OrderStatus::Canceled(ReduceOnly));
    assert_eq!(placed.filled, Quantity::ZERO);

    // The book ran out before the position did.
    let all = ask(6, BOB, "0.50", "9")
        .immediate_or_cancel()
        .reduce_only(contracts("9"));
    assert_eq!(market.submit(all).unwrap().filled, contracts("6.5"));
    assert_eq!(market.cancels(), [canceled(6, ImmediateRemainder, "2.50")]);
}

#[test]
fn a_reduce_only_order_must_be_immediate() {
    let order = ask(1, ANN, "0.50", "1").reduce_only(contracts("1"));

    assert_eq!(
        Market::new().submit(order),
        Err(SubmitError::ReduceOnlyNotImmediate)
    );
    assert_eq!(
        Market::new().submit(order.fill_or_kill()),
        Err(SubmitError::ReduceOnlyNotImmediate)
    );
}

#[test]
fn taker_at_cross_cancels_the_incoming_order_and_keeps_its_earlier_fills() {
    let mut market = Market::with(&[
        ask(1, ANN, "0.50", "1"),
        ask(2, BOB, "0.51", "1"),
        ask(3, ANN, "0.52", "1"),
    ]);

    let placed = market.submit(bid(4, BOB, "0.55", "3")).unwrap();

    assert_eq!(placed.status, OrderStatus::Canceled(SelfTrade));
    assert_eq!(market.fills(), [filled(1, 4, "0.5000", "1.00")]);
    assert_eq!(market.cancels(), [canceled(4, SelfTrade, "2.00")]);
    assert_eq!(market.book(BookSide::Ask), ["0.5100 x 1.00", "0.5200 x 1.00"]);
}

#[test]
fn maker_prevention_cancels_the_resting_order_and_goes_on() {
    let mut market = Market::with(&[
        ask(1, ANN, "0.50", "1"),
        ask(2, BOB, "0.51", "1"),
        ask(3, ANN, "0.52", "1"),
    ]);

    let placed = market
        .submit(bid(4, BOB, "0.55", "3").canceling_own_makers())
        .unwrap();

    assert_eq!(
        market.fills(),
        [filled(1, 4, "0.5000", "1.00"), filled(3, 4, "0.5200", "1.00")]
    );
    assert_eq!(market.cancels(), [canceled(2, SelfTrade, "1.00")]);
    assert_eq!(placed.status, OrderStatus::Resting);
    assert_eq!(market.book(BookSide::Bid), ["0.5500 x 1.00"]);
}

#[test]
fn fill_or_kill_that_meets_an_own_order_acts_like_immediate_or_cancel() {
    let orders = [ask(1, ANN, "0.50", "1"), ask(2, BOB, "0.51", "5")];

    let mut market = Market::with(&orders);
    let placed = market.submit(bid(3, BOB, "0.55", "3").fill_or_kill()).unwrap();
    assert_eq!(placed.filled, contracts("1"));
    assert_eq!(market.cancels(), [canceled(3, SelfTrade, "2.00")]);

    let mut market = Market::with(&orders);
    let order = bid(3, BOB, "0.55", "3").fill_or_kill().canceling_own_makers();
    let placed = market.submit(order).unwrap();
    assert_eq!(placed.filled, contracts("1"));
    assert_eq!(
        market.cancels(),
        [
            canceled(2, SelfTrade, "5.00"),
            canceled(3, ImmediateRemainder, "2.00")
        ]
    );

    // An own order behind what it needs does not matter.
    let mut market = Market::with(&orders);
    let placed = market.submit(bid(3, BOB, "0.55", "1").fill_or_kill()).unwrap();
    assert_eq!(placed.status, OrderStatus::Executed);
}

#[test]
fn a_price_off_the_grid_and_a_size_of_nothing_are_refused() {
    let mut market = Market::new();

    assert_eq!(
        market.submit(bid(1, ANN, "0.505", "1")),
        Err(SubmitError::InvalidPrice {
            price: price("0.505")
        })
    );
    for edge in ["0", "1"] {
        assert_eq!(
            market.submit(bid(1, ANN, edge, "1")),
            Err(SubmitError::InvalidPrice { price: price(edge) })
        );
    }
    for size in ["0", "-1"] {
        assert_eq!(
            market.submit(bid(1, ANN, "0.50", size)),
            Err(SubmitError::InvalidQuantity {
                quantity: contracts(size)
            })
        );
    }
    assert!(market.submit(bid(1, ANN, "0.50", "0.01")).is_ok());
}

#[test]
fn a_number_that_rests_is_not_taken_twice() {
    let mut market = Market::with(&[bid(1, ANN, "0.50", "1")]);

    assert_eq!(
        market.submit(bid(1, BOB, "0.40", "1")),
        Err(SubmitError::DuplicateOrder { order: OrderId(1) })
    );
}
