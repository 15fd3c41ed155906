//! Amending, decreasing and canceling orders.

use kmi_domain::Quantity;
use kmi_domain::exposure::OpenOrder;
use kmi_domain::matching::{
    self, AmendError, Amendment, CancelError, CancelReason, ExpirationChange, MarketId, OrderId, TimeInForce,
};

use super::super::command::{
    AmendOrder, CancelAll, CancelOrder, Decrease, DecreaseOrder, Outcome, Reply, Route,
};
use super::super::event::Event;
use super::super::ids::Account;
use super::super::order::WorkingOrder;
use super::super::refusal::Refusal;
use super::super::spec::ClientOrderIdReuse;
use super::money::Prospect;
use super::place::{Incoming, Meeting, submit_refusal};
use super::{Exchange, Wake};

impl Exchange {
    pub(super) fn amend(&mut self, amendment: &AmendOrder, out: &mut Vec<Event>) -> Outcome {
        let market = self.check_amend(amendment)?;
        if self.tapes.contains_key(&market) {
            return self.amend_on_tape(market, amendment, out);
        }
        let working = &self.orders[&amendment.order];
        let remaining = amendment.total - working.state.filled;
        if !remaining.is_positive() {
            return Err(Refusal::InvalidSize {
                quantity: amendment.total,
            });
        }
        let moved = amendment.price != working.state.price;
        if moved
            && working.post_only
            && let Some(best) = self.crossed(market, working.state.side, amendment.price)
        {
            return Err(Refusal::PostOnlyCross { best });
        }
        self.check_amending_funds(market, working, amendment, moved)?;
        let before = working.state.clone();
        self.ask_for(amendment.order);
        self.rename(amendment);
        self.change_expiration(amendment);
        let change = Amendment {
            price: amendment.price,
            total: amendment.total,
            expiration: match amendment.expiration {
                None => ExpirationChange::Keep,
                Some(None) => ExpirationChange::Clear,
                Some(Some(time)) => ExpirationChange::At(time),
            },
        };
        let mut said = std::mem::take(&mut self.said);
        let amended = self
            .engine
            .amend(self.now, market, amendment.order, change, &mut said);
        self.said = said;
        self.digest(out);
        amended.map_err(|error| amend_refusal(error, amendment))?;
        Ok(self.amended(&before))
    }

    fn check_amend(&self, amendment: &AmendOrder) -> Result<MarketId, Refusal> {
        self.check_trading()?;
        self.find_account(amendment.account)?;
        let market = self.find_market(&amendment.market)?;
        if !self.market(market).is_active() {
            return Err(Refusal::MarketInactive(amendment.market.clone()));
        }
        let state = &self.own_order(amendment.account, amendment.order)?.state;
        if state.market != market {
            return Err(Refusal::TickerMismatch);
        }
        if state.side != amendment.side {
            return Err(Refusal::SideMismatch);
        }
        if amendment.client_order_id.is_some() && amendment.client_order_id != state.client_order_id {
            return Err(Refusal::ClientOrderIdMismatch);
        }
        if let Some(id) = &amendment.updated_client_order_id
            && state.client_order_id.as_ref() != Some(id)
        {
            self.check_client_id(amendment.account, id)?;
        }
        self.check_limit(market, amendment.price, amendment.total)?;
        match amendment.expiration.flatten() {
            Some(time) if time <= self.now => Err(Refusal::ExpirationPast(time)),
            _ => Ok(market),
        }
    }

    fn check_amending_funds(
        &self,
        market: MarketId,
        working: &WorkingOrder,
        amendment: &AmendOrder,
        moved: bool,
    ) -> Result<(), Refusal> {
        let state = &working.state;
        let remaining = amendment.total - state.filled;
        let mut meeting = if moved {
            self.meet(Incoming {
                account: state.account,
                market,
                side: state.side,
                price: amendment.price,
                wanted: remaining,
                open: remaining,
                time_in_force: TimeInForce::GoodTillCanceled,
                self_trade: state.self_trade,
            })
        } else {
            Meeting {
                rests: remaining,
                ..Meeting::default()
            }
        };
        meeting.canceled.push(state.order);
        self.check_funds(&Prospect {
            account: state.account,
            market,
            side: state.side,
            fills: &meeting.fills,
            rests: meeting.rests.is_positive().then_some(OpenOrder {
                side: state.side,
                yes_price: amendment.price,
                remaining: meeting.rests,
            }),
            gone: &meeting.canceled,
            fees: working.fees,
        })
    }

    /// Gives an amended order its new client id.
    pub(super) fn rename(&mut self, amendment: &AmendOrder) {
        let Some(new) = &amendment.updated_client_order_id else {
            return;
        };
        let state = &mut self.orders.get_mut(&amendment.order).expect("just checked").state;
        if state.client_order_id.as_ref() == Some(new) {
            return;
        }
        let old = state.client_order_id.replace(new.clone());
        if let (Some(old), ClientOrderIdReuse::AfterClose) = (old, self.rules.client_order_id_reuse) {
            self.user_mut(amendment.account.user)
                .client_order_ids
                .release(&old);
        }
        self.use_client_id(amendment.account, new);
    }

