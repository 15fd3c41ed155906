//! What the matching engine said, turned into orders, money and events.

use kmi_domain::fees::{FillFee, Role};
use kmi_domain::matching::{self, CancelReason, ExchangeEvent, Fill, MarketId, Matcher, OrderId};
use kmi_domain::position::PositionChange;
use kmi_domain::{BookSide, Money, Price, Quantity};

use super::super::event::{
    CashReason, Event, FillRecord, OrderChange, OrderState, OrderStatus, TradeRecord, UpdateReason,
};
use super::super::ids::Account;
use super::super::market::LastTrade;
use super::super::order::{price_of_gain, tied};
use super::super::spec::ClientOrderIdReuse;
use super::{Exchange, Wake};

/// One side of an execution.
#[derive(Clone, Copy)]
pub(super) struct Execution {
    pub(super) trade: u64,
    pub(super) market: MarketId,
    pub(super) order: OrderId,
    pub(super) side: BookSide,
    /// YES price.
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) role: Role,
    /// Contracts of the order still open.
    pub(super) remaining: Quantity,
}

impl Exchange {
    /// Runs a command on one market's engine and books what came of it.
    pub(super) fn with_market<R>(
        &mut self,
        market: MarketId,
        out: &mut Vec<Event>,
        command: impl FnOnce(&mut Matcher, &mut Vec<matching::Event>) -> R,
    ) -> R {
        let mut said = std::mem::take(&mut self.said);
        let result = self.engine.with_market(self.now, market, &mut said, command);
        self.said = said;
        self.digest(out);
        result
    }

    /// Books what the engine said, in order, then brings what is held up to date.
    pub(super) fn digest(&mut self, out: &mut Vec<Event>) {
        let mut said = std::mem::take(&mut self.said);
        let mut touched = Vec::new();
        let mut cause = None;
        for event in said.drain(..) {
            match event {
                ExchangeEvent::Market(market, event) => {
                    self.digest_market(market, event, &mut cause, &mut touched, out);
                }
                ExchangeEvent::Group(group, event) => {
                    if let Some(owner) = self.groups.get(&group) {
                        out.push(Event::Group {
                            account: owner.account,
                            group,
                            event,
                        });
                    }
                    if event == matching::GroupEvent::Deleted {
                        self.groups.remove(&group);
                    }
                }
            }
        }
        self.said = said;
        self.rehold_all(touched);
    }

    fn digest_market(
        &mut self,
        market: MarketId,
        event: matching::Event,
        cause: &mut Option<OrderId>,
        touched: &mut Vec<(Account, MarketId)>,
        out: &mut Vec<Event>,
    ) {
        match event {
            matching::Event::Accepted { order, .. } => {
                *cause = Some(order);
                self.tell_order(order, UpdateReason::Placed, out);
            }
            matching::Event::Filled(fill) => {
                *cause = Some(fill.taker.order);
                touched.push((Account::of_matching(fill.maker.account), market));
                touched.push((Account::of_matching(fill.taker.account), market));
                self.trade(market, &fill, out);
            }
            matching::Event::Resting { order, remaining, .. } => {
                *cause = Some(order);
                touched.push((self.rest(order, remaining), market));
            }
            matching::Event::Canceled {
                order,
                account,
                reason,
                ..
            } => {
                *cause = Some(order);
                touched.push((Account::of_matching(account), market));
                self.finish(order, OrderStatus::Canceled, update_reason(reason), out);
            }
            matching::Event::Amended {
                order,
                price,
                total,
                remaining,
                ..
            } => {
                *cause = Some(order);
                let working = self
                    .orders
                    .get_mut(&order)
                    .expect("only an open order is amended");
                (working.state.price, working.state.initial) = (price, total);
                working.state.remaining = remaining;
                touched.push((working.state.account, market));
                self.tell_order(order, UpdateReason::Amend, out);
            }
            matching::Event::Decreased { order, remaining, .. } => {
                *cause = Some(order);
                let working = self
                    .orders
                    .get_mut(&order)
                    .expect("only an open order is decreased");
                working.state.remaining = remaining;
                touched.push((working.state.account, market));
                self.tell_order(order, UpdateReason::Decrease, out);
            }
            matching::Event::Level(level) => {
                let clock = &mut self.markets[Self::slot(market)].clock;
                *clock += 1;
                out.push(Event::Level {
                    market,
                    clock: *clock,
                    side: level.side,
                    price: level.price,
                    change: level.change,
                    total: level.total,
                    cause: *cause,
                });
            }
        }
    }

    /// Notes that an order is in the book; returns whose it is.
    fn rest(&mut self, order: OrderId, remaining: Quantity) -> Account {
        let state = &mut self
            .orders
            .get_mut(&order)
            .expect("only an open order rests")
            .state;
        state.remaining = remaining;
        state.account
    }

