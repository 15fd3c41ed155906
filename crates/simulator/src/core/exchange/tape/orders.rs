//! Own orders in a replayed market.

use kmi_domain::exposure::OpenOrder;
use kmi_domain::fees::{BalancePrecision, OrderFees, rounding_fee};
use kmi_domain::flow::{AmendRefusal, BookFlow, FlowEvent, FlowFill, FlowOrder, Refusal as FlowRefusal};
use kmi_domain::matching::{CancelReason, MarketId, OrderId, SelfTradePrevention, TimeInForce};
use kmi_domain::{BookSide, Money, Price, Quantity};

use super::super::super::command::{AmendOrder, Decrease, DecreaseOrder, Outcome, PlaceOrder};
use super::super::super::event::{CashReason, Event, OrderStatus, UpdateReason};
use super::super::super::ids::Account;
use super::super::super::order::price_of_gain;
use super::super::super::refusal::Refusal;
use super::super::super::spec::PostOnlyRule;
use super::super::Exchange;
use super::super::digest::{Execution, update_reason};
use super::super::money::Prospect;
use super::super::place::{resting, wanted};

/// A flow after a command that was tried on a copy of it.
struct Trial {
    flow: BookFlow,
    said: Vec<FlowEvent>,
    /// Own orders that had to go because the command met them.
    gone: Vec<OrderId>,
}

impl Trial {
    fn fills(&self) -> Vec<(Price, Quantity)> {
        let fills = self.said.iter().filter_map(|event| match event {
            FlowEvent::Filled(fill) => Some((fill.price, fill.quantity)),
            _ => None,
        });
        fills.collect()
    }

    fn filled(&self) -> Quantity {
        self.fills().iter().map(|(_, quantity)| *quantity).sum()
    }

    fn was_canceled(&self) -> bool {
        self.said
            .iter()
            .any(|event| matches!(event, FlowEvent::Canceled { .. }))
    }

    fn met_own(&self) -> bool {
        let met = |event: &FlowEvent| {
            matches!(
                event,
                FlowEvent::Canceled {
                    reason: CancelReason::SelfTrade,
                    ..
                }
            )
        };
        self.said.iter().any(met)
    }
}

/// Fill-or-kill that met own orders, which are gone, takes what there is.
const fn after_own_orders(order: FlowOrder, gone: &[OrderId]) -> FlowOrder {
    match order.time_in_force {
        TimeInForce::FillOrKill if !gone.is_empty() => FlowOrder {
            time_in_force: TimeInForce::ImmediateOrCancel,
            ..order
        },
        _ => order,
    }
}

impl Exchange {
    pub(in super::super) fn place_on_tape(
        &mut self,
        market: MarketId,
        order: &PlaceOrder,
        out: &mut Vec<Event>,
    ) -> Outcome {
        if order.group.is_some() {
            return Err(Refusal::invalid(
                "order_group_id",
                "replayed markets serve no order groups",
            ));
        }
        let position = order
            .reduce_only
            .then(|| self.accounts[&order.account].position(market));
        let quantity = wanted(order.side, order.quantity, position);
        let flow_order = FlowOrder {
            id: OrderId(self.next.order),
            side: order.side,
            limit: order.price,
            quantity,
            time_in_force: order.time_in_force,
            post_only: order.post_only,
            expires: order.expiration,
        };
        if quantity.is_zero() {
            self.open_order(market, order);
            self.tell_order(flow_order.id, UpdateReason::Placed, out);
            self.finish(
                flow_order.id,
                OrderStatus::Canceled,
                UpdateReason::ReduceOnlyCancel,
                out,
            );
            return Ok(self.placed(flow_order.id));
        }
        let now = self.tapes[&market].recorded_now(self.now);
        let submit = |flow: &mut BookFlow, gone: &[OrderId], said: &mut Vec<FlowEvent>| {
            flow.submit(now, after_own_orders(flow_order, gone), said)
        };
        let tried = self.try_on_tape(market, order.account, order.side, order.self_trade, submit);
        let mut trial = match tried {
            Ok(trial) => trial,
            Err(FlowRefusal::WouldCross) if self.rules.post_only == PostOnlyRule::Cancel => {
                return Ok(self.place_and_cancel(market, order, out));
            }
            Err(refusal) => return Err(self.flow_refusal(market, order.side, refusal)),
        };
        let rests = if trial.was_canceled() {
            Quantity::ZERO
        } else {
            quantity - trial.filled()
        };
        self.check_funds(&Prospect {
            account: order.account,
            market,
            side: order.side,
            fills: &trial.fills(),
            rests: resting(order.side, order.price, rests),
            gone: &trial.gone,
            fees: OrderFees::new(BalancePrecision::Centicent),
        })?;
        if quantity < order.quantity && trial.filled() == quantity {
            // It reduced all there was, and the flow knows of no more.
            trial.said.push(FlowEvent::Canceled {
                order: flow_order.id,
                remaining: order.quantity - quantity,
                reason: CancelReason::ReduceOnly,
            });
        }
        let id = self.open_order(market, order);
        self.tapes.get_mut(&market).expect("just found").orders.insert(id);
        self.accept_trial(market, order.account, trial, out);
        let reply = self.placed(id);
        self.shadow(order.account, id, out);
        Ok(reply)
    }

