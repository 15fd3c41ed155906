//! Positions and settlements of the exchange's members.

use std::collections::BTreeMap;

use kmi_domain::matching::MarketId;
use kmi_domain::{Money, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::lagged::Follow;
use super::limits::Limits;
use super::page::{Listing, Page, PageRequest};
use super::query::{Era, NonZero, PositionFilter, Settlement, SettlementFilter};
use super::ring::Ring;
use crate::core::{Account, Event, PositionState, SettlementRecord, Subaccount, UserId};

/// A position and whether it was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRecord {
    /// As it stands. Once paid it holds nothing, and what it earned is in `realized`, what payment cost in `fees`.
    pub state: PositionState,
    /// When it was paid.
    pub settled: Option<Timestamp>,
}

/// Positions and settlements by user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct PositionRecords {
    users: BTreeMap<UserId, UserPositions>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct UserPositions {
    positions: BTreeMap<(Subaccount, MarketId), PositionRecord>,
    settlements: Ring<SettlementRecord>,
}

impl Follow for PositionRecords {
    fn wants(event: &Event) -> bool {
        matches!(event, Event::Position(_) | Event::Settlement(_))
    }

    fn follow(&mut self, event: &Event, limits: &Limits) {
        match event {
            Event::Position(state) => self.user(state.account).hold(state.clone()),
            Event::Settlement(settlement) => {
                let most = limits.settlements_per_user.max(1);
                self.user(settlement.position.account).settle(settlement, most);
            }
            _ => {}
        }
    }
}

impl UserPositions {
    fn hold(&mut self, state: PositionState) {
        let key = (state.account.subaccount, state.market);
        self.positions
            .insert(key, PositionRecord { state, settled: None });
    }

    /// A settled position is forgotten with its settlement.
    fn settle(&mut self, settlement: &SettlementRecord, most: usize) {
        let paid = paid(settlement);
        let key = (paid.account.subaccount, paid.market);
        let record = PositionRecord {
            state: paid,
            settled: Some(settlement.time),
        };
        self.positions.insert(key, record);
        let (_, oldest) = self.settlements.push(settlement.clone(), most);
        if let Some(SettlementRecord { position, .. }) = oldest {
            self.positions
                .remove(&(position.account.subaccount, position.market));
        }
    }
}

/// The position after its payment.
fn paid(settlement: &SettlementRecord) -> PositionState {
    let before = &settlement.position;
    PositionState {
        quantity: Quantity::ZERO,
        cost: Money::ZERO,
        realized: before.realized + settlement.revenue + settlement.fee - before.cost,
        fees: before.fees + settlement.fee,
        updated: settlement.time,
        ..before.clone()
    }
}

impl PositionRecords {
    fn user(&mut self, account: Account) -> &mut UserPositions {
        self.users.entry(account.user).or_default()
    }

    /// One position.
    pub(super) fn position(&self, account: Account, market: MarketId) -> Option<&PositionRecord> {
        let user = self.users.get(&account.user)?;
        user.positions.get(&(account.subaccount, market))
    }

    /// All positions that a filter lets through, by market in the order of listing.
    pub(super) fn matching(
        &self,
        filter: &PositionFilter,
        on_shard: impl Fn(&PositionRecord) -> bool,
        cutoff: Timestamp,
    ) -> impl Iterator<Item = &PositionRecord> {
        self.users
            .get(&filter.user)
            .into_iter()
            .flat_map(|user| user.positions.iter())
            .filter(|((subaccount, _), _)| *subaccount == filter.subaccount)
            .map(|(_, record)| record)
            .filter(move |record| filter.lets(record, cutoff) && on_shard(record))
    }

    /// By market in the order of listing.
    pub(super) fn positions(
        &self,
        filter: &PositionFilter,
        on_shard: impl Fn(&PositionRecord) -> bool,
        cutoff: Timestamp,
        page: &PageRequest,
    ) -> Page<&PositionRecord> {
        let listing = filter.listing();
        let after = page.position(listing);
        let rows = self
            .matching(filter, on_shard, cutoff)
            .map(|record| (record.state.market.index() as u64, record))
            .filter(|(key, _)| after.is_none_or(|after| *key > after));
        Page::take(listing, page.limit, rows)
    }

    /// Newest first.
    pub(super) fn settlements(
        &self,
        filter: &SettlementFilter,
        cutoff: Timestamp,
        page: &PageRequest,
    ) -> Page<&SettlementRecord> {
        let end = page.position(Listing::Settlements).unwrap_or(u64::MAX);
        let rows = self
            .users
            .get(&filter.user)
            .into_iter()
            .flat_map(|user| user.settlements.newest_first(end))
            .filter(|(_, settlement)| filter.lets(settlement, cutoff));
        Page::take(Listing::Settlements, page.limit, rows)
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        self.users
            .values()
            .fold((0, 0), |(positions, settlements), user| {
                (
                    positions + user.positions.len(),
                    settlements + user.settlements.len(),
                )
            })
    }
}

impl PositionFilter {
    const fn listing(&self) -> Listing {
        match (self.era, self.settlement) {
            (Era::Historical, _) | (Era::Live, Settlement::Settled) => Listing::Settled,
            (Era::Live, Settlement::Unsettled) => Listing::Unsettled,
            (Era::Live, Settlement::All) => Listing::AllPositions,
        }
    }

    fn lets(&self, record: &PositionRecord, cutoff: Timestamp) -> bool {
        let is_wanted = match (self.era, self.settlement) {
            (Era::Historical, _) | (Era::Live, Settlement::All) => true,
            (Era::Live, Settlement::Settled) => record.settled.is_some(),
            (Era::Live, Settlement::Unsettled) => record.settled.is_none(),
        };
        is_wanted
            && self.era.serves(record.settled, cutoff)
            && self.markets.contains(record.state.market)
            && (self.non_zero.is_empty() || self.non_zero.iter().any(|field| field.of(&record.state)))
    }
}

impl NonZero {
    fn of(self, state: &PositionState) -> bool {
        match self {
            NonZero::Position => !state.quantity.is_zero(),
            NonZero::TotalTraded => !state.traded.is_zero(),
        }
    }
}

impl SettlementFilter {
    /// Those from before the cut-off are on no route; the positions tell.
    fn lets(&self, settlement: &SettlementRecord, cutoff: Timestamp) -> bool {
        let account = settlement.position.account;
        settlement.time >= cutoff
            && self.subaccount.is_none_or(|wanted| wanted == account.subaccount)
            && self.markets.contains(settlement.position.market)
            && self.time.contains(settlement.time)
    }
}
