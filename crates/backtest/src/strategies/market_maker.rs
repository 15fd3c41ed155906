//! Quotes both sides of a binary price, leaning against what it holds.

use std::collections::BTreeMap;
use std::time::Duration;

use kmi_domain::{BookSide, Price, Quantity, Timestamp};

use super::buying::close_at_any_price;
use crate::strategy::{
    ClientOrderId, Event, Intents, MarketId, NewOrder, OpenOrder, ParamError, ParamKind, ParamSpec, Params,
    Strategy, StrategyDescription, UpdateKind, View,
};

/// Name, parameters and constructor.
pub const DESCRIPTION: StrategyDescription = StrategyDescription {
    name: "market_maker",
    doc: "On order books: rests a bid and an ask around a reservation price that falls with what it holds, post-only, and takes \
          both away before the close. Does nothing on a trade tape, which has no queue to wait in.",
    params: &[
        ParamSpec {
            name: "quantity",
            kind: ParamKind::Quantity,
            default: "10",
            doc: "Contracts per quote.",
        },
        ParamSpec {
            name: "max_inventory",
            kind: ParamKind::Quantity,
            default: "100",
            doc: "Most contracts held in one market, either way; the quote that would exceed it is not made.",
        },
        ParamSpec {
            name: "risk_aversion",
            kind: ParamKind::Number { min: 0.0, max: 1.0 },
            default: "0.001",
            doc: "Dollars by which a held contract lowers the worth of the next, at a price of one half four times over.",
        },
        ParamSpec {
            name: "arrival_decay",
            kind: ParamKind::Number {
                min: 1.0,
                max: 100_000.0,
            },
            default: "100",
            doc: "How fast fills become rarer away from the mid, per dollar: 100 is a factor of e per cent.",
        },
        ParamSpec {
            name: "min_half_spread",
            kind: ParamKind::Price,
            default: "0.01",
            doc: "Least distance of a quote from the reservation price, in dollars.",
        },
        ParamSpec {
            name: "requote",
            kind: ParamKind::Price,
            default: "0.01",
            doc: "A quote stays until it is this far from where it should be, in dollars: moving it costs its place in the queue.",
        },
        ParamSpec {
            name: "requote_every",
            kind: ParamKind::Duration,
            default: "1s",
            doc: "Least time between two changes of the quotes of one market.",
        },
        ParamSpec {
            name: "stop_before_close",
            kind: ParamKind::Duration,
            default: "2m",
            doc: "How long before the close quotes are taken away: near it, only the informed trade.",
        },
        ParamSpec {
            name: "at_stop",
            kind: ParamKind::Choice(&["hold", "flatten"]),
            default: "hold",
            doc: "What becomes of the inventory then: held to settlement, or sold at any price.",
        },
    ],
    build: |params| Ok(Box::new(MarketMaker::new(params)?)),
};

/// Avellaneda & Stoikov (2008), "High-frequency trading in a limit order book", for a contract that pays $1 or nothing.
///
/// Theirs is a stock whose price diffuses with variance σ²(T − t) until the end; here the end is known, and whatever happens on
/// the way, the payout of a contract worth p has variance p(1 − p). With that in its place, risk aversion γ, inventory q
/// (contracts, + YES) and fills that become rarer by e^(−kδ) at a distance δ:
///
/// - reservation price r = mid − q γ p(1 − p),
/// - half spread δ = γ p(1 − p) / 2 + ln(1 + γ / k) / γ, at least `min_half_spread`,
/// - quotes r − δ and r + δ, brought outwards to the grid and never through the other side of the book.
///
/// What the formula leaves out is that resting orders are filled by those who know more, most of all near the end: hence the
/// stop before the close.
#[derive(Clone, Debug)]
pub struct MarketMaker {
    quantity: Quantity,
    max_inventory: Quantity,
    risk_aversion: f64,
    arrival_decay: f64,
    min_half_spread: f64,
    requote: i32,
    requote_every: Duration,
    stop_before_close: Duration,
    flattens: bool,
    quoted: BTreeMap<MarketId, Timestamp>,
}

