//! Series, events and the rest of the catalogue.

use kmi_kalshi::api::drift::{Flavour, known_fields};
use kmi_kalshi::api::endpoint_cost::EndpointCosts;
use kmi_kalshi::api::event::{
    Event, EventFeeChangesPage, EventMetadata, EventResponse, EventsPage, MultivariateEventsPage,
};
use kmi_kalshi::api::historical::HistoricalCutoff;
use kmi_kalshi::api::incentive::IncentivesPage;
use kmi_kalshi::api::milestone::{MilestoneResponse, MilestonesPage};
use kmi_kalshi::api::search::{FiltersBySport, TagsByCategories};
use kmi_kalshi::api::series::{SeriesFeeChangesResponse, SeriesListResponse, SeriesResponse};
use kmi_kalshi::api::structured_target::{StructuredTargetResponse, StructuredTargetsPage};
use kmi_kalshi::wire::{EventBody, SeriesBody};
use serde_json::{Value, json};

use crate::check_object;
use crate::market::full_market;
use crate::round_trip;

fn full_series() -> Value {
    json!({
        "ticker": "KXHIGHNY", "frequency": "daily", "title": "High in New York", "category": "Climate and Weather",
        "categories": ["Climate and Weather"], "tags": ["Daily temperature"],
        "settlement_sources": [{"name": "Weather Service", "url": "https://example.invalid"}],
        "contract_url": "https://example.invalid/c", "contract_terms_url": "https://example.invalid/t",
        "product_metadata": {"a": 1}, "fee_type": "quadratic_with_maker_fees", "fee_multiplier": 0.5,
        "additional_prohibitions": ["none"], "volume_fp": "12.00", "last_updated_ts": "2026-11-20T00:00:00Z",
        "exchange_index": 0,
    })
}

fn full_event() -> Value {
    json!({
        "event_ticker": "KXHIGHNY-26NOV21", "series_ticker": "KXHIGHNY", "sub_title": "On Nov 21", "title": "High?",
        "collateral_return_type": "MECNET", "mutually_exclusive": true, "category": "Climate and Weather",
        "strike_date": "2026-11-21T05:00:00Z", "strike_period": "day", "markets": [full_market()],
        "product_metadata": {}, "settlement_sources": [], "last_updated_ts": "2026-11-20T00:00:00Z",
        "fee_type_override": "quadratic", "fee_multiplier_override": 2.0, "exchange_index": 0,
    })
}

#[test]
fn series_and_their_fee_changes_keep_every_field() {
    let answer: SeriesResponse = round_trip("GetSeriesResponse", &json!({"series": full_series()}));
    assert_eq!(
        full_series().as_object().unwrap().len(),
        known_fields(Flavour::OpenApi, "Series").len()
    );
    let recorded = full_series().to_string();
    let body: SeriesBody<'_> = serde_json::from_str(&recorded).unwrap();
    assert_eq!(Ok(answer.series.to_domain()), body.to_series());
    round_trip::<SeriesListResponse>("GetSeriesListResponse", &json!({"series": [full_series()]}));
    round_trip::<SeriesFeeChangesResponse>(
        "GetSeriesFeeChangesResponse",
        &json!({"series_fee_change_arr": [{
        "id": "f", "series_ticker": "KXHIGHNY", "fee_type": "flat", "fee_multiplier": 0.25,
        "scheduled_ts": "2026-12-01T00:00:00Z"}]}),
    );
}

#[test]
fn events_keep_every_field() {
    let answer: EventResponse =
        round_trip("GetEventResponse", &json!({"event": full_event(), "markets": []}));
    assert_eq!(
        full_event().as_object().unwrap().len(),
        known_fields(Flavour::OpenApi, "EventData").len()
    );
    let recorded = full_event().to_string();
    let body: EventBody<'_> = serde_json::from_str(&recorded).unwrap();
    assert_eq!(answer.event.to_domain(), body.to_event());
    let plain = Event::from(&answer.event.to_domain().unwrap());
    check_object("EventData", "EventData", &serde_json::to_value(&plain).unwrap()).unwrap();
    assert_eq!(plain.to_domain(), answer.event.to_domain());
    let milestone = full_milestone();
    round_trip::<EventsPage>(
        "GetEventsResponse",
        &json!({"events": [full_event()], "milestones": [milestone], "cursor": "c"}),
    );
    round_trip::<MultivariateEventsPage>(
        "GetMultivariateEventsResponse",
        &json!({"events": [], "cursor": ""}),
    );
    round_trip::<EventMetadata>(
        "GetEventMetadataResponse",
        &json!({
        "image_url": "i", "featured_image_url": "f", "settlement_sources": [{"name": "n", "url": "u"}], "competition": "c",
        "competition_scope": "s", "market_details": [{"market_ticker": "A", "image_url": "i", "color_code": "#000000"}]}),
    );
    round_trip::<EventFeeChangesPage>(
        "GetEventFeeChangesResponse",
        &json!({"cursor": "", "event_fee_changes": [
        {"id": "1", "event_ticker": "E", "series_ticker": "S", "fee_type_override": "flat",
         "fee_multiplier_override": 1.5, "scheduled_ts": "2026-12-01T00:00:00Z"},
        {"id": "2", "event_ticker": "E", "series_ticker": "S", "fee_type_override": null,
         "fee_multiplier_override": null, "scheduled_ts": "2026-12-02T00:00:00Z"}]}),
    );
}

