//! How resting orders change and end, and how a market's state does.

use super::support::*;
use crate::TickGrid;
use crate::matching::CancelReason::{Close, Expiry, Halt, Pause, SelfTrade, User};
use crate::matching::{
    AmendError, Amendment, CancelError, Decrease, Event, ExpirationChange, OrderId, OrderStatus, Placed,
    Queue, SubmitError,
};
use crate::side::BookSide;

fn terms(at: &str, total: &str) -> Amendment {
    Amendment {
        price: price(at),
        total: contracts(total),
        expiration: ExpirationChange::Keep,
    }
}

impl Market {
    fn amend(&mut self, order: u64, amendment: Amendment) -> Result<Placed, AmendError> {
        self.events.clear();
        self.engine
            .amend(at(0), OrderId(order), amendment, &mut self.events)
    }

    fn decrease(&mut self, order: u64, decrease: Decrease) -> Result<String, CancelError> {
        self.events.clear();
        let by = self.engine.decrease(OrderId(order), decrease, &mut self.events)?;
        Ok(by.to_string())
    }

    fn cancel(&mut self, order: u64) -> Result<String, CancelError> {
        self.events.clear();
        let quantity = self.engine.cancel(OrderId(order), &mut self.events)?;
        Ok(quantity.to_string())
    }

    fn queue_kept(&self) -> Option<Queue> {
        self.events.iter().find_map(|event| match event {
            Event::Amended { queue, .. } => Some(*queue),
            _ => None,
        })
    }
}

/// Three bids of one contract at 0.40, in this order: 1 (Ann), 2 (Bob), 3 (Cat).
fn queue_of_three() -> Market {
    Market::with(&[
        bid(1, ANN, "0.40", "1"),
        bid(2, BOB, "0.40", "1"),
        bid(3, CAT, "0.40", "1"),
    ])
}

#[test]
fn the_queue_position_counts_better_prices_and_those_ahead() {
    let mut market = queue_of_three();
    market.submit(bid(4, ANN, "0.41", "2.5")).unwrap();
    market.submit(bid(5, ANN, "0.39", "9")).unwrap();

    assert_eq!(market.queue(4).as_deref(), Some("0.00"));
    assert_eq!(market.queue(1).as_deref(), Some("2.50"));
    assert_eq!(market.queue(3).as_deref(), Some("4.50"));
    assert_eq!(
        market.engine.queue_ahead_at_price(OrderId(3)),
        Some(contracts("2"))
    );
    assert_eq!(market.queue(6), None);
}

#[test]
fn an_amendment_to_a_smaller_size_keeps_the_place() {
    let mut market = queue_of_three();

    market.amend(1, terms("0.40", "0.6")).unwrap();

    assert_eq!(market.queue_kept(), Some(Queue::Kept));
    assert_eq!(market.queue(1).as_deref(), Some("0.00"));
    assert_eq!(
        market.changes(),
        [changed(BookSide::Bid, "0.4000", "-0.40", "2.60")]
    );
}

#[test]
fn an_amendment_to_a_larger_size_goes_to_the_back() {
    let mut market = queue_of_three();

    let placed = market.amend(1, terms("0.40", "5")).unwrap();

    assert_eq!(market.queue_kept(), Some(Queue::Lost));
    assert_eq!(placed.remaining, contracts("5"));
    assert_eq!(market.queue(1).as_deref(), Some("2.00"));
    assert_eq!(
        market.changes(),
        [changed(BookSide::Bid, "0.4000", "4.00", "7.00")]
    );
}

#[test]
fn an_amendment_to_another_price_goes_to_the_back_there() {
    let mut market = queue_of_three();
    market.submit(bid(4, BOB, "0.42", "1")).unwrap();

    market.amend(1, terms("0.42", "1")).unwrap();

    assert_eq!(market.queue_kept(), Some(Queue::Lost));
    assert_eq!(market.queue(1).as_deref(), Some("1.00"));
    assert_eq!(
        market.changes(),
        [
            changed(BookSide::Bid, "0.4000", "-1.00", "2.00"),
            changed(BookSide::Bid, "0.4200", "1.00", "2.00")
        ]
    );
}

