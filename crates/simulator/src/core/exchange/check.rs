//! What is always true, for tests to look at.

use std::collections::BTreeMap;

use kmi_domain::matching::MarketId;
use kmi_domain::{BookSide, Money, Quantity};

use super::super::account::Net;
use super::super::ids::Shard;
use super::super::order::tied;
use super::Exchange;
use super::tape::Tape;

impl Exchange {
    /// Recomputes everything that is kept up to date bit by bit. Walks all of the exchange.
    ///
    /// # Errors
    /// The first thing found wrong, in words.
    pub fn check_invariants(&self) -> Result<(), String> {
        let ledger = self.ledger();
        expect(ledger.total == ledger.deposits, || {
            format!("money was made or lost: {ledger:?}")
        })?;
        self.check_money()?;
        self.check_accounts()?;
        for market in &self.markets {
            self.check_market(market.id)?;
        }
        let matched: usize = self
            .engine
            .markets()
            .map(kmi_domain::matching::Matcher::order_count)
            .sum();
        let resting = matched + self.tapes.values().map(Tape::order_count).sum::<usize>();
        expect(resting == self.orders.len(), || {
            format!("{resting} orders rest, {} are open", self.orders.len())
        })?;
        let counted: u32 = self.users.iter().map(|user| user.open_orders).sum();
        expect(counted as usize == resting, || {
            format!("{resting} orders rest, users count {counted}")
        })
    }

    /// Whether all accounts have cash for what is held, in whole steps of the balance's precision. Walks the accounts.
    ///
    /// # Errors
    /// The first that has not, in words.
    pub fn check_money(&self) -> Result<(), String> {
        for (account, state) in &self.accounts {
            for shard in Shard::ALL {
                let (cash, free) = (state.cash(shard), state.free(shard));
                expect(!free.is_negative(), || {
                    format!("{account:?} has {free} free on {shard:?}")
                })?;
                expect(cash == cash.floor_to(Money::CENTICENT), || {
                    format!("{account:?} has {cash}")
                })?;
            }
        }
        Ok(())
    }

    fn check_accounts(&self) -> Result<(), String> {
        let mut advanced = Money::ZERO;
        for (account, state) in &self.accounts {
            let mut nets: BTreeMap<u32, Net> = BTreeMap::new();
            for (market, stake) in &state.stakes {
                let known = self.market(*market);
                let now = tied(stake.position.quantity(), &self.open_of(stake, &[]), known.fees);
                expect(now == stake.tied, || {
                    format!("{account:?} in {market:?}: {now:?} ≠ {:?}", stake.tied)
                })?;
                let net = nets.entry(known.event).or_default();
                net.tied.covered += now.covered;
                net.tied.uncovered += now.uncovered;
            }
            for event in state.nets.keys() {
                nets.entry(*event).or_default();
            }
            let mut held = [Money::ZERO; 4];
            for (event, mut net) in nets {
                net.advanced = self.guaranteed(state, event, None);
                advanced += net.advanced;
                expect(net == state.net(event), || {
                    format!("{account:?}: {net:?} ≠ {:?}", state.net(event))
                })?;
                held[usize::from(self.events[event as usize].shard.index())] += net.held();
            }
            expect(held == state.held, || {
                format!("{account:?} holds {:?}, needs {held:?}", state.held)
            })?;
        }
        expect(advanced == self.advanced, || {
            format!("advanced {advanced}, kept {}", self.advanced)
        })
    }

    fn check_market(&self, market: MarketId) -> Result<(), String> {
        let holders = &self.holders[Self::slot(market)];
        let held = |account| self.accounts[account].position(market);
        let sum: Quantity = holders.iter().map(held).sum();
        expect(sum.is_zero(), || {
            format!("positions in {market:?} add up to {sum}")
        })?;
        let long: Quantity = holders
            .iter()
            .map(|account| held(account).max(Quantity::ZERO))
            .sum();
        let open_interest = self.market(market).open_interest;
        expect(long == open_interest, || {
            format!("{market:?}: {long} held, {open_interest} open")
        })?;
        let matcher = self.engine.market(market);
        for side in [BookSide::Bid, BookSide::Ask] {
            let shown: Quantity = matcher.levels(side).map(|level| level.quantity).sum();
            let orders = matcher.orders(side).filter_map(|order| self.order(order.id));
            let open: Quantity = orders.map(|order| order.remaining).sum();
            expect(shown == open, || {
                format!("{market:?} shows {shown}, orders come to {open}")
            })?;
        }
        Ok(())
    }
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
