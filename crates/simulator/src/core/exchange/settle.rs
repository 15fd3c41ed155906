//! Results and their payment.

use kmi_domain::fees::{BalancePrecision, settlement_fee};
use kmi_domain::matching::MarketId;
use kmi_domain::{CollateralReturn, MarketResult, MarketStatus, Price, Quantity, Side, Ticker, Timestamp};

use super::super::command::{Outcome, Payment, Reply};
use super::super::event::{CashReason, Event, Lifecycle, PositionState, SettlementRecord};
use super::super::ids::Account;
use super::super::refusal::Refusal;
use super::{Exchange, Wake};

impl Exchange {
    pub(super) fn determine(
        &mut self,
        ticker: &Ticker,
        result: MarketResult,
        payment: Payment,
        out: &mut Vec<Event>,
    ) -> Outcome {
        let (market, now) = (self.find_market(ticker)?, self.now);
        self.check_result(market, result)?;
        self.close_market(now, market, out);
        let state = &mut self.markets[Self::slot(market)];
        state.result = Some(result);
        state.determined_time = Some(now);
        let timer_s = i64::from(state.spec.settlement_timer_s);
        self.step(now, market, Lifecycle::Determined(result), out);
        match payment {
            Payment::Now => Ok(Reply::Settled(self.settle(now, market, out))),
            Payment::AfterTimer => {
                self.wakes
                    .insert((now.plus_seconds(timer_s), Wake::Settle(market)));
                Ok(Reply::Done)
            }
        }
    }

    /// Refuses a second result, and one that contradicts what netting relies on.
    fn check_result(&self, market: MarketId, result: MarketResult) -> Result<(), Refusal> {
        let state = self.market(market);
        let invalid = |rule: &str| Refusal::InvalidResult {
            market: state.spec.ticker.clone(),
            rule: rule.to_owned(),
        };
        if state.result.is_some() {
            return Err(invalid("it has its result"));
        }
        let event = self.event_of(market);
        let value = result.payout(Side::Yes);
        if event.is_netted() && !value.units().is_multiple_of(100) {
            return Err(invalid(
                "a scalar result of an event with netting is a whole cent",
            ));
        }
        let known = |other: &MarketId| {
            let result = if *other == market {
                Some(result)
            } else {
                self.market(*other).result
            };
            result.map(|result| result.payout(Side::Yes))
        };
        match event.spec.collateral_return {
            CollateralReturn::None => Ok(()),
            CollateralReturn::Mecnet => {
                let sum: u32 = event
                    .markets
                    .iter()
                    .filter_map(known)
                    .map(|value| u32::from(value.units()))
                    .sum();
                if sum > u32::from(Price::ONE.units()) {
                    return Err(invalid("the markets of its event exclude each other"));
                }
                Ok(())
            }
            CollateralReturn::Direcnet => {
                let values: Vec<Price> = event.thresholds.iter().filter_map(known).collect();
                if !values.is_sorted_by(|easier, harder| easier >= harder) {
                    return Err(invalid(
                        "a harder threshold of its event cannot pay more than an easier one",
                    ));
                }
                Ok(())
            }
        }
    }

    /// Pays a market's result; returns the positions paid.
    pub(super) fn settle(
        &mut self,
        at: Timestamp,
        market: MarketId,
        out: &mut Vec<Event>,
    ) -> Vec<PositionState> {
        let state = &mut self.markets[Self::slot(market)];
        let result = state.result.expect("a market is paid after it was determined");
        if state.status == MarketStatus::Finalized {
            return Vec::new();
        }
        state.settled_time = Some(at);
        self.step(at, market, Lifecycle::Settled(result), out);
        let holders = std::mem::take(&mut self.holders[Self::slot(market)]);
        let paid = holders
            .into_iter()
            .filter_map(|account| self.settle_account(at, account, market, result, out))
            .collect();
        self.markets[Self::slot(market)].open_interest = Quantity::ZERO;
        self.close_tape(market);
        self.renet_event(market, out);
        paid
    }

    /// Pays an account what it holds; returns that, if anything.
    fn settle_account(
        &mut self,
        at: Timestamp,
        account: Account,
        market: MarketId,
        result: MarketResult,
        out: &mut Vec<Event>,
    ) -> Option<PositionState> {
        let (event, shard) = (self.market(market).event, self.shard_of(market));
        let owner = self.account_mut(account);
        let mut stake = owner.stakes.remove(&market)?;
        let is_house = owner.is_house;
        let position = stake.state(account, market);
        let payout = stake.position.settle(result, kmi_domain::Money::ZERO).cash;
        let fee = settlement_fee(payout, BalancePrecision::Centicent);
        if !position.quantity.is_zero() {
            self.collateral -= payout;
            self.fees += fee;
            self.pay(account, shard, payout - fee, CashReason::Settlement, out);
        }
        if !is_house && position.volume.is_positive() {
            out.push(Event::Settlement(SettlementRecord {
                position: position.clone(),
                result,
                revenue: payout - fee,
                fee,
                time: at,
            }));
        }
        self.renet(account, event, out);
        (!position.quantity.is_zero()).then_some(position)
    }

    /// A result tells something of the event's other markets: what holders of those are sure to get may have grown.
    fn renet_event(&mut self, market: MarketId, out: &mut Vec<Event>) {
        let event = self.event_of(market);
        if !event.is_netted() {
            return;
        }
        let number = self.market(market).event;
        let mut accounts: Vec<Account> = event
            .markets
            .iter()
            .flat_map(|market| self.holders[Self::slot(*market)].iter().copied())
            .collect();
        accounts.sort_unstable();
        accounts.dedup();
        for account in accounts {
            self.renet(account, number, out);
        }
    }
}
