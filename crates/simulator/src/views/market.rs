//! One market.

use kmi_domain::matching::MarketId;
use kmi_domain::{Money, Price};
use kmi_kalshi::api::ExchangeIndex;
use kmi_kalshi::api::market::{Market, StrikeTypeWord};

use super::Views;
use crate::core::MarketState;

impl Views<'_> {
    /// A market, live or historical.
    pub fn market(&self, market: MarketId) -> Market {
        let state = self.exchange.market(market);
        let mut body = self.described(state);
        let quote = |level: Option<kmi_domain::Level>| level.map(|level| (level.price, level.quantity));
        body.set_quotes(
            quote(self.exchange.best_bid(market)),
            quote(self.exchange.best_ask(market)),
        );
        body.set_grid(&state.spec.grid, Some(&state.spec.price_level_structure));
        body.set_result(state.result);
        self.tell_trading(state, &mut body);
        body
    }

    /// What was written when it was listed or changed.
    fn described(&self, state: &MarketState) -> Market {
        let spec = &state.spec;
        let title = self
            .exchange
            .event(&spec.event)
            .map(|event| event.spec.title.clone());
        let bound = |bound: Option<f64>| bound.map(|bound| bound.to_string());
        Market {
            title,
            yes_sub_title: spec.yes_sub_title.clone(),
            no_sub_title: spec.no_sub_title.clone(),
            created_time: Some(state.created),
            updated_time: Some(state.updated),
            open_time: Some(spec.open_time),
            close_time: Some(spec.close_time),
            expected_expiration_time: Some(spec.expected_expiration_time),
            expiration_time: Some(spec.latest_expiration_time),
            latest_expiration_time: Some(spec.latest_expiration_time),
            settlement_timer_seconds: i64::from(spec.settlement_timer_s),
            settlement_ts: state.settled_time,
            can_close_early: spec.can_close_early,
            fee_waiver_expiration_time: spec.fee_waiver_until,
            strike_type: (!spec.strike.kind.is_empty())
                .then(|| StrikeTypeWord::from(spec.strike.kind.as_str())),
            floor_strike: bound(spec.strike.floor),
            cap_strike: bound(spec.strike.cap),
            rules_primary: spec.rules_primary.clone(),
            rules_secondary: spec.rules_secondary.clone(),
            exchange_index: ExchangeIndex::from(state.shard.index()),
            // Gone since 2026-10-01, but a widespread client does not take a market without it.
            liquidity_dollars: Some(Money::ZERO),
            ..Market::blank(spec.ticker.clone(), spec.event.clone(), state.status.into())
        }
    }

    fn tell_trading(&self, state: &MarketState, body: &mut Market) {
        let day_ago = self.records.day_ago(state.id, self.now);
        body.last_price_dollars = state.last_trade.map_or(Price::ZERO, |trade| trade.price);
        body.volume_fp = state.volume;
        body.volume_24h_fp = self.records.volume_24h(state.id, self.now);
        body.open_interest_fp = state.open_interest;
        body.previous_yes_bid_dollars = day_ago.touch.bid;
        body.previous_yes_ask_dollars = day_ago.touch.ask;
        body.previous_price_dollars = day_ago.last.unwrap_or(Price::ZERO);
    }
}
