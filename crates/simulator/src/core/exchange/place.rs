//! Placing orders.

use kmi_domain::exposure::OpenOrder;
use kmi_domain::fees::{BalancePrecision, OrderFees};
use kmi_domain::matching::{
    CancelReason, MarketId, NewOrder, OrderId, PlaceError, SelfTradePrevention, SubmitError, TimeInForce,
};
use kmi_domain::{BookSide, FeeType, Money, Price, Quantity, Timestamp};

use super::super::command::{Outcome, PlaceOrder, Reply};
use super::super::event::{Event, OrderState, OrderStatus, UpdateReason};
use super::super::ids::Account;
use super::super::order::WorkingOrder;
use super::super::refusal::Refusal;
use super::super::spec::{ClientOrderIdReuse, PostOnlyRule};
use super::money::Prospect;
use super::{Exchange, Wake, groups};

/// Characters a client's id may have.
const MAX_CLIENT_ID: usize = 64;

/// An order about to meet the book.
#[derive(Clone, Copy)]
pub(super) struct Incoming {
    pub(super) account: Account,
    pub(super) market: MarketId,
    pub(super) side: BookSide,
    pub(super) price: Price,
    /// Contracts that may fill.
    pub(super) wanted: Quantity,
    /// Contracts that would rest if nothing filled.
    pub(super) open: Quantity,
    pub(super) time_in_force: TimeInForce,
    pub(super) self_trade: SelfTradePrevention,
}

/// What it would meet.
#[derive(Default)]
pub(super) struct Meeting {
    pub(super) fills: Vec<(Price, Quantity)>,
    /// Own orders canceled on the way.
    pub(super) canceled: Vec<OrderId>,
    /// Contracts that would rest.
    pub(super) rests: Quantity,
}

impl Exchange {
    pub(super) fn place(&mut self, order: &PlaceOrder, out: &mut Vec<Event>) -> Outcome {
        let market = self.check_place(order)?;
        if self.tapes.contains_key(&market) {
            return self.place_on_tape(market, order, out);
        }
        if let Some(best) = self
            .crossed(market, order.side, order.price)
            .filter(|_| order.post_only)
        {
            return match self.rules.post_only {
                PostOnlyRule::Refuse => Err(Refusal::PostOnlyCross { best }),
                PostOnlyRule::Cancel => Ok(self.place_and_cancel(market, order, out)),
            };
        }
        let new = self.new_order(market, order);
        self.check_placing_funds(market, order, &new)?;
        let id = self.open_order(market, order);
        let mut said = std::mem::take(&mut self.said);
        let placed = self.engine.submit(self.now, market, new, &mut said);
        self.said = said;
        if let Err(error) = placed {
            // Everything the engine checks was checked before; should it differ, the order is as if it had not come.
            self.forget_order(id);
            self.digest(out);
            return Err(refusal(error, order));
        }
        self.digest(out);
        let reply = self.placed(id);
        self.shadow(order.account, id, out);
        Ok(reply)
    }

    /// Everything that can be wrong with an order but the money.
    fn check_place(&self, order: &PlaceOrder) -> Result<MarketId, Refusal> {
        self.check_trading()?;
        self.find_account(order.account)?;
        let market = self.find_market(&order.market)?;
        let state = self.market(market);
        if order.shard.is_some_and(|shard| shard != state.shard) {
            return Err(Refusal::WrongShard(state.shard));
        }
        if !state.is_active() {
            return Err(Refusal::MarketInactive(order.market.clone()));
        }
        if state.fees.fee_type == FeeType::Flat {
            return Err(Refusal::UnpublishedFees);
        }
        self.check_limit(market, order.price, order.quantity)?;
        check_terms(self.now, order)?;
        if let Some(id) = &order.client_order_id {
            self.check_client_id(order.account, id)?;
        }
        self.check_group_of(order, market)?;
        let open_orders = self.find_user(order.account.user)?.open_orders;
        if order.time_in_force == TimeInForce::GoodTillCanceled && open_orders >= self.rules.max_open_orders {
            return Err(Refusal::TooMany {
                what: "open orders".to_owned(),
                limit: u64::from(self.rules.max_open_orders),
            });
        }
        Ok(market)
    }

