//! Buys all outcomes of an exclusive event at once when they cost less than they must pay.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kmi_domain::fees::Role;
use kmi_domain::{Money, Price, Quantity, Side, Timestamp};

use super::buying::{close_at_any_price, held_of, of_side};
use crate::strategy::{
    ClientOrderId, Event, Intents, MarketId, NewOrder, ParamError, ParamKind, ParamSpec, Params, Strategy,
    StrategyDescription, UpdateKind, View,
};

/// Name, parameters and constructor.
pub const DESCRIPTION: StrategyDescription = StrategyDescription {
    name: "event_arbitrage",
    doc: "Of an event of which at most one market resolves yes, buys NO in every market worth it when that locks a profit after \
          fees; buys YES in all of them where told that one must resolve yes.",
    params: &[
        ParamSpec {
            name: "min_profit",
            kind: ParamKind::Price,
            default: "0.01",
            doc: "Least locked profit per basket (one contract in each leg) after fees, in dollars.",
        },
        ParamSpec {
            name: "quantity",
            kind: ParamKind::Quantity,
            default: "10",
            doc: "Most baskets bought at once; less where a leg offers less.",
        },
        ParamSpec {
            name: "max_baskets",
            kind: ParamKind::Quantity,
            default: "100",
            doc: "Most contracts held in any leg of an event.",
        },
        ParamSpec {
            name: "exhaustive",
            kind: ParamKind::Choice(&["no", "yes"]),
            default: "no",
            doc: "Whether one market of each event must resolve yes and all of them are in the run: only then are YES baskets safe.",
        },
        ParamSpec {
            name: "max_age",
            kind: ParamKind::Duration,
            default: "1m",
            doc: "On a trade tape: how old a last price may be and still count as on offer.",
        },
        ParamSpec {
            name: "patience",
            kind: ParamKind::Duration,
            default: "1m",
            doc: "On a trade tape: how long a leg waits for its price.",
        },
        ParamSpec {
            name: "broken",
            kind: ParamKind::Choice(&["unwind", "hold"]),
            default: "unwind",
            doc: "What becomes of contracts whose basket did not fill evenly: sold at any price, or held.",
        },
        ParamSpec {
            name: "pause",
            kind: ParamKind::Duration,
            default: "5s",
            doc: "Time between two baskets of one event.",
        },
    ],
    build: |params| Ok(Box::new(EventArbitrage::new(params)?)),
};

/// Locks profits across the markets of exclusive events.
///
/// NO baskets: when at most one of n markets resolves yes, n NO contracts pay at least n − 1 dollars. A leg adds (YES price −
/// fee) and costs nothing else, so every market whose YES price is above its fee belongs in the basket, and a market without an
/// offer may be left out. The locked profit is Σ (1 − NO price − fee) − 1. YES baskets pay exactly one dollar, but only if one
/// market must resolve yes and none is missing, which the exchange's flag does not promise: hence `exhaustive`.
///
/// Leg risk: the legs are separate orders, and prices move between them. Each leg takes its seen price or better, at once on
/// books. When all are done, what the least filled leg leaves over in the others is a bet, not a lock: `broken` says whether
/// it is sold again (paying two fees and the spread) or held. On a trade tape the legs' last prices were seldom on offer at the
/// same time, so a profit there is a hint, not a proof.
#[derive(Clone, Debug)]
pub struct EventArbitrage {
    min_profit: Money,
    quantity: Quantity,
    max_baskets: Quantity,
    exhaustive: bool,
    max_age: Duration,
    patience: Duration,
    unwinds: bool,
    pause: Duration,
    /// Markets of each exclusive event.
    groups: BTreeMap<u32, Vec<MarketId>>,
    baskets: BTreeMap<u32, Basket>,
    /// When each event was last dealt in.
    dealt: BTreeMap<u32, Timestamp>,
}

/// A basket whose legs are still working.
#[derive(Clone, Debug)]
struct Basket {
    side: Side,
    working: BTreeSet<ClientOrderId>,
    filled: BTreeMap<MarketId, Quantity>,
}