    /// Tries a command on a copy of an account's flow. Where own orders stand in its way and are to give way, they do.
    fn try_on_tape(
        &self,
        market: MarketId,
        account: Account,
        side: BookSide,
        self_trade: SelfTradePrevention,
        command: impl Fn(&mut BookFlow, &[OrderId], &mut Vec<FlowEvent>) -> Result<(), FlowRefusal>,
    ) -> Result<Trial, FlowRefusal> {
        let mut before = self.tapes[&market].flow_of(account);
        let mut gone = Vec::new();
        loop {
            let mut trial = Trial {
                flow: before.clone(),
                said: Vec::new(),
                gone: gone.clone(),
            };
            command(&mut trial.flow, &gone, &mut trial.said)?;
            if self_trade == SelfTradePrevention::TakerAtCross || !trial.met_own() {
                return Ok(trial);
            }
            let Some(next) = self.best_on_tape(market, account, side.opposite(), &gone) else {
                return Ok(trial);
            };
            before.cancel(next, &mut Vec::new());
            gone.push(next);
        }
    }

    fn flow_refusal(&self, market: MarketId, side: BookSide, refusal: FlowRefusal) -> Refusal {
        match refusal {
            FlowRefusal::WouldCross => Refusal::PostOnlyCross {
                best: self
                    .levels(market, side.opposite())
                    .next()
                    .map_or(Price::ZERO, |level| level.price),
            },
            FlowRefusal::BookNotSynced => Refusal::MarketInactive(self.market(market).spec.ticker.clone()),
            FlowRefusal::NoQuantity => Refusal::InvalidSize {
                quantity: Quantity::ZERO,
            },
        }
    }

    /// The best own order of a side, the oldest of those.
    fn best_on_tape(
        &self,
        market: MarketId,
        account: Account,
        side: BookSide,
        gone: &[OrderId],
    ) -> Option<OrderId> {
        let stake = self.accounts[&account].stakes.get(&market)?;
        let orders = stake.orders.iter().filter(|order| !gone.contains(order));
        let states = orders
            .map(|order| &self.orders[order].state)
            .filter(|state| state.side == side);
        let best = states.min_by_key(|state| {
            let own_price = price_of_gain(side, state.price);
            (std::cmp::Reverse(own_price), state.order)
        });
        best.map(|state| state.order)
    }

    /// Makes what was tried so.
    fn accept_trial(&mut self, market: MarketId, account: Account, trial: Trial, out: &mut Vec<Event>) {
        let Trial { flow, mut said, gone } = trial;
        for order in gone {
            self.end_on_tape(
                market,
                order,
                OrderStatus::Canceled,
                UpdateReason::SelfTradeCancel,
                out,
            );
        }
        self.tapes
            .get_mut(&market)
            .expect("just found")
            .flows
            .insert(account, flow);
        self.digest_flow(market, &mut said, out);
    }

    pub(in super::super) fn amend_on_tape(
        &mut self,
        market: MarketId,
        amendment: &AmendOrder,
        out: &mut Vec<Event>,
    ) -> Outcome {
        let working = &self.orders[&amendment.order];
        let (state, fees) = (working.state.clone(), working.fees);
        let remaining = amendment.total - state.filled;
        if !remaining.is_positive() {
            return Err(Refusal::InvalidSize {
                quantity: amendment.total,
            });
        }
        let now = self.tapes[&market].recorded_now(self.now);
        let amend = |flow: &mut BookFlow, _: &[OrderId], said: &mut Vec<FlowEvent>| {
            let amended = flow.amend(now, amendment.order, amendment.price, amendment.total, said);
            amended.map_err(|refusal| match refusal {
                AmendRefusal::Refused(refusal) => refusal,
                AmendRefusal::Unknown => FlowRefusal::BookNotSynced,
            })
        };
        let trial = self
            .try_on_tape(market, state.account, state.side, state.self_trade, amend)
            .map_err(|refusal| self.flow_refusal(market, state.side, refusal))?;
        let rests = if trial.was_canceled() {
            Quantity::ZERO
        } else {
            remaining - trial.filled()
        };
        let mut gone = trial.gone.clone();
        gone.push(amendment.order);
        self.check_funds(&Prospect {
            account: state.account,
            market,
            side: state.side,
            fills: &trial.fills(),
            rests: rests.is_positive().then_some(OpenOrder {
                side: state.side,
                yes_price: amendment.price,
                remaining: rests,
            }),
            gone: &gone,
            fees,
        })?;
        self.ask_for(amendment.order);
        self.rename(amendment);
        self.change_expiration(amendment);
        self.accept_trial(market, state.account, trial, out);
        Ok(self.amended(&state))
    }