    pub(super) fn change_expiration(&mut self, amendment: &AmendOrder) {
        let Some(expiration) = amendment.expiration else {
            return;
        };
        let state = &mut self.orders.get_mut(&amendment.order).expect("just checked").state;
        let old = std::mem::replace(&mut state.expiration, expiration);
        if let Some(time) = old {
            self.wakes.remove(&(time, Wake::Expire(amendment.order)));
        }
        if let Some(time) = expiration {
            self.wakes.insert((time, Wake::Expire(amendment.order)));
        }
    }

    pub(super) fn decrease(&mut self, decrease: &DecreaseOrder, out: &mut Vec<Event>) -> Outcome {
        let market = self.route(decrease.account, decrease.order, &decrease.route)?;
        let how = match decrease.decrease {
            Decrease::By(quantity) => matching::Decrease::By(quantity),
            Decrease::To(quantity) => matching::Decrease::To(quantity),
        };
        let (Decrease::By(asked) | Decrease::To(asked)) = decrease.decrease;
        if asked.is_negative() || (decrease.decrease == Decrease::By(Quantity::ZERO)) {
            return Err(Refusal::InvalidSize { quantity: asked });
        }
        self.ask_for(decrease.order);
        if self.tapes.contains_key(&market) {
            return self.decrease_on_tape(market, decrease, out);
        }
        let by = self
            .with_market(market, out, |matcher, events| {
                matcher.decrease(decrease.order, how, events)
            })
            .map_err(|error| match error {
                CancelError::NotResting { order } => Refusal::UnknownOrder(order),
                CancelError::Closed => Refusal::MarketInactive(self.market(market).spec.ticker.clone()),
                CancelError::NotSmaller { to, .. } => Refusal::InvalidSize { quantity: to },
            })?;
        Ok(self.reduced(decrease.order, by))
    }

    pub(super) fn cancel(&mut self, cancel: &CancelOrder, out: &mut Vec<Event>) -> Outcome {
        self.route(cancel.account, cancel.order, &cancel.route)?;
        let by = self.orders[&cancel.order].state.remaining;
        self.ask_for(cancel.order);
        self.cancel_order(cancel.order, CancelReason::User, out);
        Ok(self.reduced(cancel.order, by))
    }

    pub(super) fn reduced(&self, order: OrderId, by: Quantity) -> Reply {
        Reply::Reduced {
            order: Box::new(self.state_now(order)),
            by,
        }
    }

    pub(super) fn cancel_all(&mut self, cancel: CancelAll, out: &mut Vec<Event>) -> Outcome {
        self.check_exchange()?;
        self.find_user(cancel.user)?;
        let orders: Vec<OrderId> = self
            .open_orders(cancel.user)
            .into_iter()
            .filter(|order| {
                cancel
                    .subaccount
                    .is_none_or(|subaccount| order.account.subaccount == subaccount)
            })
            .map(|order| order.order)
            .collect();
        for order in &orders {
            self.cancel_order(*order, CancelReason::User, out);
        }
        if self.rules.cancel_all_shadow_s > 0 {
            let until = self.now.plus_seconds(i64::from(self.rules.cancel_all_shadow_s));
            self.user_mut(cancel.user).shadow = Some((until, cancel.subaccount));
        }
        Ok(Reply::Canceled(u32::try_from(orders.len()).unwrap_or(u32::MAX)))
    }

    fn own_order(&self, account: Account, order: OrderId) -> Result<&WorkingOrder, Refusal> {
        self.orders
            .get(&order)
            .filter(|working| working.state.account == account)
            .ok_or(Refusal::UnknownOrder(order))
    }

    /// Finds an own order where the client looks for it; returns its market.
    fn route(&self, account: Account, order: OrderId, route: &Route) -> Result<MarketId, Refusal> {
        self.check_exchange()?;
        self.find_account(account)?;
        let (shard, named) = match route {
            Route::Shard(shard) => (*shard, None),
            Route::Market(ticker) => {
                let market = self.find_market(ticker)?;
                if self.market(market).status.is_past_close() {
                    return Err(Refusal::MarketInactive(ticker.clone()));
                }
                (self.shard_of(market), Some(market))
            }
        };
        let market = self.own_order(account, order)?.state.market;
        if self.shard_of(market) != shard {
            return Err(Refusal::UnknownOrder(order));
        }
        if named.is_some_and(|named| named != market) {
            return Err(Refusal::TickerMismatch);
        }
        Ok(market)
    }
}

fn amend_refusal(error: AmendError, amendment: &AmendOrder) -> Refusal {
    match error {
        AmendError::NotResting { order } => Refusal::UnknownOrder(order),
        AmendError::NothingLeft { total, .. } => Refusal::InvalidSize { quantity: total },
        AmendError::Refused(error) => submit_refusal(error, &amendment.market),
    }
}
