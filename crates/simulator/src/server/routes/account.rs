//! Limits of the account: `/account`.

use http::{Method, StatusCode};
use kmi_kalshi::api::account::{AccountLimits, BucketLimit, UsageGrant, VolumeProgressResponse};
use kmi_kalshi::api::endpoint_cost::{EndpointCost, EndpointCosts};
use kmi_kalshi::api::portfolio::CommunicationsId;
use kmi_kalshi::api::transfers::ExchangeInstance;
use kmi_kalshi::limit::BucketSpec;

use crate::core::IdSpace;
use crate::records::PageRequest;
use crate::records::query::OrderFilter;
use crate::server::REST_PATH;
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Cost, DEFAULT_COST, Operation};
use crate::server::scope::Access;
use crate::server::tier::Tier;

/// Tokens of an upgrade.
const UPGRADE_COST: u64 = 30;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::private("GetAccountApiLimits", "/account/limits", limits),
        Operation::public("GetAccountEndpointCosts", "/account/endpoint_costs", costs),
        Operation::write(
            Method::POST,
            "UpgradeAccountApiUsageLevel",
            "/account/api_usage_level/upgrade",
            Access::WRITE,
            |call| Box::pin(async move { upgrade(&call) }),
        )
        .at(Cost::Tokens(UPGRADE_COST)),
        Operation::private(
            "GetAccountApiUsageLevelVolumeProgress",
            "/account/api_usage_level/volume_progress",
            |_| {
                Answer::ok(&VolumeProgressResponse {
                    volume_progress: Vec::new(),
                })
            },
        ),
        Operation::private("GetCommunicationsID", "/communications/id", communications_id),
    ]
}

fn limits(call: &Call) -> Answered {
    let user = call.caller().user();
    let tier = call.server.gate.tier(user);
    let grants = if tier > Tier::Basic {
        vec![UsageGrant {
            exchange_instance: ExchangeInstance::EventContract,
            level: tier.name().to_owned(),
            expires_ts: None,
            source: "manual".to_owned(),
        }]
    } else {
        Vec::new()
    };
    Answer::ok(&AccountLimits {
        usage_tier: tier.name().to_owned(),
        read: bucket(tier.read()),
        write: bucket(tier.write()),
        grants,
    })
}

fn bucket(spec: BucketSpec) -> BucketLimit {
    let number = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    BucketLimit {
        refill_rate: number(spec.refill_rate),
        bucket_capacity: number(spec.capacity),
    }
}

fn costs(_: &Call) -> Answered {
    let special = super::operations().iter().filter_map(|operation| {
        let cost = match operation.cost {
            Cost::Tokens(cost) | Cost::PerItem(cost) if cost != DEFAULT_COST => cost,
            _ => return None,
        };
        Some(EndpointCost {
            method: operation.method.to_string(),
            path: format!("{REST_PATH}{}", operation.path),
            cost: u32::try_from(cost).unwrap_or(u32::MAX),
        })
    });
    Answer::ok(&EndpointCosts {
        default_cost: u32::try_from(DEFAULT_COST).unwrap_or(u32::MAX),
        endpoint_costs: special.collect(),
    })
}

/// Advanced, for who has placed an order.
fn upgrade(call: &Call) -> Answered {
    let user = call.caller().user();
    let has_ordered = call.read(|view| {
        let orders = view
            .records
            .orders(view.now, &OrderFilter::of(user), &PageRequest::first(1));
        !orders.items.is_empty()
    });
    if !has_ordered {
        return Err(ApiError::forbidden("no order was made through the API yet"));
    }
    let gate = &call.server.gate;
    gate.set_tier(user, gate.tier(user).max(Tier::Advanced));
    Ok(Answer::bare(StatusCode::CREATED))
}

fn communications_id(call: &Call) -> Answered {
    let user = call.caller().user();
    Answer::ok(&CommunicationsId {
        communications_id: call.public(IdSpace::User, u64::from(user.0)),
    })
}