/// One contract on offer.
#[derive(Clone, Copy, Debug)]
struct Offer {
    market: MarketId,
    price: Price,
    quantity: Quantity,
}

impl EventArbitrage {
    /// From the parameters of [`DESCRIPTION`].
    ///
    /// # Errors
    /// [`ParamError::Conflict`] when one purchase is more than may be held.
    pub fn new(params: &Params) -> Result<EventArbitrage, ParamError> {
        let (quantity, max_baskets) = (params.quantity("quantity"), params.quantity("max_baskets"));
        if quantity > max_baskets {
            return Err(ParamError::Conflict {
                names: "quantity, max_baskets",
                rule: "quantity must not be above max_baskets",
            });
        }
        Ok(EventArbitrage {
            min_profit: params.price("min_profit").per_contract(),
            quantity,
            max_baskets,
            exhaustive: params.choice("exhaustive") == "yes",
            max_age: params.duration("max_age"),
            patience: params.duration("patience"),
            unwinds: params.choice("broken") == "unwind",
            pause: params.duration("pause"),
            groups: BTreeMap::new(),
            baskets: BTreeMap::new(),
            dealt: BTreeMap::new(),
        })
    }

    fn look(&mut self, market: MarketId, view: &View<'_>, intents: &mut Intents) {
        let Some(group) = view.market(market).exclusive_group else {
            return;
        };
        let resting = self
            .dealt
            .get(&group)
            .is_some_and(|&last| view.now() < last.plus(self.pause));
        if self.baskets.contains_key(&group) || resting {
            return;
        }
        if let Some(legs) = self.no_basket(group, view) {
            self.buy(group, Side::No, &legs, view, intents);
        } else if let Some(legs) = self.yes_basket(group, view).filter(|_| self.exhaustive) {
            self.buy(group, Side::Yes, &legs, view, intents);
        }
    }

    /// The legs of a NO basket that locks the profit wanted.
    fn no_basket(&self, group: u32, view: &View<'_>) -> Option<Vec<Offer>> {
        let mut legs = Vec::new();
        let mut locked = -Money::DOLLAR;
        for &market in self.groups.get(&group)? {
            let Some(offer) = self.offer(market, Side::No, view) else {
                continue;
            };
            let gain = Money::DOLLAR - cost(&offer, view)?;
            if gain.is_positive() {
                locked += gain;
                legs.push(offer);
            }
        }
        (locked >= self.min_profit && locked.is_positive()).then_some(legs)
    }

    /// The legs of a YES basket that locks the profit wanted: all markets, or none.
    fn yes_basket(&self, group: u32, view: &View<'_>) -> Option<Vec<Offer>> {
        let legs: Vec<Offer> = self
            .groups
            .get(&group)?
            .iter()
            .map(|&market| self.offer(market, Side::Yes, view))
            .collect::<Option<_>>()?;
        let costs: Vec<Money> = legs.iter().map(|leg| cost(leg, view)).collect::<Option<_>>()?;
        let locked = Money::DOLLAR - costs.into_iter().sum();
        (locked >= self.min_profit && locked.is_positive()).then_some(legs)
    }

    /// What can be had of a market's contract of `side`, up to what may still be held of it.
    fn offer(&self, market: MarketId, side: Side, view: &View<'_>) -> Option<Offer> {
        let info = view.market(market);
        if info.close_time.is_some_and(|close| view.now() >= close) {
            return None;
        }
        let room = self.max_baskets - held_of(side, view.position(market));
        let (price, available) = if view.has_books() {
            let ask = view.book(market)?.best_ask(side)?;
            (ask.price, ask.quantity)
        } else {
            let last = view.last_trade(market)?;
            let fresh = last.time.plus(self.max_age) >= view.now();
            fresh.then_some((of_side(last.price, side), last.quantity))?
        };
        let quantity = available.min(room).min(self.quantity);
        quantity.is_positive().then_some(Offer {
            market,
            price,
            quantity,
        })
    }

