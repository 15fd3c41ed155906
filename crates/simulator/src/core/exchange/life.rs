//! Time and the house at work: opening, closing, pausing.

use kmi_domain::matching::{self, CancelReason, MarketId, Matcher, OrderId};
use kmi_domain::{MarketStatus, TickGrid, Ticker, Timestamp};

use super::super::command::{Command, Outcome, Reply};
use super::super::event::{Event, Lifecycle};
use super::super::refusal::Refusal;
use super::{Exchange, Wake};

impl Exchange {
    /// Does what is due by `now`, each at its own time, so that a late wake-up changes nothing but when it is told.
    pub(super) fn wake(&mut self, now: Timestamp, out: &mut Vec<Event>) {
        while let Some(&(time, wake)) = self.wakes.first() {
            if time > now {
                break;
            }
            self.wakes.pop_first();
            let at = time.max(self.now);
            self.now = at;
            match wake {
                Wake::Arrive(user, transfer) => self.arrive(at, user, transfer, out),
                Wake::Expire(order) => self.cancel_order(order, CancelReason::Expiry, out),
                Wake::Open(market) => self.open_market(at, market, out),
                Wake::Close(market) => self.close_market(at, market, out),
                Wake::Settle(market) => {
                    self.settle(at, market, out);
                }
            }
        }
    }

    pub(super) fn open_market(&mut self, at: Timestamp, market: MarketId, out: &mut Vec<Event>) {
        if self.market(market).status == MarketStatus::Initialized {
            self.step(at, market, Lifecycle::Opened, out);
        }
    }

    /// Ends trading for good; what rests is canceled.
    pub(super) fn close_market(&mut self, at: Timestamp, market: MarketId, out: &mut Vec<Event>) {
        let state = &mut self.markets[Self::slot(market)];
        if state.status.is_past_close() {
            return;
        }
        state.closed_time = Some(at);
        let (open, close) = (state.spec.open_time, state.spec.close_time);
        self.wakes.remove(&(open, Wake::Open(market)));
        self.wakes.remove(&(close, Wake::Close(market)));
        self.step(at, market, Lifecycle::Closed, out);
        self.stop_orders(market, CancelReason::Close, out, |matcher, events| {
            matcher.close(events);
        });
    }

    /// Cancels an order that may be over already.
    pub(super) fn cancel_order(&mut self, order: OrderId, reason: CancelReason, out: &mut Vec<Event>) {
        let Some(market) = self.order(order).map(|order| order.market) else {
            return;
        };
        if self.tapes.contains_key(&market) {
            self.cancel_on_tape(market, order, reason, out);
            return;
        }
        self.with_market(market, out, |matcher, events| {
            matcher
                .cancel_for(order, reason, events)
                .expect("an order kept as open rests in an open market");
        });
    }

    /// Lets a market's engine close, pause or halt; a tape has none, there the orders concerned are canceled one by one.
    fn stop_orders(
        &mut self,
        market: MarketId,
        reason: CancelReason,
        out: &mut Vec<Event>,
        stop: impl FnOnce(&mut Matcher, &mut Vec<matching::Event>),
    ) {
        self.with_market(market, out, stop);
        if self.tapes.contains_key(&market) {
            for order in self.orders_on_tape(market) {
                if reason != CancelReason::Pause || self.canceled_on_pause.contains(&order) {
                    self.cancel_order(order, reason, out);
                }
            }
        }
    }

    pub(super) fn change_life(&mut self, command: &Command, out: &mut Vec<Event>) -> Outcome {
        match command {
            Command::PauseTrading { until } => {
                self.trading_active = false;
                self.pause(*until, out);
            }
            Command::PauseExchange { until } => {
                self.is_running = false;
                self.pause(*until, out);
            }
            Command::Resume => {
                (self.trading_active, self.is_running) = (true, true);
                self.resume_time = None;
                self.tell_pause(out);
                self.resume_tapes(out);
            }
            Command::Deactivate { market } => self.deactivate(market, out)?,
            Command::Activate { market } => self.activate(market, out)?,
            Command::ChangeCloseTime { market, close_time } => self.change_close(market, *close_time, out)?,
            Command::ChangeGrid {
                market,
                structure,
                grid,
            } => self.change_grid(market, structure, grid, out)?,
            _ => unreachable!("apply sends changes of life only"),
        }
        Ok(Reply::Done)
    }

    /// Tells of a pause, then cancels the orders flagged for it.
    fn pause(&mut self, until: Option<Timestamp>, out: &mut Vec<Event>) {
        self.resume_time = until;
        self.tell_pause(out);
        let flagged: Vec<OrderId> = self.canceled_on_pause.iter().copied().collect();
        for order in flagged {
            self.cancel_order(order, CancelReason::Pause, out);
        }
    }

    fn tell_pause(&self, out: &mut Vec<Event>) {
        out.push(Event::Paused {
            trading_active: self.trading_active(),
            exchange_active: self.is_running,
            until: self.resume_time,
        });
    }

    fn deactivate(&mut self, ticker: &Ticker, out: &mut Vec<Event>) -> Result<(), Refusal> {
        let market = self.find_market(ticker)?;
        if !self.market(market).is_active() {
            return Err(Refusal::MarketInactive(ticker.clone()));
        }
        self.step(self.now, market, Lifecycle::Deactivated, out);
        self.stop_orders(market, CancelReason::Pause, out, |matcher, events| {
            matcher.pause(events);
        });
        Ok(())
    }

    fn activate(&mut self, ticker: &Ticker, out: &mut Vec<Event>) -> Result<(), Refusal> {
        let market = self.find_market(ticker)?;
        if self.market(market).status != MarketStatus::Inactive {
            return Err(Refusal::MarketInactive(ticker.clone()));
        }
        self.stop_orders(market, CancelReason::Halt, out, |matcher, events| {
            matcher.halt(events);
            matcher.resume();
        });
        self.step(self.now, market, Lifecycle::Activated, out);
        self.resume_tape(market, out);
        Ok(())
    }

    fn change_close(
        &mut self,
        ticker: &Ticker,
        close_time: Timestamp,
        out: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        let (market, now) = (self.find_market(ticker)?, self.now);
        let state = &mut self.markets[Self::slot(market)];
        if state.status.is_past_close() {
            return Err(Refusal::MarketInactive(ticker.clone()));
        }
        if close_time <= now || close_time <= state.spec.open_time {
            return Err(Refusal::invalid(
                "close_time",
                "must be later than open_time and now",
            ));
        }
        self.wakes.remove(&(state.spec.close_time, Wake::Close(market)));
        self.wakes.insert((close_time, Wake::Close(market)));
        state.spec.close_time = close_time;
        self.step(now, market, Lifecycle::CloseTimeChanged(close_time), out);
        Ok(())
    }

    fn change_grid(
        &mut self,
        ticker: &Ticker,
        structure: &str,
        grid: &TickGrid,
        out: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        let market = self.find_market(ticker)?;
        let state = &mut self.markets[Self::slot(market)];
        if state.status.is_past_close() {
            return Err(Refusal::MarketInactive(ticker.clone()));
        }
        structure.clone_into(&mut state.spec.price_level_structure);
        state.spec.grid = grid.clone();
        self.with_market(market, out, |matcher, _| matcher.set_grid(grid.clone()));
        self.step(self.now, market, Lifecycle::GridChanged, out);
        Ok(())
    }
}
