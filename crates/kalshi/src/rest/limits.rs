//! Filling the token buckets from what the exchange says of the account.

use super::{Auth, Client, Error};
use crate::api::account::{AccountLimits, BucketLimit};
use crate::api::endpoint_cost::EndpointCosts;
use crate::limit::{BucketSpec, Costs, EndpointCost, Limits};

impl Client {
    /// Asks for the account's buckets and for what endpoints cost, and counts by them from now on. Tokens there are stay.
    ///
    /// Two reads, the first of them private. Worth doing at the start, and now and then: tiers change with volume.
    ///
    /// # Errors
    /// As of any read, [`Error::NoKey`] among them; the limits then stay as they were.
    pub async fn refresh_limits(&self) -> Result<Limits, Error> {
        let account: AccountLimits = self.get(Auth::Private, &["account", "limits"]).send().await?;
        let costs: EndpointCosts = self
            .get(Auth::Public, &["account", "endpoint_costs"])
            .send()
            .await?;
        let limits = Limits::of_account(&account, costs);
        self.limiter().set(limits.clone());
        Ok(limits)
    }
}

impl Limits {
    /// Those the exchange states in its answers to `GET /account/limits` and `GET /account/endpoint_costs`.
    ///
    /// The balance's own bucket is stated nowhere: one a second up to the tier Advanced, five above.
    pub fn of_account(account: &AccountLimits, costs: EndpointCosts) -> Limits {
        let balances = match account.usage_tier.as_str() {
            "basic" | "advanced" => 1,
            _ => 5,
        };
        Limits {
            read: spec(account.read),
            write: spec(account.write),
            balance: BucketSpec {
                refill_rate: balances,
                capacity: balances,
            },
            costs: costs_of(costs),
        }
    }
}

fn spec(bucket: BucketLimit) -> BucketSpec {
    BucketSpec {
        refill_rate: bucket.refill_rate.into(),
        capacity: bucket.bucket_capacity.into(),
    }
}

fn costs_of(costs: EndpointCosts) -> Costs {
    let listed = costs.endpoint_costs.into_iter();
    Costs::new(
        costs.default_cost.into(),
        listed.map(|listed| EndpointCost {
            method: listed.method,
            path: listed.path,
            cost: listed.cost.into(),
        }),
    )
}
