//! Filling the token buckets from what the exchange says of the account.

use super::{Auth, Client, Error};
use crate::api::account::{AccountLimits, BucketLimit};
use crate::api::endpoint_cost::EndpointCosts;
use crate::limit::{BucketSpec, Costs, EndpointCost, Limits};

/// Tiers that may read the balance five times a second.
const FIVE_BALANCES: [&str; 5] = ["expert", "premier", "paragon", "prime", "prestige"];

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
    /// The balance's own bucket is stated nowhere: one a second up to the tier Advanced, five above, and one on tiers that this
    /// crate does not know.
    pub fn of_account(account: &AccountLimits, costs: EndpointCosts) -> Limits {
        let five = FIVE_BALANCES
            .iter()
            .any(|tier| account.usage_tier.eq_ignore_ascii_case(tier));
        let balances = if five { 5 } else { 1 };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_balances_a_second_are_for_the_tiers_known_to_have_them() {
        for (tier, balances) in [
            ("basic", 1),
            ("Advanced", 1),
            ("expert", 5),
            ("PRESTIGE", 5),
            ("", 1),
            ("starter", 1),
        ] {
            let bucket = BucketLimit {
                refill_rate: 200,
                bucket_capacity: 200,
            };
            let account = AccountLimits {
                usage_tier: tier.to_owned(),
                read: bucket,
                write: bucket,
                grants: Vec::new(),
            };
            let costs = EndpointCosts {
                default_cost: 10,
                endpoint_costs: Vec::new(),
            };
            assert_eq!(
                Limits::of_account(&account, costs).balance.capacity,
                balances,
                "{tier}"
            );
        }
    }
}
