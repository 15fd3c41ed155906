//! Order groups: `/portfolio/order_groups`.

use http::Method;
use kmi_domain::matching::GroupId;
use kmi_kalshi::api::groups::{
    CreateOrderGroup, CreatedOrderGroup, OrderGroup, OrderGroupDetail, OrderGroupQuery, OrderGroups,
    OrderGroupsQuery, UpdateOrderGroupLimit,
};

use crate::core::{Command, GroupState, IdSpace, NewGroup, Reply, Shard};
use crate::server::answer::{Answer, ApiError};
use crate::server::call::Call;
use crate::server::operation::{Answered, Operation};
use crate::server::scope::Access;

pub(super) fn operations() -> Vec<Operation> {
    const GROUP: &str = "/portfolio/order_groups/{order_group_id}";
    const RESET: &str = "/portfolio/order_groups/{order_group_id}/reset";
    const TRIGGER: &str = "/portfolio/order_groups/{order_group_id}/trigger";
    const LIMIT: &str = "/portfolio/order_groups/{order_group_id}/limit";
    let trade = |method, name, path, handler| Operation::write(method, name, path, Access::TRADE, handler);
    vec![
        Operation::private("GetOrderGroups", "/portfolio/order_groups", list),
        trade(
            Method::POST,
            "CreateOrderGroup",
            "/portfolio/order_groups/create",
            |call| Box::pin(create(call)),
        ),
        Operation::private("GetOrderGroup", GROUP, get),
        trade(Method::DELETE, "DeleteOrderGroup", GROUP, |call| {
            Box::pin(delete(call))
        }),
        trade(Method::PUT, "ResetOrderGroup", RESET, |call| {
            Box::pin(reset(call))
        }),
        trade(Method::PUT, "TriggerOrderGroup", TRIGGER, |call| {
            Box::pin(trigger(call))
        }),
        trade(Method::PUT, "UpdateOrderGroupLimit", LIMIT, |call| {
            Box::pin(limit(call))
        }),
    ]
}

fn list(call: &Call) -> Answered {
    let query: OrderGroupsQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let subaccount = call.caller().subaccounts(asked)?;
    let groups = call.read(|view| view.exchange.groups_of(call.caller().user()));
    let order_groups = groups
        .iter()
        .filter(|group| subaccount.is_none_or(|own| own == group.account.subaccount))
        .map(|group| OrderGroup {
            id: public(call, group.group),
            contracts_limit_fp: Some(group.limit),
            is_auto_cancel_enabled: true,
            exchange_index: i32::from(group.shard.index()),
        })
        .collect();
    Answer::ok(&OrderGroups { order_groups })
}

async fn create(call: Call) -> Answered {
    let body: CreateOrderGroup = call.json()?;
    let account = call.caller().account(body.subaccount)?;
    let limit = body
        .limit()
        .map_err(|error| ApiError::invalid_parameters(error.to_string()))?;
    let shard = match body.exchange_index {
        None => Shard::MAIN,
        Some(index) => u8::try_from(index)
            .ok()
            .and_then(Shard::new)
            .ok_or_else(|| ApiError::invalid_parameters("exchange_index: 0 to 3"))?,
    };
    let command = Command::CreateGroup(NewGroup {
        account,
        limit,
        shard,
    });
    match call.submit(command).await? {
        Reply::Group(group) => Answer::created(&CreatedOrderGroup {
            order_group_id: public(&call, group),
            subaccount: account.subaccount.number(),
            exchange_index: i32::from(shard.index()),
        }),
        other => Err(super::unexpected(&other)),
    }
}

fn get(call: &Call) -> Answered {
    let group = own_group(call)?;
    Answer::ok(&OrderGroupDetail {
        is_auto_cancel_enabled: true,
        contracts_limit_fp: Some(group.limit),
        orders: group
            .orders
            .iter()
            .map(|order| call.public(IdSpace::Order, order.0))
            .collect(),
        exchange_index: i32::from(group.shard.index()),
    })
}

async fn delete(call: Call) -> Answered {
    let group = own_group(&call)?.group;
    let user = call.caller().user();
    call.submit(Command::DeleteGroup { user, group }).await?;
    Ok(Answer::empty())
}

async fn reset(call: Call) -> Answered {
    let group = own_group(&call)?.group;
    let user = call.caller().user();
    call.submit(Command::ResetGroup { user, group }).await?;
    Ok(Answer::empty())
}

async fn trigger(call: Call) -> Answered {
    let group = own_group(&call)?.group;
    let user = call.caller().user();
    call.submit(Command::TriggerGroup { user, group }).await?;
    Ok(Answer::empty())
}

async fn limit(call: Call) -> Answered {
    let group = own_group(&call)?.group;
    let body: UpdateOrderGroupLimit = call.json()?;
    let limit = body
        .limit()
        .map_err(|error| ApiError::invalid_parameters(error.to_string()))?;
    let user = call.caller().user();
    call.submit(Command::LimitGroup { user, group, limit }).await?;
    Ok(Answer::empty())
}

/// The group in the path: of the caller, and of the subaccount and shard asked for or the key is locked to.
fn own_group(call: &Call) -> Result<GroupState, ApiError> {
    let query: OrderGroupQuery = call.query.read()?;
    let asked = call.query.subaccount(query.subaccount)?;
    let subaccount = call.caller().subaccounts(asked)?;
    let shard = call.query.shard(query.exchange_index)?;
    let group = call.group()?;
    call.read(|view| view.exchange.group(group))
        .filter(|group| group.account.user == call.caller().user())
        .filter(|group| subaccount.is_none_or(|own| own == group.account.subaccount))
        .filter(|group| shard.is_none_or(|shard| shard == group.shard))
        .ok_or_else(ApiError::not_found)
}

fn public(call: &Call, group: GroupId) -> String {
    call.public(IdSpace::Group, u64::from(group.0))
}