#[test]
fn an_amended_total_includes_what_has_filled() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "10"), bid(2, BOB, "0.40", "1")]);
    market.submit(ask(3, CAT, "0.40", "4")).unwrap();

    // 4 of 10 filled; a total of 9 leaves 5 of the 6: smaller, so it stays first.
    let placed = market.amend(1, terms("0.40", "9")).unwrap();

    assert_eq!(placed.remaining, contracts("5"));
    assert_eq!(market.queue(1).as_deref(), Some("0.00"));
    let order = market.engine.order(OrderId(1)).unwrap();
    assert_eq!((order.filled, order.remaining), (contracts("4"), contracts("5")));
    assert_eq!(
        market.amend(1, terms("0.40", "4")),
        Err(AmendError::NothingLeft {
            total: contracts("4"),
            filled: contracts("4")
        })
    );
}

#[test]
fn an_amended_price_may_cross_and_match() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "3"), ask(2, BOB, "0.45", "2")]);

    let placed = market.amend(1, terms("0.46", "3")).unwrap();

    assert_eq!(market.fills(), [filled(2, 1, "0.4500", "2.00")]);
    assert_eq!(placed.filled, contracts("2"));
    assert_eq!(placed.remaining, contracts("1"));
    assert_eq!(market.book(BookSide::Bid), ["0.4600 x 1.00"]);
    assert_eq!(market.engine.order(OrderId(1)).unwrap().filled, contracts("2"));
}

#[test]
fn an_amended_order_that_meets_an_own_order_is_canceled() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "3"), ask(2, ANN, "0.45", "2")]);

    let placed = market.amend(1, terms("0.45", "3")).unwrap();

    assert_eq!(placed.status, OrderStatus::Canceled(SelfTrade));
    assert_eq!(market.cancels(), [canceled(1, SelfTrade, "3.00")]);
    assert_eq!(market.book(BookSide::Ask), ["0.4500 x 2.00"]);
}

#[test]
fn a_refused_amendment_leaves_the_order_as_it_is() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "3").post_only(), ask(2, BOB, "0.45", "2")]);

    assert_eq!(
        market.amend(1, terms("0.405", "3")),
        Err(AmendError::Refused(SubmitError::InvalidPrice {
            price: price("0.405")
        }))
    );
    assert_eq!(
        market.amend(1, terms("0.45", "3")),
        Err(AmendError::Refused(SubmitError::PostOnlyCross {
            price: price("0.45"),
            best: price("0.45")
        }))
    );
    let past = Amendment {
        expiration: ExpirationChange::At(at(0)),
        ..terms("0.40", "3")
    };
    assert_eq!(
        market.amend(1, past),
        Err(AmendError::Refused(SubmitError::ExpirationPast {
            expiration: at(0),
            now: at(0)
        }))
    );
    assert_eq!(
        market.amend(9, terms("0.40", "3")),
        Err(AmendError::NotResting { order: OrderId(9) })
    );
    assert_eq!(market.book(BookSide::Bid), ["0.4000 x 3.00"]);
}

#[test]
fn an_amendment_of_the_expiration_alone_keeps_the_place() {
    let mut market = queue_of_three();
    let expiring = |change| Amendment {
        expiration: change,
        ..terms("0.40", "1")
    };

    market.amend(1, expiring(ExpirationChange::At(at(60)))).unwrap();
    assert_eq!(market.queue_kept(), Some(Queue::Kept));
    assert_eq!(market.changes(), []);
    assert_eq!(market.engine.next_expiration(), Some(at(60)));

    market.amend(1, expiring(ExpirationChange::Keep)).unwrap();
    assert_eq!(market.engine.next_expiration(), Some(at(60)));

    market.amend(1, expiring(ExpirationChange::Clear)).unwrap();
    assert_eq!(market.engine.next_expiration(), None);
    assert_eq!(market.queue(1).as_deref(), Some("0.00"));
}