#[test]
fn an_unknown_way_of_netting_is_kept_but_has_no_meaning() {
    let mut text = full_event();
    text["collateral_return_type"] = json!("NEWNET");
    let event: Event = serde_json::from_value(text).unwrap();
    assert_eq!(
        serde_json::to_value(&event).unwrap()["collateral_return_type"],
        "NEWNET"
    );
    assert!(
        event
            .to_domain()
            .unwrap_err()
            .to_string()
            .starts_with("collateral_return_type: \"NEWNET\" is none of")
    );
}

fn full_milestone() -> Value {
    json!({
        "id": "m", "category": "Sports", "type": "football_game", "start_date": "2026-11-21T18:00:00Z",
        "end_date": "2026-11-21T22:00:00Z", "related_event_tickers": ["E"], "title": "A at B",
        "notification_message": "Who?", "source_id": "s", "source_ids": {"x": "y"}, "details": {"league": "NFL"},
        "primary_event_tickers": ["E"], "last_updated_ts": "2026-11-20T00:00:00Z",
    })
}

#[test]
fn the_rest_of_the_catalogue_is_what_is_asked() {
    round_trip::<HistoricalCutoff>(
        "GetHistoricalCutoffResponse",
        &json!({
        "market_settled_ts": "2026-08-21T00:00:00Z", "trades_created_ts": "2026-08-21T00:00:00Z",
        "orders_updated_ts": "2026-11-07T00:00:00Z", "market_positions_last_updated_ts": "2026-08-21T00:00:00Z"}),
    );
    assert_eq!(
        full_milestone().as_object().unwrap().len(),
        known_fields(Flavour::OpenApi, "Milestone").len()
    );
    round_trip::<MilestoneResponse>("GetMilestoneResponse", &json!({"milestone": full_milestone()}));
    round_trip::<MilestonesPage>(
        "GetMilestonesResponse",
        &json!({"milestones": [full_milestone()], "cursor": ""}),
    );
    let target = json!({"id": "t", "name": "Team", "type": "football_team", "details": {}, "source_id": "s",
        "source_ids": {"x": "y"}, "last_updated_ts": "2026-11-20T00:00:00Z"});
    round_trip::<StructuredTargetResponse>(
        "GetStructuredTargetResponse",
        &json!({"structured_target": target}),
    );
    round_trip::<StructuredTargetsPage>(
        "GetStructuredTargetsResponse",
        &json!({"structured_targets": [target], "cursor": ""}),
    );
    round_trip::<EndpointCosts>(
        "GetAccountEndpointCostsResponse",
        &json!({"default_cost": 10,
        "endpoint_costs": [{"method": "DELETE", "path": "/portfolio/events/orders", "cost": 2}]}),
    );
    round_trip::<TagsByCategories>(
        "GetTagsForSeriesCategoriesResponse",
        &json!({"tags_by_categories": {"Crypto": ["BTC"], "World": []}}),
    );
    round_trip::<FiltersBySport>(
        "GetFiltersBySportsResponse",
        &json!({"sport_ordering": ["Football"],
        "filters_by_sports": {"Football": {"scopes": ["Game"], "competitions": {"Cup": {"scopes": ["Game"]}}}}}),
    );
    let program = json!({"id": "i", "market_id": "m", "market_ticker": "A", "incentive_type": "liquidity",
        "incentive_description": "d", "start_date": "2026-11-20T00:00:00Z", "end_date": "2026-11-27T00:00:00Z",
        "period_reward": 1_000_000, "paid_out": false, "discount_factor_bps": 5_000, "target_size_fp": "300.00",
        "max_reward_per_account": 5_000});
    let page: IncentivesPage = round_trip(
        "GetIncentiveProgramsResponse",
        &json!({"incentive_programs": [program], "next_cursor": ""}),
    );
    assert_eq!(page.incentive_programs[0].period_reward.to_string(), "100.0000");
    let nothing: TagsByCategories =
        serde_json::from_str(r#"{"tags_by_categories": {"World": null}}"#).unwrap();
    assert_eq!(nothing.tags_by_categories["World"], [""; 0]);
    let nothing: FiltersBySport =
        serde_json::from_str(r#"{"filters_by_sports": null, "sport_ordering": null}"#).unwrap();
    assert_eq!(nothing, FiltersBySport::default());
}
