//! The operations of the API, by what they are about.

mod account;
mod catalogue;
mod groups;
pub(super) mod keys;
mod market_data;
mod milestones;
mod order_reads;
mod orders;
mod pages;
mod portfolio;
mod status;
mod subaccounts;
mod transfers;
mod unsimulated;

use std::sync::LazyLock;

use kmi_kalshi::api::code::Code;

use super::answer::ApiError;
use super::operation::Operation;
use crate::core::Reply;

/// All of them: the 128 of the specification and the retired writes of orders.
pub(super) fn operations() -> &'static [Operation] {
    static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        [
            status::operations(),
            catalogue::operations(),
            market_data::operations(),
            milestones::operations(),
            orders::operations(),
            order_reads::operations(),
            groups::operations(),
            portfolio::operations(),
            subaccounts::operations(),
            transfers::operations(),
            keys::operations(),
            account::operations(),
            unsimulated::operations(),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &OPERATIONS
}

/// The answer to a reply that does not belong to its command, which is a bug.
fn unexpected(reply: &Reply) -> ApiError {
    tracing::error!(?reply, "a reply does not belong to its command");
    ApiError::code(&Code::InternalError)
}