#[test]
fn a_decrease_by_and_a_decrease_to_keep_the_place() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "10"), bid(2, BOB, "0.40", "1")]);

    assert_eq!(
        market.decrease(1, Decrease::By(contracts("2.5"))).as_deref(),
        Ok("2.50")
    );
    assert_eq!(
        market.decrease(1, Decrease::To(contracts("3"))).as_deref(),
        Ok("4.50")
    );

    assert_eq!(
        market.changes(),
        [changed(BookSide::Bid, "0.4000", "-4.50", "4.00")]
    );
    assert_eq!(market.queue(2).as_deref(), Some("3.00"));
}

#[test]
fn a_decrease_to_nothing_cancels_and_one_that_takes_nothing_is_refused() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "2")]);
    let refused = |to: &str| {
        Err(CancelError::NotSmaller {
            to: contracts(to),
            remaining: contracts("2"),
        })
    };

    assert_eq!(market.decrease(1, Decrease::By(contracts("0"))), refused("2"));
    assert_eq!(market.decrease(1, Decrease::By(contracts("3"))), refused("-1"));
    assert_eq!(market.decrease(1, Decrease::By(contracts("-1"))), refused("3"));
    assert_eq!(market.decrease(1, Decrease::To(contracts("2"))), refused("2"));

    assert_eq!(
        market.decrease(1, Decrease::To(contracts("0"))).as_deref(),
        Ok("2.00")
    );
    assert_eq!(market.cancels(), [canceled(1, User, "2.00")]);
    assert_eq!(market.engine.order_count(), 0);
}

#[test]
fn a_canceled_order_is_gone_and_cannot_be_canceled_again() {
    let mut market = queue_of_three();

    assert_eq!(market.cancel(2).as_deref(), Ok("1.00"));
    assert_eq!(market.queue(3).as_deref(), Some("1.00"));
    assert_eq!(
        market.cancel(2),
        Err(CancelError::NotResting { order: OrderId(2) })
    );
}

#[test]
fn cancel_all_takes_one_accounts_orders_and_no_others() {
    let mut market = Market::with(&[
        bid(1, ANN, "0.39", "1"),
        bid(2, ANN, "0.40", "1"),
        bid(3, BOB, "0.40", "1"),
        ask(4, ANN, "0.60", "1"),
    ]);
    market.events.clear();

    let count = market.engine.cancel_account(ANN, &mut market.events);

    assert_eq!(count, Ok(3));
    assert_eq!(
        market.cancels(),
        [
            canceled(2, User, "1.00"),
            canceled(1, User, "1.00"),
            canceled(4, User, "1.00")
        ]
    );
    assert_eq!(market.engine.orders_of(BOB).count(), 1);
}

#[test]
fn an_order_expires_at_its_time_and_never_trades_after_it() {
    let mut market = Market::with(&[
        ask(1, ANN, "0.50", "1").expiring(at(10)),
        ask(2, ANN, "0.51", "1").expiring(at(20)),
    ]);
    market.events.clear();
    assert_eq!(market.engine.expire(at(9), &mut market.events), 0);

    // Nobody called `expire` at 10: the incoming order does.
    market.submit_at(at(10), bid(3, BOB, "0.55", "1")).unwrap();

    assert_eq!(market.cancels(), [canceled(1, Expiry, "1.00")]);
    assert_eq!(market.fills(), [filled(2, 3, "0.5100", "1.00")]);
    assert_eq!(market.engine.next_expiration(), None);
}

#[test]
fn only_a_resting_order_expires_and_only_in_the_future() {
    let mut market = Market::new();

    assert_eq!(
        market.submit(bid(1, ANN, "0.50", "1").immediate_or_cancel().expiring(at(10))),
        Err(SubmitError::ExpirationNotGoodTillCanceled)
    );
    assert_eq!(
        market.submit_at(at(10), bid(1, ANN, "0.50", "1").expiring(at(10))),
        Err(SubmitError::ExpirationPast {
            expiration: at(10),
            now: at(10)
        })
    );
}