    fn buy(&mut self, group: u32, side: Side, legs: &[Offer], view: &View<'_>, intents: &mut Intents) {
        let Some(quantity) = legs.iter().map(|leg| leg.quantity).min() else {
            return;
        };
        let working = legs
            .iter()
            .map(|leg| {
                let order = NewOrder::buy(leg.market, side, leg.price, quantity);
                intents.place(if view.has_books() {
                    order.immediate_or_cancel()
                } else {
                    order.until(view.now().plus(self.patience))
                })
            })
            .collect();
        let filled = legs.iter().map(|leg| (leg.market, Quantity::ZERO)).collect();
        self.baskets.insert(
            group,
            Basket {
                side,
                working,
                filled,
            },
        );
    }

    fn on_update(&mut self, order: ClientOrderId, kind: &UpdateKind, view: &View<'_>, intents: &mut Intents) {
        let Some(group) = view.market(order.market).exclusive_group else {
            return;
        };
        let Some(basket) = self
            .baskets
            .get_mut(&group)
            .filter(|basket| basket.working.contains(&order))
        else {
            return;
        };
        if let UpdateKind::Filled(fill) = kind {
            *basket.filled.entry(order.market).or_default() += fill.quantity;
        }
        let gone =
            matches!(kind, UpdateKind::Refused(_) | UpdateKind::Canceled(_)) || view.order(order).is_none();
        if gone {
            basket.working.remove(&order);
        }
        if basket.working.is_empty()
            && let Some(basket) = self.baskets.remove(&group)
        {
            self.dealt.insert(group, view.now());
            self.finish(&basket, intents);
        }
    }

    /// All legs are done: sells what is not part of a whole basket.
    fn finish(&self, basket: &Basket, intents: &mut Intents) {
        let whole = basket.filled.values().copied().min().unwrap_or_default();
        if !self.unwinds {
            return;
        }
        for (&market, &filled) in &basket.filled {
            let excess = filled - whole;
            if excess.is_positive() {
                let position = match basket.side {
                    Side::Yes => excess,
                    Side::No => -excess,
                };
                intents.place(close_at_any_price(market, position));
            }
        }
    }
}

/// What one contract costs with its fee; `None` where the fee schedule is not published.
fn cost(offer: &Offer, view: &View<'_>) -> Option<Money> {
    let fees = view.market(offer.market).fees;
    let fee = fees.trade_fee(offer.price, Quantity::ONE, Role::Taker).ok()?;
    Some(offer.price.per_contract() + fee)
}

impl Strategy for EventArbitrage {
    fn start(&mut self, view: &View<'_>, _intents: &mut Intents) {
        for market in view.market_ids() {
            if let Some(group) = view.market(market).exclusive_group {
                self.groups.entry(group).or_default().push(market);
            }
        }
        self.groups.retain(|_, markets| markets.len() > 1);
    }