    pub(super) fn check_limit(
        &self,
        market: MarketId,
        price: Price,
        quantity: Quantity,
    ) -> Result<(), Refusal> {
        if !quantity.is_positive() || quantity > Quantity::MAX {
            return Err(Refusal::InvalidSize { quantity });
        }
        if !self.market(market).spec.grid.contains(price) {
            return Err(Refusal::InvalidPrice { price });
        }
        Ok(())
    }

    pub(super) fn check_client_id(&self, account: Account, id: &str) -> Result<(), Refusal> {
        if id.chars().count() > MAX_CLIENT_ID {
            return Err(Refusal::invalid(
                "client_order_id",
                "must have at most 64 characters",
            ));
        }
        if self.find_user(account.user)?.client_order_ids.contains(id) {
            return Err(Refusal::DuplicateClientOrderId(id.to_owned()));
        }
        Ok(())
    }

    pub(super) fn use_client_id(&mut self, account: Account, id: &str) {
        let reuse = self.rules.client_order_id_reuse;
        let ids = &mut self.user_mut(account.user).client_order_ids;
        match reuse {
            ClientOrderIdReuse::Never => ids.insert(id),
            ClientOrderIdReuse::AfterClose => ids.hold(id),
        }
    }

    fn check_group_of(&self, order: &PlaceOrder, market: MarketId) -> Result<(), Refusal> {
        let Some(group) = order.group else { return Ok(()) };
        let owner = self
            .groups
            .get(&group)
            .filter(|owner| owner.account == order.account)
            .ok_or_else(|| Refusal::unknown("order group", group.0))?;
        if owner.shard != self.shard_of(market) {
            return Err(Refusal::WrongShard(owner.shard));
        }
        let is_triggered = self
            .engine
            .groups()
            .get(group)
            .is_some_and(kmi_domain::matching::OrderGroup::is_triggered);
        if is_triggered {
            Err(Refusal::GroupTriggered(group))
        } else {
            Ok(())
        }
    }

    /// Best price of the other side, if this limit meets it.
    pub(super) fn crossed(&self, market: MarketId, side: BookSide, price: Price) -> Option<Price> {
        let best = self.engine.market(market).best(side.opposite())?.price;
        meets(side, price, best).then_some(best)
    }

    fn new_order(&self, market: MarketId, order: &PlaceOrder) -> NewOrder {
        let position = self.accounts[&order.account].position(market);
        NewOrder {
            id: OrderId(self.next.order),
            account: order.account.matching(),
            side: order.side,
            price: order.price,
            quantity: order.quantity,
            time_in_force: order.time_in_force,
            expiration: order.expiration,
            self_trade: order.self_trade,
            post_only: order.post_only,
            reduce_only: order.reduce_only.then_some(position),
            cancel_on_pause: order.cancel_on_pause,
            group: order.group,
        }
    }

    fn check_placing_funds(
        &self,
        market: MarketId,
        order: &PlaceOrder,
        new: &NewOrder,
    ) -> Result<(), Refusal> {
        let wanted = wanted(new.side, new.quantity, new.reduce_only);
        let meeting = self.meet(Incoming {
            account: order.account,
            market,
            side: order.side,
            price: order.price,
            wanted,
            open: order.quantity,
            time_in_force: order.time_in_force,
            self_trade: order.self_trade,
        });
        self.check_funds(&Prospect {
            account: order.account,
            market,
            side: order.side,
            fills: &meeting.fills,
            rests: resting(order.side, order.price, meeting.rests),
            gone: &meeting.canceled,
            fees: OrderFees::new(BalancePrecision::Centicent),
        })
    }