    fn trade(&mut self, market: MarketId, fill: &Fill, out: &mut Vec<Event>) {
        let trade = self.print(market, fill.price, fill.quantity, fill.taker_side, None, out);
        for (party, side, role) in [
            (&fill.maker, fill.taker_side.opposite(), Role::Maker),
            (&fill.taker, fill.taker_side, Role::Taker),
        ] {
            let execution = Execution {
                trade,
                market,
                order: party.order,
                side,
                price: fill.price,
                quantity: fill.quantity,
                role,
                remaining: party.remaining,
            };
            self.execute(execution, out);
        }
    }

    /// Puts a trade on the tape; returns its number.
    pub(super) fn print(
        &mut self,
        market: MarketId,
        price: Price,
        quantity: Quantity,
        taker_side: BookSide,
        recorded_id: Option<String>,
        out: &mut Vec<Event>,
    ) -> u64 {
        let (number, time) = (self.next.trade, self.now);
        self.next.trade += 1;
        let state = &mut self.markets[Self::slot(market)];
        state.last_trade = Some(LastTrade {
            price,
            quantity,
            time,
        });
        state.volume = grown(state.volume, quantity);
        state.notional = state.notional.saturating_add(price * quantity);
        out.push(Event::Trade(TradeRecord {
            number,
            recorded_id,
            market,
            time,
            price,
            quantity,
            taker_side,
        }));
        number
    }

    /// Books one side of an execution.
    pub(super) fn execute(&mut self, execution: Execution, out: &mut Vec<Event>) {
        let Execution {
            market,
            order,
            side,
            price,
            quantity,
            role,
            ..
        } = execution;
        let fee = self.charge(execution);
        let state = self.order(order).expect("only an open order fills");
        let (account, client_order_id) = (state.account, state.client_order_id.clone());
        let change = self.book(account, market, side, price, quantity, fee.total());
        self.fees += fee.total();
        let is_house = self.accounts[&account].is_house;
        if !is_house {
            out.push(Event::Fill(FillRecord {
                trade: execution.trade,
                account,
                order,
                client_order_id,
                market,
                time: self.now,
                side,
                price,
                quantity,
                is_taker: role == Role::Taker,
                fee_cost: fee.charged(),
                rebate: fee.rebate,
                post_position: self.accounts[&account].position(market),
            }));
        }
        let shard = self.shard_of(market);
        self.pay(account, shard, change.cash - fee.total(), CashReason::Fill, out);
        if !is_house {
            out.push(Event::Position(
                self.accounts[&account].stakes[&market].state(account, market),
            ));
        }
        if execution.remaining.is_zero() {
            self.finish(order, OrderStatus::Executed, UpdateReason::Trade, out);
        } else {
            self.tell_order(order, UpdateReason::Trade, out);
        }
        self.renet(account, self.market(market).event, out);
    }

    /// Charges an order for a fill and notes it there.
    fn charge(&mut self, execution: Execution) -> FillFee {
        let Execution {
            market,
            order,
            side,
            price,
            quantity,
            role,
            remaining,
            ..
        } = execution;
        let market = self.market(market);
        let schedule = market.fees.with_waiver(market.spec.fee_waiver_until, self.now);
        let own_price = price_of_gain(side, price);
        let trade_fee = schedule
            .trade_fee(own_price, quantity, role)
            .expect("orders in markets with an unpublished schedule are refused");
        let working = self.orders.get_mut(&order).expect("only an open order fills");
        let fee = working.fees.charge(-(own_price * quantity), trade_fee);
        let state = &mut working.state;
        state.filled += quantity;
        state.remaining = remaining;
        let (cost, fees) = match role {
            Role::Taker => (&mut state.taker_cost, &mut state.taker_fees),
            Role::Maker => (&mut state.maker_cost, &mut state.maker_fees),
        };
        *cost += own_price * quantity;
        *fees += fee.total();
        fee
    }

    /// Books a fill in a position, open interest and collateral, not in cash.
    pub(super) fn book(
        &mut self,
        account: Account,
        market: MarketId,
        side: BookSide,
        price: Price,
        quantity: Quantity,
        fee: Money,
    ) -> PositionChange {
        let now = self.now;
        self.holders[Self::slot(market)].insert(account);
        let stake = self.account_mut(account).stakes.entry(market).or_default();
        let long = |quantity: Quantity| quantity.max(Quantity::ZERO);
        let before = long(stake.position.quantity());
        let change = stake.position.apply(side, price, quantity, fee);
        let after = long(stake.position.quantity());
        stake.traded = stake
            .traded
            .saturating_add(price_of_gain(side, price) * change.opened);
        stake.volume = grown(stake.volume, quantity);
        stake.updated = Some(now);
        self.markets[Self::slot(market)].open_interest += after - before;
        self.collateral -= change.cash;
        change
    }