/// Where the quotes of a market should be; `None` on a side that is not to be quoted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Quotes {
    bid: Option<Price>,
    ask: Option<Price>,
}

impl MarketMaker {
    /// From the parameters of [`DESCRIPTION`].
    ///
    /// # Errors
    /// [`ParamError::Conflict`] when one quote is more than may be held.
    pub fn new(params: &Params) -> Result<MarketMaker, ParamError> {
        let (quantity, max_inventory) = (params.quantity("quantity"), params.quantity("max_inventory"));
        if quantity > max_inventory {
            return Err(ParamError::Conflict {
                names: "quantity, max_inventory",
                rule: "quantity must not be above max_inventory",
            });
        }
        Ok(MarketMaker {
            quantity,
            max_inventory,
            risk_aversion: params.number("risk_aversion"),
            arrival_decay: params.number("arrival_decay"),
            min_half_spread: params.price("min_half_spread").probability(),
            requote: i32::from(params.price("requote").units()),
            requote_every: params.duration("requote_every"),
            stop_before_close: params.duration("stop_before_close"),
            flattens: params.choice("at_stop") == "flatten",
            quoted: BTreeMap::new(),
        })
    }

    /// Where the quotes should be; nowhere without a two-sided book in sync or too close to the end.
    fn wanted(&self, market: MarketId, view: &View<'_>) -> Quotes {
        if self.has_stopped(market, view) {
            return Quotes::default();
        }
        self.around_mid(market, view).unwrap_or_default()
    }

    fn around_mid(&self, market: MarketId, view: &View<'_>) -> Option<Quotes> {
        let book = view.book(market)?;
        let mid = f64::from(book.double_mid()?) / 20_000.0;
        let best_bid = book.best_bid(kmi_domain::Side::Yes)?.price;
        let best_ask = book.best_ask(kmi_domain::Side::Yes)?.price;
        if best_bid >= best_ask {
            return None;
        }
        let position = view.position(market);
        let (reservation, half) = self.reservation(mid, position.contracts());
        let grid = &view.market(market).grid;
        let bid = Price::nearest(reservation - half).and_then(|price| grid.at_or_below(price));
        let ask = Price::nearest(reservation + half).and_then(|price| grid.at_or_above(price));
        Some(Quotes {
            bid: bid
                .map(|price| price.min(grid.down(best_ask).unwrap_or(price)))
                .filter(|_| position + self.quantity <= self.max_inventory),
            ask: ask
                .map(|price| price.max(grid.up(best_bid).unwrap_or(price)))
                .filter(|_| position - self.quantity >= -self.max_inventory),
        })
    }

    /// Reservation price and half spread in dollars.
    fn reservation(&self, mid: f64, inventory: f64) -> (f64, f64) {
        let variance = mid * (1.0 - mid);
        let aversion = self.risk_aversion;
        // ln(1 + γ/k) / γ tends to 1/k when nothing is feared.
        let from_arrivals = if aversion > 0.0 {
            (aversion / self.arrival_decay).ln_1p() / aversion
        } else {
            1.0 / self.arrival_decay
        };
        let half = aversion * variance / 2.0 + from_arrivals;
        (
            mid - inventory * aversion * variance,
            half.max(self.min_half_spread),
        )
    }

    fn has_stopped(&self, market: MarketId, view: &View<'_>) -> bool {
        let close = view.market(market).close_time;
        close.is_some_and(|close| view.now() >= close.minus(self.stop_before_close))
    }

    fn quote(&mut self, market: MarketId, view: &View<'_>, intents: &mut Intents) {
        let wanted = self.wanted(market, view);
        // Nothing to say while the last change is young, unless quotes must go.
        let young = self
            .quoted
            .get(&market)
            .is_some_and(|&last| view.now() < last.plus(self.requote_every));
        let leaves = wanted == Quotes::default();
        if young && !leaves {
            return;
        }
        let open = view.open_orders(market);
        let changed = self.side(market, BookSide::Bid, wanted.bid, open, intents)
            | self.side(market, BookSide::Ask, wanted.ask, open, intents);
        if changed {
            self.quoted.insert(market, view.now());
        }
    }