    /// What an order would meet, exactly as the matching engine is going to fill it.
    pub(super) fn meet(&self, order: Incoming) -> Meeting {
        let mut meeting = Meeting::default();
        let (mut wanted, mut open) = (order.wanted, order.open);
        let (mut met_own, mut stopped) = (false, false);
        for maker in self.engine.market(order.market).orders(order.side.opposite()) {
            if wanted.is_zero() || !meets(order.side, order.price, maker.price) {
                break;
            }
            if maker.account == order.account.matching() {
                met_own = true;
                if order.self_trade == SelfTradePrevention::TakerAtCross {
                    stopped = true;
                    break;
                }
                meeting.canceled.push(maker.id);
                continue;
            }
            let quantity = maker.remaining.min(wanted);
            meeting.fills.push((maker.price, quantity));
            wanted -= quantity;
            open -= quantity;
        }
        if order.time_in_force == TimeInForce::FillOrKill && wanted.is_positive() && !met_own {
            return Meeting::default();
        }
        if order.time_in_force == TimeInForce::GoodTillCanceled && !stopped {
            meeting.rests = open;
        }
        meeting
    }

    /// Gives an order its number and its place among the open ones.
    pub(super) fn open_order(&mut self, market: MarketId, order: &PlaceOrder) -> OrderId {
        let (id, now) = (OrderId(self.next.order), self.now);
        self.next.order += 1;
        self.ask_for(id);
        let state = OrderState {
            order: id,
            account: order.account,
            market,
            client_order_id: order.client_order_id.clone(),
            side: order.side,
            price: order.price,
            initial: order.quantity,
            filled: Quantity::ZERO,
            remaining: order.quantity,
            status: OrderStatus::Resting,
            time_in_force: order.time_in_force,
            expiration: order.expiration,
            self_trade: order.self_trade,
            cancel_on_pause: order.cancel_on_pause,
            group: order.group,
            taker_cost: Money::ZERO,
            maker_cost: Money::ZERO,
            taker_fees: Money::ZERO,
            maker_fees: Money::ZERO,
            created: now,
            updated: now,
        };
        self.orders.insert(id, WorkingOrder::new(state, order.post_only));
        self.holders[Self::slot(market)].insert(order.account);
        self.account_mut(order.account)
            .stakes
            .entry(market)
            .or_default()
            .orders
            .push(id);
        self.user_mut(order.account.user).open_orders += 1;
        if order.cancel_on_pause {
            self.canceled_on_pause.insert(id);
        }
        if let Some(expiration) = order.expiration {
            self.wakes.insert((expiration, Wake::Expire(id)));
        }
        if let Some(client_id) = &order.client_order_id {
            self.use_client_id(order.account, client_id);
        }
        id
    }

    /// Takes an order that the engine refused out again.
    fn forget_order(&mut self, order: OrderId) {
        self.finish(
            order,
            OrderStatus::Canceled,
            UpdateReason::UserCancel,
            &mut Vec::new(),
        );
    }

    /// A post-only order that would trade, where the rule is to take it and cancel it.
    pub(super) fn place_and_cancel(
        &mut self,
        market: MarketId,
        order: &PlaceOrder,
        out: &mut Vec<Event>,
    ) -> Reply {
        let id = self.open_order(market, order);
        self.tell_order(id, UpdateReason::Placed, out);
        self.finish(id, OrderStatus::Canceled, UpdateReason::PostOnlyCrossCancel, out);
        self.placed(id)
    }

    /// The answer to an order: as it stands, and what was filled beyond what it had before the command.
    pub(super) fn placed(&self, order: OrderId) -> Reply {
        self.filled_since(order, None)
    }

    /// The answer to an amendment, given the order before it.
    pub(super) fn amended(&self, before: &OrderState) -> Reply {
        self.filled_since(before.order, Some(before))
    }

