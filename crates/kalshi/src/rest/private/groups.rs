//! Order groups.

use crate::api::groups::{
    CreateOrderGroup, CreatedOrderGroup, OrderGroup, OrderGroupDetail, OrderGroupQuery, OrderGroups,
    OrderGroupsQuery, UpdateOrderGroupLimit,
};
use crate::api::portfolio::Empty;
use crate::limit::Priority;
use crate::rest::{Auth, Client, Error};

impl Client {
    /// Creates an order group: `POST /portfolio/order_groups/create`. Scope `write::trade`; 10 write tokens.
    ///
    /// # Errors
    /// 400 for a limit outside 1 to 1,000,000 contracts, or more than 100,000 groups.
    pub async fn create_order_group(&self, group: &CreateOrderGroup) -> Result<CreatedOrderGroup, Error> {
        let request = self.post(&["portfolio", "order_groups", "create"]);
        request.json(group).send().await
    }

    /// The account's order groups, of one subaccount or of all: `GET /portfolio/order_groups`. Scope `read`; 10 read tokens.
    ///
    /// # Errors
    /// Query parameters that are refused (400).
    pub async fn order_groups(&self, query: &OrderGroupsQuery) -> Result<Vec<OrderGroup>, Error> {
        let request = self.get(Auth::Private, &["portfolio", "order_groups"]);
        Ok(request.query(query).send::<OrderGroups>().await?.order_groups)
    }

    /// A group and its orders: `GET /portfolio/order_groups/{order_group_id}`. Scope `read`; 10 read tokens.
    ///
    /// # Errors
    /// `not_found` (404).
    pub async fn order_group(
        &self,
        group_id: &str,
        query: &OrderGroupsQuery,
    ) -> Result<OrderGroupDetail, Error> {
        let request = self.get(Auth::Private, &["portfolio", "order_groups", group_id]);
        request.query(query).send().await
    }

    /// Deletes a group **and cancels its orders**: `DELETE /portfolio/order_groups/{order_group_id}`. Scope `write::trade`;
    /// 10 write tokens, ahead of everything but other cancels.
    ///
    /// # Errors
    /// `not_found` (404): no such group of this subaccount on this shard.
    pub async fn delete_order_group(&self, group_id: &str, query: &OrderGroupQuery) -> Result<(), Error> {
        let request = self.delete(&["portfolio", "order_groups", group_id]);
        request.query(query).send_empty().await
    }

    /// Lets a triggered group take orders again: `PUT /portfolio/order_groups/{order_group_id}/reset`. Scope `write::trade`; 10
    /// write tokens.
    ///
    /// # Errors
    /// As [`Client::delete_order_group`].
    pub async fn reset_order_group(&self, group_id: &str, query: &OrderGroupQuery) -> Result<(), Error> {
        let request = self.put(&["portfolio", "order_groups", group_id, "reset"]);
        request.query(query).json(&Empty {}).send_empty().await
    }

    /// Cancels a group's orders and lets it take no more until it is reset:
    /// `PUT /portfolio/order_groups/{order_group_id}/trigger`. Scope `write::trade`; 10 write tokens, ahead of everything but
    /// other cancels.
    ///
    /// # Errors
    /// As [`Client::delete_order_group`].
    pub async fn trigger_order_group(&self, group_id: &str, query: &OrderGroupQuery) -> Result<(), Error> {
        let request = self.put(&["portfolio", "order_groups", group_id, "trigger"]);
        let request = request.query(query).json(&Empty {}).priority(Priority::First);
        request.send_empty().await
    }

    /// Gives a group another limit, `contracts` within 15 seconds: `PUT /portfolio/order_groups/{order_group_id}/limit`. Scope
    /// `write::trade`; 10 write tokens.
    ///
    /// A limit below what it filled within the last 15 seconds triggers it.
    ///
    /// # Errors
    /// As [`Client::delete_order_group`], and 400 for a limit outside 1 to 1,000,000.
    pub async fn limit_order_group(
        &self,
        group_id: &str,
        contracts: u32,
        query: &OrderGroupQuery,
    ) -> Result<(), Error> {
        let request = self.put(&["portfolio", "order_groups", group_id, "limit"]);
        let request = request.query(query).json(&UpdateOrderGroupLimit::new(contracts));
        request.send_empty().await
    }
}