    /// Brings the quote of one side where it should be; true when something had to be asked for.
    fn side(
        &self,
        market: MarketId,
        side: BookSide,
        wanted: Option<Price>,
        open: &[OpenOrder],
        intents: &mut Intents,
    ) -> bool {
        let mut own = open.iter().filter(|order| order.side == side);
        let Some(price) = wanted else {
            return own.map(|order| intents.cancel(order.id)).count() > 0;
        };
        let Some(order) = own.next() else {
            let order = match side {
                BookSide::Bid => NewOrder::bid(market, price, self.quantity),
                BookSide::Ask => NewOrder::ask(market, price, self.quantity),
            };
            intents.place(order.post_only());
            return true;
        };
        let away = i32::from(order.limit.units()) - i32::from(price.units());
        if away == 0 || away.abs() < self.requote {
            return false;
        }
        // Cancel now and place when it is gone: an amendment through the other side would trade as a taker.
        intents.cancel(order.id);
        true
    }

    fn stop(&self, market: MarketId, view: &View<'_>, intents: &mut Intents) {
        for order in view.open_orders(market) {
            intents.cancel(order.id);
        }
        let position = view.position(market);
        if self.flattens && !position.is_zero() {
            intents.place(close_at_any_price(market, position).immediate_or_cancel());
        }
    }

    fn on_update(&mut self, order: ClientOrderId, kind: &UpdateKind, view: &View<'_>, intents: &mut Intents) {
        match kind {
            // The place freed is taken again, and a fill moves the reservation price: both at once.
            UpdateKind::Canceled(_) | UpdateKind::Filled(_) => {
                self.quoted.remove(&order.market);
                self.quote(order.market, view, intents);
            }
            // Refused because the book moved on the way: wait for the next look at it.
            UpdateKind::Refused(_)
            | UpdateKind::Accepted
            | UpdateKind::Amended { .. }
            | UpdateKind::Unchanged => {}
        }
    }
}