#[test]
fn a_pause_cancels_flagged_orders_and_takes_cancels_and_decreases_only() {
    let mut market = Market::with(&[
        bid(1, ANN, "0.40", "2"),
        bid(2, ANN, "0.40", "2").canceled_on_pause(),
        bid(3, BOB, "0.40", "2"),
    ]);
    market.events.clear();

    assert_eq!(market.engine.pause(&mut market.events), 1);

    assert_eq!(market.cancels(), [canceled(2, Pause, "2.00")]);
    assert_eq!(market.submit(bid(4, ANN, "0.40", "1")), Err(SubmitError::Paused));
    assert_eq!(
        market.amend(1, terms("0.40", "1")),
        Err(AmendError::Refused(SubmitError::Paused))
    );
    assert!(market.decrease(1, Decrease::By(contracts("1"))).is_ok());
    assert!(market.cancel(3).is_ok());

    market.engine.resume();
    assert_eq!(market.book(BookSide::Bid), ["0.4000 x 1.00"]);
    assert!(market.submit(bid(4, ANN, "0.40", "1")).is_ok());
}

#[test]
fn a_halt_cancels_everything_and_the_market_can_be_resumed() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "2"), ask(2, BOB, "0.60", "1")]);
    market.events.clear();

    assert_eq!(market.engine.halt(&mut market.events), 2);

    assert_eq!(
        market.cancels(),
        [canceled(1, Halt, "2.00"), canceled(2, Halt, "1.00")]
    );
    market.engine.resume();
    assert!(market.submit(bid(3, ANN, "0.40", "1")).is_ok());
}

#[test]
fn the_close_cancels_everything_and_every_operation_is_refused_after_it() {
    let mut market = Market::with(&[bid(1, ANN, "0.40", "2")]);
    market.events.clear();

    assert_eq!(market.engine.close(&mut market.events), 1);

    assert_eq!(market.cancels(), [canceled(1, Close, "2.00")]);
    assert_eq!(market.submit(bid(2, ANN, "0.40", "1")), Err(SubmitError::Closed));
    assert_eq!(
        market.amend(1, terms("0.40", "1")),
        Err(AmendError::Refused(SubmitError::Closed))
    );
    assert_eq!(market.cancel(1), Err(CancelError::Closed));
    assert_eq!(
        market.decrease(1, Decrease::By(contracts("1"))),
        Err(CancelError::Closed)
    );
    assert_eq!(
        market.engine.cancel_account(ANN, &mut market.events),
        Err(CancelError::Closed)
    );
    market.engine.resume();
    assert_eq!(market.submit(bid(2, ANN, "0.40", "1")), Err(SubmitError::Closed));
}

#[test]
fn resting_orders_survive_a_refinement_of_the_grid() {
    let mut market = Market::with(&[
        bid(1, ANN, "0.40", "2"),
        bid(2, BOB, "0.40", "1"),
        ask(3, ANN, "0.60", "1"),
    ]);
    assert!(market.submit(bid(4, CAT, "0.405", "1")).is_err());

    market.engine.set_grid(TickGrid::from_label("deci_cent").unwrap());

    market.submit(bid(4, CAT, "0.405", "1")).unwrap();
    assert_eq!(market.book(BookSide::Bid), ["0.4050 x 1.00", "0.4000 x 3.00"]);
    market.submit(ask(5, BOB, "0.40", "2")).unwrap();
    assert_eq!(market.queue(2).as_deref(), Some("1.00"));
}

#[test]
fn orders_off_a_coarser_grid_stay_and_trade_where_they_are() {
    let mut market = Market::new();
    market.engine.set_grid(TickGrid::from_label("deci_cent").unwrap());
    market.submit(bid(1, ANN, "0.405", "1")).unwrap();

    market.engine.set_grid(TickGrid::linear_cent());

    assert!(market.submit(bid(2, BOB, "0.405", "1")).is_err());
    market.submit(ask(3, BOB, "0.40", "1")).unwrap();
    assert_eq!(market.fills(), [filled(1, 3, "0.4050", "1.00")]);
}
