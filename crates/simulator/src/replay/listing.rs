//! How captured markets are listed.

use kmi_domain::{
    CollateralReturn, EventTicker, FeeMultiplier, FeeType, Price, SeriesTicker, TickGrid, Timestamp,
};

use super::{CapturedMarket, Captures, ReplayError};
use crate::core::{Command, EventSpec, MarketSpec, SeriesSpec, Shard, Strike};
use crate::engine::Engine;

/// Structures, from coarse to fine; the last takes every price there is.
const STRUCTURES: [&str; 4] = [
    "linear_cent",
    "tapered_deci_cent",
    "deci_cent",
    "center_centi_edge_centi_cent",
];
/// Replayed markets close so long after their last frame.
const OPEN_AFTERWARDS_S: i64 = 30 * 86_400;

impl Captures {
    /// Lists the markets, with their events and series where those are not listed. A capture says nothing of them, so their names
    /// are made of the market's: the series is what stands before the first `-`, the event what stands before the last.
    ///
    /// # Errors
    /// [`ReplayError::Listing`], for one when a market of that name is listed already.
    pub async fn list(&self, engine: &Engine, close_time: Timestamp) -> Result<(), ReplayError> {
        for market in &self.markets {
            for command in market.listing(engine, close_time) {
                let refused = |refusal| ReplayError::Listing {
                    ticker: market.ticker.clone(),
                    refusal,
                };
                engine.submit(command).await.map_err(refused)?;
            }
        }
        Ok(())
    }

    /// When markets close that are played from `now` on.
    pub fn close_time(&self, now: Timestamp, speed: super::Speed) -> Timestamp {
        let length = self.span.1.micros_since(self.span.0);
        now.plus_micros(speed.micros_of(length))
            .plus_seconds(OPEN_AFTERWARDS_S)
    }
}

impl CapturedMarket {
    fn listing(&self, engine: &Engine, close_time: Timestamp) -> Vec<Command> {
        let (series, event) = self.labels();
        let mut commands = Vec::new();
        let (has_series, has_event, now) = engine.read(|view| {
            let exchange = view.exchange;
            (
                exchange.series_of(&series).is_some(),
                exchange.event(&event).is_some(),
                view.now,
            )
        });
        if !has_series {
            commands.push(Command::ListSeries(series_spec(&series)));
        }
        if !has_event {
            commands.push(Command::ListEvent(event_spec(&series, &event)));
        }
        commands.push(Command::ListMarket(self.spec(&event, now, close_time)));
        commands
    }

    pub(super) fn labels(&self) -> (SeriesTicker, EventTicker) {
        let name = self.ticker.as_str();
        let series = name.split('-').next().filter(|series| !series.is_empty());
        let event = name.rsplit_once('-').map(|(event, _)| event);
        let event = event.filter(|event| !event.is_empty());
        (
            SeriesTicker::new(series.unwrap_or(name)).expect("a part of a name is a name"),
            EventTicker::new(event.unwrap_or(name)).expect("a part of a name is a name"),
        )
    }

    /// The coarsest known structure that has all prices seen.
    pub(super) fn structure(&self) -> (&'static str, TickGrid) {
        let known = STRUCTURES
            .into_iter()
            .filter_map(|label| Some((label, TickGrid::from_label(label)?)));
        let fits = |grid: &TickGrid| {
            let mut prices = self.prices.iter();
            prices.all(|price| *price == Price::ZERO || *price == Price::ONE || grid.contains(*price))
        };
        known
            .into_iter()
            .find(|(_, grid)| fits(grid))
            .expect("the last structure has every price")
    }

    pub(super) fn spec(
        &self,
        event: &EventTicker,
        open_time: Timestamp,
        close_time: Timestamp,
    ) -> MarketSpec {
        let (label, grid) = self.structure();
        MarketSpec {
            ticker: self.ticker.clone(),
            event: event.clone(),
            yes_sub_title: self.ticker.to_string(),
            no_sub_title: self.ticker.to_string(),
            rules_primary: "Replayed from a recording, which holds no rules.".to_owned(),
            rules_secondary: String::new(),
            strike: Strike::default(),
            price_level_structure: label.to_owned(),
            grid,
            open_time,
            close_time,
            expected_expiration_time: close_time,
            latest_expiration_time: close_time.plus_seconds(7 * 86_400),
            settlement_timer_s: 60,
            can_close_early: true,
            fee_waiver_until: None,
            is_replay: true,
        }
    }
}

pub(super) fn series_spec(series: &SeriesTicker) -> SeriesSpec {
    SeriesSpec {
        ticker: series.clone(),
        title: series.to_string(),
        category: "Recorded".to_owned(),
        tags: Vec::new(),
        frequency: "custom".to_owned(),
        fee_type: FeeType::Quadratic,
        fee_multiplier: FeeMultiplier::ONE,
        shard: Shard::MAIN,
    }
}

pub(super) fn event_spec(series: &SeriesTicker, event: &EventTicker) -> EventSpec {
    EventSpec {
        ticker: event.clone(),
        series: series.clone(),
        title: event.to_string(),
        sub_title: String::new(),
        collateral_return: CollateralReturn::None,
        strike_date: None,
        fee_type_override: None,
        fee_multiplier_override: None,
    }
}
