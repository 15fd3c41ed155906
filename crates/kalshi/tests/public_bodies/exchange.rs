//! The exchange's status and schedule.

use kmi_kalshi::api::exchange::{ExchangeStatus, ScheduleResponse};
use serde_json::json;

use crate::round_trip;

#[test]
fn the_exchange_tells_its_status_and_schedule() {
    let status: ExchangeStatus = round_trip(
        "ExchangeStatus",
        &json!({
        "exchange_active": true, "trading_active": false, "intra_exchange_transfers_active": true,
        "exchange_estimated_resume_time": null, "exchange_index_statuses": [{"exchange_index": 0, "description": "default",
            "exchange_active": true, "trading_active": false, "intra_exchange_transfers_active": true}]}),
    );
    assert!(!status.trading_active);
    let short: ExchangeStatus =
        serde_json::from_str(r#"{"exchange_active": true, "trading_active": true}"#).unwrap();
    assert_eq!(short.exchange_index_statuses, []);
    let day = json!([{"open_time": "00:00", "close_time": "00:00"}]);
    round_trip::<ScheduleResponse>(
        "GetExchangeScheduleResponse",
        &json!({"schedule": {
        "standard_hours": [{"start_time": "2024-12-01T00:00:00Z", "end_time": "2200-12-01T00:00:00Z", "monday": day,
            "tuesday": day, "wednesday": day, "thursday": [{"open_time": "00:00", "close_time": "03:00"},
            {"open_time": "05:00", "close_time": "00:00"}], "friday": day, "saturday": day, "sunday": []}],
        "maintenance_windows": [{"start_datetime": "2026-11-26T08:00:00Z", "end_datetime": "2026-11-26T10:00:00Z"}]}}),
    );
}