impl Strategy for MarketMaker {
    fn start(&mut self, view: &View<'_>, intents: &mut Intents) {
        if !view.has_books() {
            return;
        }
        for market in view.market_ids() {
            if let Some(close) = view.market(market).close_time {
                intents.set_timer(close.minus(self.stop_before_close), u64::from(market.0));
            }
        }
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        match event {
            Event::Book { market } => self.quote(*market, view, intents),
            Event::Order(update) => self.on_update(update.order, &update.kind, view, intents),
            Event::Timer { token } => {
                if let Ok(number) = u32::try_from(*token) {
                    self.stop(MarketId(number), view, intents);
                }
            }
            Event::Trade(_) | Event::Settled { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Desk, Placed, params};
    use super::*;
    use kmi_domain::flow::CancelReason;

    fn strategy(given: &[(&str, &str)]) -> MarketMaker {
        MarketMaker::new(&params(&DESCRIPTION, given)).unwrap()
    }

    fn quotes(orders: &[Placed]) -> Vec<(BookSide, String)> {
        assert!(orders.iter().all(|placed| placed.order.post_only));
        orders
            .iter()
            .map(|placed| (placed.order.side, placed.order.limit.to_string()))
            .collect()
    }

    #[test]
    fn it_quotes_around_the_mid_and_leans_against_what_it_holds() {
        let mut desk = Desk::books(1);
        let mut maker = strategy(&[("risk_aversion", "0.004")]);
        // Mid 0.50. Half spread 0.004 × 0.25 / 2 + ln(1 + 0.004 / 100) / 0.004 = 0.0005 + 0.0099998: outwards 0.48 and 0.52.
        let orders = desk.book(&mut maker, 0, &[("0.45", 10)], &[("0.45", 10)]);
        assert_eq!(
            quotes(&orders),
            [(BookSide::Bid, "0.4800".into()), (BookSide::Ask, "0.5200".into())]
        );

        // Ten YES held: reservation 0.50 − 10 × 0.004 × 0.25 = 0.49, so the bid belongs at 0.47 and the ask at 0.51.
        let again = desk.fill(&mut maker, &orders[0], "0.48");
        assert_eq!(quotes(&again), [(BookSide::Bid, "0.4700".into())]);
        assert_eq!(desk.canceled, [orders[1].id], "the ask must move");
        let moved = desk.end(&mut maker, orders[1].id, UpdateKind::Canceled(CancelReason::User));
        assert_eq!(quotes(&moved), [(BookSide::Ask, "0.5100".into())]);
    }

    #[test]
    fn it_never_quotes_through_the_other_side() {
        let mut desk = Desk::books(1);
        let mut maker = strategy(&[
            ("risk_aversion", "0.01"),
            ("quantity", "50"),
            ("min_half_spread", "0.01"),
        ]);
        let first = desk.book(&mut maker, 0, &[("0.49", 10)], &[("0.50", 10)]);
        desk.fill(&mut maker, &first[0], "0.48");
        // Fifty YES held: reservation 0.495 − 0.125; the ask at 0.39 would hit the bid of 0.49.
        let moved = desk.end(&mut maker, first[1].id, UpdateKind::Canceled(CancelReason::User));
        assert_eq!(quotes(&moved), [(BookSide::Ask, "0.5000".into())]);
    }

    #[test]
    fn at_its_limit_it_quotes_one_side_only() {
        let mut desk = Desk::books(1);
        let mut maker = strategy(&[("quantity", "10"), ("max_inventory", "10")]);
        let first = desk.book(&mut maker, 0, &[("0.45", 10)], &[("0.45", 10)]);

        assert_eq!(desk.fill(&mut maker, &first[0], "0.48"), [], "no further bid");
        assert_eq!(desk.position(0), Quantity::from_contracts(10));
    }

    #[test]
    fn small_moves_and_quick_ones_leave_quotes_alone() {
        let mut desk = Desk::books(1);
        let mut maker = strategy(&[("requote", "0.02"), ("requote_every", "10s")]);
        desk.book(&mut maker, 0, &[("0.45", 10)], &[("0.45", 10)]);
        desk.wait(60);
        desk.book(&mut maker, 0, &[("0.46", 10)], &[("0.44", 10)]);
        assert_eq!(desk.canceled, [], "a cent is too little");
        desk.book(&mut maker, 0, &[("0.49", 10)], &[("0.41", 10)]);
        assert_eq!(desk.canceled.len(), 2);
        desk.wait(1);
        desk.book(&mut maker, 0, &[("0.55", 10)], &[("0.35", 10)]);
        assert_eq!(desk.canceled.len(), 2, "a second is too soon");
    }

    #[test]
    fn before_the_close_quotes_go_and_inventory_too_if_wished() {
        let mut desk = Desk::books(1);
        let mut maker = strategy(&[("at_stop", "flatten")]);
        desk.start(&mut maker);
        let first = desk.book(&mut maker, 0, &[("0.45", 10)], &[("0.45", 10)]);
        desk.fill(&mut maker, &first[0], "0.48");
        desk.canceled.clear();

        let orders = desk.ring_after(&mut maker, 86_400 - 120);

        assert_eq!(desk.canceled.len(), 2);
        assert_eq!(
            (orders.len(), orders[0].order.limit, orders[0].order.side),
            (1, Price::ZERO, BookSide::Ask)
        );
        assert_eq!(desk.book(&mut maker, 0, &[("0.45", 10)], &[("0.45", 10)]), []);
    }

    #[test]
    fn without_a_two_sided_book_it_keeps_out() {
        let mut desk = Desk::books(1);
        let mut maker = strategy(&[]);
        assert_eq!(desk.book(&mut maker, 0, &[("0.45", 10)], &[]), []);
        assert_eq!(
            desk.book(&mut maker, 0, &[("0.60", 10)], &[("0.45", 10)]),
            [],
            "crossed for a moment"
        );
    }
}