    fn on_event(&mut self, event: &Event, view: &View<'_>, intents: &mut Intents) {
        match event {
            Event::Book { market } => self.look(*market, view, intents),
            Event::Trade(trade) if !view.has_books() => self.look(trade.market, view, intents),
            Event::Order(update) => self.on_update(update.order, &update.kind, view, intents),
            Event::Trade(_) | Event::Timer { .. } | Event::Settled { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Desk, Placed, buys, params};
    use super::*;
    use kmi_domain::flow::CancelReason;

    fn strategy(given: &[(&str, &str)]) -> EventArbitrage {
        EventArbitrage::new(&params(&DESCRIPTION, given)).unwrap()
    }

    /// Three markets with these YES bids of 20 contracts each, and asks ten cents above.
    fn with_bids(given: &[(&str, &str)], bids: [&str; 3]) -> (Desk, EventArbitrage, Vec<Placed>) {
        let mut desk = Desk::books(3);
        let mut strategy = strategy(given);
        desk.start(&mut strategy);
        let mut orders = Vec::new();
        for (market, bid) in (0..).zip(bids) {
            let ask = bid.parse::<Price>().unwrap().checked_offset(1_000).unwrap();
            let no_bid = ask.complement().to_string();
            orders = desk.book(&mut strategy, market, &[(bid, 20)], &[(no_bid.as_str(), 5)]);
        }
        (desk, strategy, orders)
    }

    #[test]
    fn bids_that_sum_to_more_than_a_dollar_are_sold_as_a_no_basket() {
        // YES bids 0.50 + 0.40 + 0.20 = 1.10, less fees 0.0175 + 0.0168 + 0.0112 = 0.0455: locks 0.0545.
        let (_, _, orders) = with_bids(&[("min_profit", "0.05")], ["0.50", "0.40", "0.20"]);

        let expected = [("no", "0.5000"), ("no", "0.6000"), ("no", "0.8000")];
        assert_eq!(
            buys(&orders),
            expected.map(|(side, price)| (side.to_owned(), price.to_owned(), "10.00".to_owned()))
        );
        assert_eq!(
            with_bids(&[("min_profit", "0.06")], ["0.50", "0.40", "0.20"]).2,
            []
        );
    }

    #[test]
    fn a_sum_that_the_fees_eat_is_left_alone() {
        assert_eq!(with_bids(&[("min_profit", "0")], ["0.50", "0.34", "0.20"]).2, []);
    }

    #[test]
    fn yes_baskets_are_bought_only_where_one_must_come_true() {
        // Asks 0.30 + 0.30 + 0.30 = 0.90, fees 3 × 0.0147: locks 0.0559, if one of the three must happen.
        assert_eq!(with_bids(&[], ["0.20", "0.20", "0.20"]).2, []);
        let (_, _, orders) = with_bids(&[("exhaustive", "yes")], ["0.20", "0.20", "0.20"]);
        let leg = ("yes".to_owned(), "0.3000".to_owned(), "5.00".to_owned());
        assert_eq!(
            buys(&orders),
            [leg.clone(), leg.clone(), leg],
            "no more than the thinnest leg offers"
        );
    }

    #[test]
    fn what_a_broken_basket_leaves_over_is_sold() {
        let (mut desk, mut strategy, orders) = with_bids(&[], ["0.50", "0.40", "0.20"]);
        let four = Quantity::from_contracts(4);
        assert_eq!(desk.fill(&mut strategy, &orders[0], "0.50"), []);
        assert_eq!(desk.fill_part(&mut strategy, &orders[1], "0.40", four), []);
        let gone = UpdateKind::Canceled(CancelReason::ImmediateRemainder);
        assert_eq!(desk.end(&mut strategy, orders[1].id, gone), []);

        let unwound = desk.fill(&mut strategy, &orders[2], "0.20");

        assert_eq!(
            buys(&unwound),
            [0, 2].map(|_| ("yes".to_owned(), "1.0000".to_owned(), "6.00".to_owned()))
        );
        assert_eq!(unwound[0].id.market, MarketId(0));
    }

    #[test]
    fn one_basket_at_a_time_and_never_more_than_may_be_held() {
        let (mut desk, mut strategy, orders) = with_bids(&[("max_baskets", "15")], ["0.50", "0.40", "0.20"]);
        let again = |desk: &mut Desk, strategy: &mut EventArbitrage| {
            desk.book(strategy, 0, &[("0.50", 20)], &[("0.40", 5)])
        };
        assert_eq!(again(&mut desk, &mut strategy), [], "the first is still working");
        for (order, price) in orders.iter().zip(["0.50", "0.40", "0.20"]) {
            desk.fill(&mut strategy, order, price);
        }
        assert_eq!(again(&mut desk, &mut strategy), [], "too soon");
        desk.wait(5);
        assert_eq!(buys(&again(&mut desk, &mut strategy))[0].2, "5.00");
    }

    #[test]
    fn on_a_tape_old_prices_are_no_offers() {
        let mut desk = Desk::tape(2);
        let mut strategy = strategy(&[]);
        desk.start(&mut strategy);
        assert_eq!(desk.print(&mut strategy, 0, "0.70"), []);
        desk.wait(61);
        assert_eq!(desk.print(&mut strategy, 1, "0.50"), []);
        let orders = desk.print(&mut strategy, 0, "0.70");
        assert_eq!(orders.len(), 2);
        assert!(orders[0].order.expires.is_some());
    }
}
