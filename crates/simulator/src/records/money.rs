//! What came into accounts, and when they changed last. Never lags: balances are the exchange's own.

use std::collections::BTreeMap;

use kmi_domain::{Money, Timestamp};
use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::page::{Listing, Page, PageRequest};
use super::ring::Ring;
use crate::core::{Account, AccountChange, CashReason, Shard, Subaccount, UserId};

/// Money that was paid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deposit {
    /// Its number, unique at this exchange.
    pub number: u64,
    /// To which account.
    pub account: Account,
    /// On which shard.
    pub shard: Shard,
    /// Above zero.
    pub amount: Money,
    /// When.
    pub time: Timestamp,
}

/// Deposits by user, and the last change of each account.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct MoneyRecords {
    deposits: BTreeMap<UserId, Ring<Deposit>>,
    deposit_count: u64,
    changed: BTreeMap<Account, [Option<Timestamp>; 4]>,
}

impl MoneyRecords {
    pub(super) fn apply(&mut self, change: &AccountChange, limits: &Limits) {
        let changed = self.changed.entry(change.account).or_default();
        changed[usize::from(change.shard.index())] = Some(change.time);
        if change.reason != CashReason::Deposit {
            return;
        }
        let deposit = Deposit {
            number: self.deposit_count,
            account: change.account,
            shard: change.shard,
            amount: change.change,
            time: change.time,
        };
        self.deposit_count += 1;
        let deposits = self.deposits.entry(change.account.user).or_default();
        deposits.push(deposit, limits.deposits_per_user.max(1));
    }

    /// When an account's cash changed last, on one shard or on any.
    pub(super) fn changed(&self, account: Account, shard: Option<Shard>) -> Option<Timestamp> {
        let times = self.changed.get(&account)?;
        match shard {
            Some(shard) => times[usize::from(shard.index())],
            None => times.iter().copied().max().flatten(),
        }
    }

    /// Newest first.
    pub(super) fn deposits(
        &self,
        user: UserId,
        subaccount: Option<Subaccount>,
        page: &PageRequest,
    ) -> Page<&Deposit> {
        let end = page.position(Listing::Deposits).unwrap_or(u64::MAX);
        let rows = self
            .deposits
            .get(&user)
            .into_iter()
            .flat_map(|deposits| deposits.newest_first(end))
            .filter(|(_, deposit)| subaccount.is_none_or(|wanted| wanted == deposit.account.subaccount));
        Page::take(Listing::Deposits, page.limit, rows)
    }
}