    pub(in super::super) fn decrease_on_tape(
        &mut self,
        market: MarketId,
        decrease: &DecreaseOrder,
        out: &mut Vec<Event>,
    ) -> Outcome {
        let state = self.orders[&decrease.order].state.clone();
        let to = match decrease.decrease {
            Decrease::By(quantity) => state.remaining - quantity.min(Quantity::MAX),
            Decrease::To(quantity) => quantity,
        };
        if to.is_negative() || to >= state.remaining {
            return Err(Refusal::InvalidSize { quantity: to });
        }
        let by = state.remaining - to;
        if to.is_zero() {
            self.cancel_order(decrease.order, CancelReason::User, out);
            return Ok(self.reduced(decrease.order, by));
        }
        let now = self.tapes[&market].recorded_now(self.now);
        let tape = self.tapes.get_mut(&market).expect("just found");
        let flow = tape.flows.get_mut(&state.account).expect("its order rests in it");
        // A smaller size at the same price only ever keeps its place.
        let _kept = flow.amend(
            now,
            decrease.order,
            state.price,
            state.filled + to,
            &mut Vec::new(),
        );
        self.orders
            .get_mut(&decrease.order)
            .expect("just seen")
            .state
            .remaining = to;
        self.tell_order(decrease.order, UpdateReason::Decrease, out);
        self.rehold(state.account, market);
        Ok(self.reduced(decrease.order, by))
    }

    pub(in super::super) fn cancel_on_tape(
        &mut self,
        market: MarketId,
        order: OrderId,
        reason: CancelReason,
        out: &mut Vec<Event>,
    ) {
        let account = self.orders[&order].state.account;
        let tape = self.tapes.get_mut(&market).expect("just found");
        if let Some(flow) = tape.flows.get_mut(&account) {
            flow.cancel(order, &mut Vec::new());
        }
        self.end_on_tape(market, order, OrderStatus::Canceled, update_reason(reason), out);
    }

    /// Orders that rest in a replayed market, by number.
    pub(in super::super) fn orders_on_tape(&self, market: MarketId) -> Vec<OrderId> {
        self.tapes
            .get(&market)
            .map_or_else(Vec::new, |tape| tape.orders.iter().copied().collect())
    }

    fn end_on_tape(
        &mut self,
        market: MarketId,
        order: OrderId,
        status: OrderStatus,
        reason: UpdateReason,
        out: &mut Vec<Event>,
    ) {
        let account = self.orders[&order].state.account;
        self.tapes
            .get_mut(&market)
            .expect("just found")
            .orders
            .remove(&order);
        self.finish(order, status, reason, out);
        self.rehold(account, market);
    }

    /// Books what flows said.
    pub(super) fn digest_flow(&mut self, market: MarketId, said: &mut Vec<FlowEvent>, out: &mut Vec<Event>) {
        for event in said.drain(..) {
            match event {
                FlowEvent::Accepted { order } => self.tell_order(order, UpdateReason::Placed, out),
                FlowEvent::Filled(fill) => self.fill_on_tape(market, &fill, out),
                FlowEvent::Amended {
                    order,
                    limit,
                    quantity,
                } => {
                    let state = &mut self
                        .orders
                        .get_mut(&order)
                        .expect("only an open order is amended")
                        .state;
                    (state.price, state.initial) = (limit, quantity);
                    state.remaining = quantity - state.filled;
                    let account = state.account;
                    self.tell_order(order, UpdateReason::Amend, out);
                    self.rehold(account, market);
                }
                FlowEvent::Canceled { order, reason, .. } => {
                    self.end_on_tape(market, order, OrderStatus::Canceled, update_reason(reason), out);
                }
            }
        }
        // Orders that came to rest were told of by nothing but their silence.
        let touched: Vec<(Account, MarketId)> = {
            let tape = &self.tapes[&market];
            tape.flows.keys().map(|account| (*account, market)).collect()
        };
        self.rehold_all(touched);
    }

    /// Books a fill against the tape: the house takes the other side.
    fn fill_on_tape(&mut self, market: MarketId, fill: &FlowFill, out: &mut Vec<Event>) {
        let shard = self.shard_of(market);
        let tape = self.tape_with(shard, Price::ONE * fill.quantity, out);
        let trade = self.next.trade;
        self.next.trade += 1;
        let account = self.orders[&fill.order].state.account;
        let whole = fill.remaining.is_zero() && self.orders[&fill.order].state.remaining == fill.quantity;
        let remaining = self.orders[&fill.order].state.remaining - fill.quantity;
        self.execute(
            Execution {
                trade,
                market,
                order: fill.order,
                side: fill.side,
                price: fill.price,
                quantity: fill.quantity,
                role: fill.role,
                remaining,
            },
            out,
        );
        if whole {
            self.tapes
                .get_mut(&market)
                .expect("just found")
                .orders
                .remove(&fill.order);
        }
        self.rehold(account, market);
        let opposite = fill.side.opposite();
        let change = self.book(tape, market, opposite, fill.price, fill.quantity, Money::ZERO);
        // It pays no fee but that of rounding, which keeps its balance in whole steps like any other.
        let fee = rounding_fee(change.cash, Money::ZERO, BalancePrecision::Centicent);
        self.fees += fee;
        self.pay(tape, shard, change.cash - fee, CashReason::Fill, out);
    }
}
