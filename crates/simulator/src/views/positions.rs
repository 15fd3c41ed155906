//! Positions and settlements of a member.

use std::collections::BTreeMap;

use kmi_domain::matching::MarketId;
use kmi_domain::{EventTicker, MarketResult, Money, Quantity, Side};
use kmi_kalshi::api::portfolio::{
    EventPosition, MarketPosition, PositionsPage, Settlement, SettlementResult, SettlementsPage,
};

use super::{Views, parts};
use crate::core::{PositionState, SettlementRecord};
use crate::records::PageRequest;
use crate::records::query::{PositionFilter, SettlementFilter};

impl Views<'_> {
    /// A position in a market.
    pub fn position(&self, position: &PositionState) -> MarketPosition {
        MarketPosition {
            ticker: self.ticker_of(position.market).clone(),
            exchange_index: self.shard_index(position.market),
            total_traded_dollars: position.traded,
            position_fp: position.quantity,
            market_exposure_dollars: position.cost,
            realized_pnl_dollars: position.realized,
            fees_paid_dollars: position.fees,
            last_updated_ts: position.updated,
        }
    }

    /// `GET /portfolio/positions` and `GET /historical/positions`, by market in the order of listing. An event's sums go over
    /// all its positions that the filter lets through and stand on the page that has the first of them, so that over all
    /// pages each event comes once.
    pub fn positions(&self, filter: &PositionFilter, page: &PageRequest) -> PositionsPage {
        let sums = self.event_sums(filter);
        let page = self.records.positions(self.now, filter, page);
        let firsts = page.items.iter().map(|record| record.state.market);
        let event_positions = firsts
            .filter_map(|market| {
                let event = &self.exchange.market(market).spec.event;
                sums.get(event).filter(|(first, _)| *first == market)
            })
            .map(|(_, sum)| sum.clone())
            .collect();
        let (market_positions, cursor) = parts(page.map(|record| self.position(&record.state)));
        PositionsPage {
            cursor,
            market_positions,
            event_positions,
        }
    }

    /// By event: its first position's market, and the sums.
    fn event_sums(&self, filter: &PositionFilter) -> BTreeMap<EventTicker, (MarketId, EventPosition)> {
        let mut sums = BTreeMap::new();
        for record in self.records.all_positions(self.now, filter) {
            let position = &record.state;
            let event = &self.exchange.market(position.market).spec.event;
            let (_, sum) = sums
                .entry(event.clone())
                .or_insert_with(|| (position.market, nothing_in(event)));
            sum.total_cost_dollars += position.traded;
            sum.total_cost_shares_fp += position.volume;
            sum.event_exposure_dollars += position.cost;
            sum.realized_pnl_dollars += position.realized;
            sum.fees_paid_dollars += position.fees;
        }
        sums
    }

    /// A position that was paid.
    pub fn settlement(&self, settlement: &SettlementRecord) -> Settlement {
        let position = &settlement.position;
        let held = |side: Side| {
            let is_held = match side {
                Side::Yes => position.quantity.is_positive(),
                Side::No => position.quantity.is_negative(),
            };
            if is_held {
                (position.quantity.abs(), position.cost)
            } else {
                (Quantity::ZERO, Money::ZERO)
            }
        };
        let ((yes_count_fp, yes_total_cost_dollars), (no_count_fp, no_total_cost_dollars)) =
            (held(Side::Yes), held(Side::No));
        Settlement {
            ticker: self.ticker_of(position.market).clone(),
            exchange_index: self.shard_index(position.market),
            event_ticker: self.exchange.market(position.market).spec.event.clone(),
            market_result: result_word(settlement.result),
            yes_count_fp,
            yes_total_cost_dollars,
            no_count_fp,
            no_total_cost_dollars,
            revenue: settlement.revenue,
            settled_time: settlement.time,
            fee_cost: position.fees + settlement.fee,
            value: Some(settlement.result.payout(Side::Yes).per_contract()),
        }
    }

    /// `GET /portfolio/settlements`, newest first.
    pub fn settlements(&self, filter: &SettlementFilter, page: &PageRequest) -> SettlementsPage {
        let page = self.records.settlements(self.now, filter, page);
        let (settlements, cursor) = parts(page.map(|settlement| self.settlement(settlement)));
        SettlementsPage { settlements, cursor }
    }
}

fn nothing_in(event: &EventTicker) -> EventPosition {
    EventPosition {
        event_ticker: event.clone(),
        total_cost_dollars: Money::ZERO,
        total_cost_shares_fp: Quantity::ZERO,
        event_exposure_dollars: Money::ZERO,
        realized_pnl_dollars: Money::ZERO,
        fees_paid_dollars: Money::ZERO,
    }
}

const fn result_word(result: MarketResult) -> SettlementResult {
    match result {
        MarketResult::Yes => SettlementResult::Yes,
        MarketResult::No => SettlementResult::No,
        MarketResult::Scalar(_) => SettlementResult::Scalar,
    }
}
