//! Markets and events that come, change and go, as the stream tells it.

use std::sync::Arc;

use kmi_domain::{EventTicker, MarketStatus, Timestamp};
use kmi_kalshi::api::event::Event;
use kmi_kalshi::api::market::{Market, PriceRange, ResultWord, StrikeTypeWord};
use kmi_kalshi::api::series::FeeTypeWord;
use kmi_kalshi::ws::Body;
use kmi_kalshi::ws::message::{EventFeeUpdate, LifecycleEvent, MarketLifecycle};

use super::{Board, FollowUp, MarketId, search};
use crate::hub::Happening;

impl Board {
    /// Takes what happened to a market or event in the exchange's own words: applies what it tells, tells the words and the market as it
    /// is then, and says what is to be asked for because the words do not tell all.
    pub fn take_lifecycle(&self, body: Body, at: Timestamp) -> FollowUp {
        self.inner.pulse.hear(at);
        let _turn = self.write(at);
        let (market, follow_up) = match &body {
            Body::MarketLifecycle(told) | Body::MultivariateMarketLifecycle(told) => {
                let id = self.number(&mut told.market_ticker.clone());
                (Some(id), self.apply_to_market(id, told, at))
            }
            Body::EventLifecycle(told) => (None, self.ask_for_event(&told.event_ticker)),
            Body::EventFeeUpdate(told) => (None, self.apply_fees(told)),
            _ => (None, FollowUp::Nothing),
        };
        self.inner
            .hub
            .append(at, market, Happening::Lifecycle(Box::new(body)));
        if let Some(id) = market
            && follow_up == FollowUp::Nothing
        {
            self.tell(self.inner.catalogue.read().market(id));
        }
        follow_up
    }

    fn apply_to_market(&self, id: MarketId, told: &MarketLifecycle, at: Timestamp) -> FollowUp {
        let catalogue = self.inner.catalogue.read();
        let ask = FollowUp::Market(told.market_ticker.clone());
        let Some(mut slot) = catalogue.slot(id).filter(|slot| slot.market.is_some()) else {
            return ask;
        };
        slot.lived = super::freshness::later(slot.lived, at);
        let market = slot.change(|market| apply(Arc::make_mut(&mut market.body), told));
        slot.note_end(at);
        let Some(market) = market else {
            return ask;
        };
        slot.texts[0] = search::of_market(&market.body);
        drop(slot);
        self.reshape();
        let has_result = market.body.result != ResultWord::None;
        match told.event_type {
            LifecycleEvent::Determined | LifecycleEvent::Settled if !has_result => ask,
            LifecycleEvent::Created | LifecycleEvent::Other(_) => ask,
            _ => FollowUp::Nothing,
        }
    }

    fn ask_for_event(&self, ticker: &EventTicker) -> FollowUp {
        match self.event(ticker) {
            Some(_) => FollowUp::Nothing,
            None => FollowUp::Event(ticker.clone()),
        }
    }

    fn apply_fees(&self, told: &EventFeeUpdate) -> FollowUp {
        let Some(known) = self.event(&told.event_ticker) else {
            return FollowUp::Event(told.event_ticker.clone());
        };
        let mut event = Event::clone(&known);
        event.fee_type_override = told.fee_type_override.as_deref().map(FeeTypeWord::from);
        event.fee_multiplier_override = told.fee_multiplier_override;
        if self.inner.catalogue.write().put_event(event).is_some() {
            self.relink(std::slice::from_ref(&told.event_ticker));
        }
        FollowUp::Nothing
    }
}

/// Writes what was told into the body.
fn apply(body: &mut Market, told: &MarketLifecycle) {
    match told.event_type {
        LifecycleEvent::Activated => body.status = MarketStatus::Active.into(),
        LifecycleEvent::Deactivated => body.status = MarketStatus::Inactive.into(),
        LifecycleEvent::CloseDateUpdated => body.close_time = told.close_ts.or(body.close_time),
        LifecycleEvent::Determined => {
            body.status = MarketStatus::Determined.into();
            apply_result(body, told);
        }
        LifecycleEvent::Settled => {
            body.status = MarketStatus::Finalized.into();
            body.settlement_ts = told.settled_ts.or(body.settlement_ts);
            apply_result(body, told);
        }
        LifecycleEvent::PriceLevelStructureUpdated => apply_grid(body, told),
        LifecycleEvent::MetadataUpdated => apply_strike(body, told),
        LifecycleEvent::Created | LifecycleEvent::Other(_) => {}
    }
}

fn apply_result(body: &mut Market, told: &MarketLifecycle) {
    if let Some(word) = told.result.as_deref().filter(|word| !word.is_empty()) {
        body.result = word.into();
    }
    body.settlement_value_dollars = told.settlement_value.or(body.settlement_value_dollars);
}

fn apply_grid(body: &mut Market, told: &MarketLifecycle) {
    if let Some(label) = &told.price_level_structure {
        body.price_level_structure.clone_from(label);
    }
    if let Some(bands) = &told.price_ranges {
        let range = |band: &kmi_kalshi::ws::message::PriceBand| PriceRange {
            start: band.start,
            end: band.end,
            step: band.step,
        };
        body.price_ranges = bands.iter().map(range).collect();
    }
}

fn apply_strike(body: &mut Market, told: &MarketLifecycle) {
    if let Some(word) = told.strike_type.as_deref() {
        body.strike_type = Some(StrikeTypeWord::from(word));
    }
    let written = |strike: &serde_json::Number| strike.to_string();
    body.floor_strike = told
        .floor_strike
        .as_ref()
        .map(written)
        .or(body.floor_strike.take());
    body.cap_strike = told.cap_strike.as_ref().map(written).or(body.cap_strike.take());
    body.custom_strike = told.custom_strike.clone().or(body.custom_strike.take());
    if let Some(title) = &told.yes_sub_title {
        body.yes_sub_title.clone_from(title);
    }
}
