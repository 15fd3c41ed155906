//! Cash, what positions are worth, what rests, and what was paid in.

use kmi_domain::{Money, Price, Timestamp};
use kmi_kalshi::api::portfolio::{
    Balance, Deposit, DepositsPage, IndexedBalance, PaymentStatus, PaymentType, RestingOrderValue,
};

use super::{Views, parts};
use crate::core::{Account, BalanceRule, IdSpace, OrderState, PositionState, Shard, Subaccount, UserId};
use crate::records::{self, PageRequest, resting_value};

impl Views<'_> {
    /// `GET /portfolio/balance` of an account, on one shard or over all. Does not lag.
    pub fn balance(&self, account: Account, shard: Option<Shard>) -> Balance {
        let shards: Vec<Shard> = match shard {
            Some(shard) => vec![shard],
            None => Shard::ALL.to_vec(),
        };
        let breakdown: Vec<IndexedBalance> = shards
            .iter()
            .map(|shard| indexed(*shard, self.cash(account, *shard)))
            .collect();
        let cash: Money = breakdown.iter().map(|part| part.balance).sum();
        let positions = self.exchange.positions_of(account);
        let value: Money = positions
            .filter(|position| shards.contains(&self.exchange.shard_of(position.market)))
            .map(|position| self.value(&position))
            .sum();
        Balance {
            balance: cash,
            balance_dollars: cash,
            portfolio_value: value,
            updated_ts: self.cash_changed(account, shard),
            balance_breakdown: breakdown,
        }
    }

    /// Cash of an account on a shard, as the house's rule counts it.
    pub fn cash(&self, account: Account, shard: Shard) -> Money {
        match self.exchange.rules().balance {
            BalanceRule::Gross => self.exchange.cash(account, shard),
            BalanceRule::NetOfOrders => self.exchange.available(account, shard),
        }
    }

    /// When an account's cash changed last; when its user came, if it never did.
    pub fn cash_changed(&self, account: Account, shard: Option<Shard>) -> Timestamp {
        let opened = || {
            self.exchange
                .user(account.user)
                .map_or(self.now, |user| user.created)
        };
        self.records.cash_changed(account, shard).unwrap_or_else(opened)
    }

    /// What a position would bring at the best bid for its contracts; at the last price where nobody bids.
    pub fn value(&self, position: &PositionState) -> Money {
        let market = self.exchange.market(position.market);
        let last = market.last_trade.map(|trade| trade.price);
        let price = if position.quantity.is_negative() {
            let ask = self.exchange.best_ask(position.market).map(|level| level.price);
            ask.or(last).map(Price::complement)
        } else {
            let bid = self.exchange.best_bid(position.market).map(|level| level.price);
            bid.or(last)
        };
        price.map_or(Money::ZERO, |price| price * position.quantity.abs())
    }

    /// `GET /portfolio/summary/total_resting_order_value`: over all subaccounts of a user, or of one. Lags as orders
    /// do.
    pub fn resting_order_value(&self, user: UserId, subaccount: Option<Subaccount>) -> RestingOrderValue {
        let mut sums = [Money::ZERO; Shard::ALL.len()];
        let wanted = |order: &&OrderState| subaccount.is_none_or(|wanted| wanted == order.account.subaccount);
        for order in self.records.resting_orders(user).filter(wanted) {
            let shard = self.exchange.shard_of(order.market);
            sums[usize::from(shard.index())] += resting_value(order);
        }
        RestingOrderValue {
            total_resting_order_value: sums.iter().copied().sum(),
            resting_order_value_breakdown: Shard::ALL
                .into_iter()
                .zip(sums)
                .map(|(shard, sum)| indexed(shard, sum))
                .collect(),
        }
    }

    /// `GET /portfolio/deposits`, to all subaccounts of a user or to one, newest first.
    pub fn deposits(&self, user: UserId, subaccount: Option<Subaccount>, page: &PageRequest) -> DepositsPage {
        let page = self.records.deposits(user, subaccount, page);
        let (deposits, cursor) = parts(page.map(|deposit| self.deposit(deposit)));
        DepositsPage { deposits, cursor }
    }

    /// Money comes by wire, at once and without a fee.
    fn deposit(&self, deposit: &records::Deposit) -> Deposit {
        Deposit {
            id: self.public(IdSpace::Other, deposit.number).to_string(),
            status: PaymentStatus::Applied,
            r#type: PaymentType::Wire,
            amount_cents: deposit.amount,
            fee_cents: Money::ZERO,
            created_ts: deposit.time,
            finalized_ts: Some(deposit.time),
        }
    }
}

fn indexed(shard: Shard, balance: Money) -> IndexedBalance {
    IndexedBalance {
        exchange_index: i32::from(shard.index()),
        balance,
    }
}