    fn filled_since(&self, order: OrderId, before: Option<&OrderState>) -> Reply {
        let state = self.state_now(order);
        let (filled, cost, fees) = before.map_or((Quantity::ZERO, Money::ZERO, Money::ZERO), |before| {
            (before.filled, before.taker_cost, before.taker_fees)
        });
        let filled = state.filled - filled;
        let cost = state.taker_cost - cost;
        let notional = match state.side {
            BookSide::Bid => cost,
            BookSide::Ask => Price::ONE * filled - cost,
        };
        Reply::Order {
            filled,
            notional,
            fees: state.taker_fees - fees,
            remained: before.map(|before| before.remaining),
            order: Box::new(state),
        }
    }

    /// Cancels what rests of an order that came in the shadow of a cancel-all, after its answer was made.
    pub(super) fn shadow(&mut self, account: Account, order: OrderId, out: &mut Vec<Event>) {
        let Some((until, subaccount)) = self.user_mut(account.user).shadow else {
            return;
        };
        if self.now >= until {
            self.user_mut(account.user).shadow = None;
        } else if subaccount.is_none_or(|subaccount| subaccount == account.subaccount) {
            self.cancel_order(order, CancelReason::User, out);
        }
    }
}

/// Contracts an order may fill; `position` is given if it may only reduce that.
pub(super) fn wanted(side: BookSide, quantity: Quantity, position: Option<Quantity>) -> Quantity {
    match (position, side) {
        (None, _) => quantity,
        (Some(position), BookSide::Bid) => (-position).clamp(Quantity::ZERO, quantity),
        (Some(position), BookSide::Ask) => position.clamp(Quantity::ZERO, quantity),
    }
}

/// What rests of an order, if anything does.
pub(super) fn resting(side: BookSide, price: Price, remaining: Quantity) -> Option<OpenOrder> {
    remaining.is_positive().then_some(OpenOrder {
        side,
        yes_price: price,
        remaining,
    })
}

fn meets(side: BookSide, price: Price, other: Price) -> bool {
    match side {
        BookSide::Bid => price >= other,
        BookSide::Ask => price <= other,
    }
}

fn check_terms(now: Timestamp, order: &PlaceOrder) -> Result<(), Refusal> {
    if let Some(expiration) = order.expiration {
        if order.time_in_force != TimeInForce::GoodTillCanceled {
            return Err(Refusal::invalid(
                "expiration_time",
                "only a good_till_canceled order expires",
            ));
        }
        if expiration <= now {
            return Err(Refusal::ExpirationPast(expiration));
        }
    }
    if order.reduce_only && order.time_in_force != TimeInForce::ImmediateOrCancel {
        return Err(Refusal::invalid("reduce_only", "only with immediate_or_cancel"));
    }
    Ok(())
}

fn refusal(error: PlaceError, order: &PlaceOrder) -> Refusal {
    match error {
        PlaceError::Group(error) => groups::refusal(error),
        PlaceError::Refused(error) => submit_refusal(error, &order.market),
    }
}

pub(super) fn submit_refusal(error: SubmitError, market: &kmi_domain::Ticker) -> Refusal {
    match error {
        SubmitError::Paused | SubmitError::Closed => Refusal::MarketInactive(market.clone()),
        SubmitError::InvalidPrice { price } => Refusal::InvalidPrice { price },
        SubmitError::InvalidQuantity { quantity } => Refusal::InvalidSize { quantity },
        SubmitError::PostOnlyCross { best, .. } => Refusal::PostOnlyCross { best },
        SubmitError::ExpirationPast { expiration, .. } => Refusal::ExpirationPast(expiration),
        SubmitError::ExpirationNotGoodTillCanceled | SubmitError::ReduceOnlyNotImmediate => {
            Refusal::invalid("time_in_force", &error.to_string())
        }
        SubmitError::DuplicateOrder { order } => Refusal::exists("order", order),
        SubmitError::BookFull => Refusal::TooMany {
            what: "orders in a book".to_owned(),
            limit: u64::from(u32::MAX),
        },
    }
}
