//! From a plan of the invented world to what the exchange is told to list.

use kmi_domain::{CollateralReturn, FeeMultiplier, FeeType, Market, Series, Timestamp};

use crate::core::{EventSpec, MarketSpec, SeriesSpec, Shard, Strike};
use crate::world::plan::Plan;

/// Real times of an event, on the exchange's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) open: Timestamp,
    pub(super) close: Timestamp,
    /// When the result is expected.
    pub(super) verdict: Timestamp,
    pub(super) settlement_timer_s: u32,
}

/// The plan's series.
pub(super) fn series_spec(plan: &Plan) -> SeriesSpec {
    let series = &plan.series;
    let category = series.category.clone().unwrap_or_default();
    SeriesSpec {
        ticker: series.ticker.clone(),
        title: series.title.clone().unwrap_or_default(),
        tags: tags(&category, series),
        shard: shard(&category),
        frequency: series.frequency.clone().unwrap_or_else(|| "custom".to_owned()),
        fee_type: series.fee_type.unwrap_or(FeeType::Quadratic),
        fee_multiplier: series.fee_multiplier.unwrap_or(FeeMultiplier::ONE),
        category,
    }
}

/// The plan's event.
pub(super) fn event_spec(plan: &Plan, times: Times) -> EventSpec {
    EventSpec {
        ticker: plan.event.ticker.clone(),
        series: plan.event.series.clone(),
        title: plan.event.title.clone(),
        sub_title: plan.event.sub_title.clone(),
        collateral_return: plan.event.collateral_return,
        strike_date: Some(times.close),
        fee_type_override: plan.event.fee_type_override,
        fee_multiplier_override: plan.event.fee_multiplier_override,
    }
}

/// One of the plan's markets.
pub(super) fn market_spec(plan: &Plan, market: &Market, times: Times) -> MarketSpec {
    let bound = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
    MarketSpec {
        ticker: market.ticker.clone(),
        event: plan.event.ticker.clone(),
        yes_sub_title: market.yes_sub_title.clone(),
        no_sub_title: market.no_sub_title.clone(),
        rules_primary: market.rules_primary.clone(),
        rules_secondary: match plan.event.collateral_return {
            CollateralReturn::Mecnet => "At most one market of this event resolves to Yes.".to_owned(),
            _ => String::new(),
        },
        strike: Strike {
            kind: market.strike_type.clone().unwrap_or_default(),
            floor: bound(&market.floor_strike),
            cap: bound(&market.cap_strike),
        },
        price_level_structure: market.price_level_structure.clone().unwrap_or_default(),
        grid: market.grid.clone(),
        open_time: times.open,
        close_time: times.close,
        expected_expiration_time: times.verdict,
        latest_expiration_time: times.verdict.plus_seconds(7 * 86_400),
        settlement_timer_s: times.settlement_timer_s,
        can_close_early: false,
        fee_waiver_until: None,
        is_replay: false,
    }
}

/// Where a category trades: crypto, and the sports that have a shard, by themselves.
fn shard(category: &str) -> Shard {
    match category {
        "Crypto" => Shard::CRYPTO,
        "Sports" => Shard::SPORTS,
        _ => Shard::MAIN,
    }
}

fn tags(category: &str, series: &Series) -> Vec<String> {
    let title = series.title.as_deref().unwrap_or_default();
    let tag = match category {
        "Climate and Weather" => "Daily temperature",
        "Crypto" if title.contains("15 minutes") => "15 min",
        "Crypto" if title.contains("hourly") => "Hourly",
        "Crypto" => "Daily",
        "Sports" => ["Baseball", "Basketball", "Tennis"]
            .into_iter()
            .find(|sport| title.contains(sport))
            .unwrap_or("Football"),
        _ => return Vec::new(),
    };
    vec![tag.to_owned()]
}
