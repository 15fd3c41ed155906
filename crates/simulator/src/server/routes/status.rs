//! The exchange itself: `/exchange`.

use kmi_domain::Timestamp;
use kmi_kalshi::api::exchange::{
    ExchangeStatus, Schedule, ScheduleResponse, Session, ShardStatus, UserDataTimestamp, WeeklySchedule,
};

use crate::core::Shard;
use crate::server::answer::Answer;
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::public("GetExchangeStatus", "/exchange/status", status),
        Operation::public("GetExchangeSchedule", "/exchange/schedule", schedule),
        Operation::public(
            "GetUserDataTimestamp",
            "/exchange/user_data_timestamp",
            user_data_timestamp,
        ),
    ]
}

fn status(call: &Call) -> Answered {
    let (exchange_active, trading_active, resume) = call.read(|view| {
        let exchange = view.exchange;
        (
            exchange.exchange_active(),
            exchange.trading_active(),
            exchange.resume_time(),
        )
    });
    let shards = Shard::ALL.into_iter().map(|shard| ShardStatus {
        exchange_index: u32::from(shard.index()),
        description: describe(shard).to_owned(),
        exchange_active,
        trading_active,
        intra_exchange_transfers_active: exchange_active,
    });
    Answer::ok(&ExchangeStatus {
        exchange_active,
        trading_active,
        intra_exchange_transfers_active: Some(exchange_active),
        exchange_estimated_resume_time: resume,
        exchange_index_statuses: shards.collect(),
    })
}

const fn describe(shard: Shard) -> &'static str {
    match shard.index() {
        1 => "combos",
        2 => "crypto and commodities",
        3 => "tennis, baseball and basketball",
        _ => "default",
    }
}

/// Every day but for the weekly pause: Thursday, 03:00 to 05:00 New York time.
fn schedule(_: &Call) -> Answered {
    let all_day = || vec![Session::new("00:00", "23:59")];
    let hours = WeeklySchedule {
        start_time: Timestamp::from_seconds(1_767_225_600),
        end_time: Timestamp::from_seconds(1_924_992_000),
        monday: all_day(),
        tuesday: all_day(),
        wednesday: all_day(),
        thursday: vec![Session::new("00:00", "03:00"), Session::new("05:00", "23:59")],
        friday: all_day(),
        saturday: all_day(),
        sunday: all_day(),
    };
    Answer::ok(&ScheduleResponse {
        schedule: Schedule {
            standard_hours: vec![hours],
            maintenance_windows: Vec::new(),
        },
    })
}

fn user_data_timestamp(call: &Call) -> Answered {
    Answer::ok(&UserDataTimestamp {
        as_of_time: call.read(|view| view.records.user_data_as_of(view.now)),
    })
}