    /// Ends an order.
    pub(super) fn finish(
        &mut self,
        order: OrderId,
        status: OrderStatus,
        reason: UpdateReason,
        out: &mut Vec<Event>,
    ) {
        let mut working = self.orders.remove(&order).expect("an order ends once");
        let (now, reuse) = (self.now, self.rules.client_order_id_reuse);
        let state = &mut working.state;
        state.status = status;
        state.remaining = Quantity::ZERO;
        state.updated = now;
        if let Some(expiration) = state.expiration {
            self.wakes.remove(&(expiration, Wake::Expire(order)));
        }
        if state.cancel_on_pause {
            self.canceled_on_pause.remove(&order);
        }
        let account = self.account_mut(state.account);
        let is_house = account.is_house;
        if let Some(stake) = account.stakes.get_mut(&state.market) {
            stake.orders.retain(|other| *other != order);
        }
        let user = self.user_mut(state.account.user);
        user.open_orders -= 1;
        if let (Some(id), ClientOrderIdReuse::AfterClose) = (&state.client_order_id, reuse) {
            user.client_order_ids.release(id);
        }
        if let Some((asked, ended)) = &mut self.asked
            && *asked == order
        {
            *ended = Some(working.state.clone());
        }
        if !is_house {
            out.push(Event::Order(OrderChange {
                order: working.state,
                reason,
            }));
        }
    }

    /// Tells its owner of an order.
    pub(super) fn tell_order(&mut self, order: OrderId, reason: UpdateReason, out: &mut Vec<Event>) {
        let working = self
            .orders
            .get_mut(&order)
            .expect("only an open order is told of");
        working.state.updated = self.now;
        if !self.accounts[&working.state.account].is_house {
            out.push(Event::Order(OrderChange {
                order: working.state.clone(),
                reason,
            }));
        }
    }

    pub(super) fn rehold_all(&mut self, mut touched: Vec<(Account, MarketId)>) {
        touched.sort_unstable();
        touched.dedup();
        for (account, market) in &touched {
            self.rehold(*account, *market);
        }
        for (account, market) in touched {
            let free = self.accounts[&account].free(self.shard_of(market));
            debug_assert!(!free.is_negative(), "{account:?} has {free} free");
        }
    }

    /// Brings what is held for an account's orders in a market up to date.
    pub(super) fn rehold(&mut self, account: Account, market: MarketId) {
        let (event, shard) = (self.market(market).event, self.shard_of(market));
        let Some(stake) = self.accounts[&account].stakes.get(&market) else {
            return;
        };
        let now_tied = tied(
            stake.position.quantity(),
            &self.open_of(stake, &[]),
            self.market(market).fees,
        );
        let owner = self.account_mut(account);
        let mut net = owner.net(event);
        let stake = owner.stakes.get_mut(&market).expect("just seen");
        net.tied.covered += now_tied.covered - stake.tied.covered;
        net.tied.uncovered += now_tied.uncovered - stake.tied.uncovered;
        stake.tied = now_tied;
        owner.set_net(event, shard, net);
    }

    /// Notes that the command is about this order, so that [`Exchange::state_now`] knows it even when it ended.
    pub(super) fn ask_for(&mut self, order: OrderId) {
        self.asked = Some((order, None));
    }

    /// The order that the command is about, in the book or ended.
    pub(super) fn state_now(&self, order: OrderId) -> OrderState {
        let ended = || self.asked.as_ref().and_then(|(_, ended)| ended.as_ref());
        self.order(order)
            .or_else(ended)
            .cloned()
            .expect("an order asked for is in the book or ended in this command")
    }
}

pub(super) const fn update_reason(reason: CancelReason) -> UpdateReason {
    match reason {
        CancelReason::User => UpdateReason::UserCancel,
        CancelReason::ImmediateRemainder | CancelReason::FillOrKill => UpdateReason::ImmediateCancel,
        CancelReason::SelfTrade => UpdateReason::SelfTradeCancel,
        CancelReason::Expiry => UpdateReason::ExpiryCancel,
        CancelReason::Pause => UpdateReason::PauseCancel,
        CancelReason::Halt => UpdateReason::HaltCancel,
        CancelReason::Close => UpdateReason::CloseCancel,
        CancelReason::Group => UpdateReason::GroupCancel,
        CancelReason::ReduceOnly => UpdateReason::ReduceOnlyCancel,
    }
}

/// Contracts traded, ever. They end where a dollar for each would no longer be told as [`Money`]: nine trillion.
fn grown(volume: Quantity, by: Quantity) -> Quantity {
    const MOST: Quantity = Quantity::from_units(i64::MAX / 10_000);
    volume.saturating_add(by).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_stops_growing_where_its_dollars_would_wrap() {
        let most = grown(Quantity::from_units(922_337_203_685_000), Quantity::MAX);
        assert_eq!(most, Quantity::from_units(922_337_203_685_477));
        assert_eq!(Price::ONE * most, "9223372036854.77".parse().unwrap());
        assert_eq!(grown(Quantity::ONE, Quantity::ONE), Quantity::from_contracts(2));
    }
}
