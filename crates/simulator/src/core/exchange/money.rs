//! Cash: deposits, transfers, netting, and whether an order can be paid.

use kmi_domain::exposure::OpenOrder;
use kmi_domain::fees::{OrderFees, Role};
use kmi_domain::matching::{MarketId, OrderId};
use kmi_domain::{BookSide, CollateralReturn, MarketStatus, Money, Price, Quantity, Side, Timestamp};

use super::super::account::{AccountState, Net, Stake};
use super::super::command::{Command, Outcome, Reply, ShardTransfer, SubaccountTransfer};
use super::super::event::{AccountChange, CashReason, Event, TransferState};
use super::super::ids::{Account, Shard, UserId};
use super::super::netting::{Leg, guaranteed_exclusive, guaranteed_thresholds};
use super::super::order::{price_of_gain, tied};
use super::super::refusal::Refusal;
use super::{Exchange, Wake};

/// All that may ever be paid in, a trillion dollars: every sum of money stays far inside 64 bits.
const MAX_DEPOSITS: Money = Money::from_dollars(1_000_000_000_000);

/// Transfers remembered for one user.
const TRANSFERS_KEPT: usize = 10_000;

/// What an order would do at once, and what it would leave.
pub(super) struct Prospect<'a> {
    pub(super) account: Account,
    pub(super) market: MarketId,
    pub(super) side: BookSide,
    /// Fills as taker at YES prices, in order.
    pub(super) fills: &'a [(Price, Quantity)],
    /// What would rest then.
    pub(super) rests: Option<OpenOrder>,
    /// Own orders that would be gone: canceled on the way, or amended.
    pub(super) gone: &'a [OrderId],
    pub(super) fees: OrderFees,
}

impl Exchange {
    pub(super) fn move_money(&mut self, command: &Command, out: &mut Vec<Event>) -> Outcome {
        match command {
            Command::Deposit {
                account,
                shard,
                amount,
            } => {
                self.find_account(*account)?;
                self.deposit(*account, *shard, *amount, out)?;
                Ok(Reply::Done)
            }
            Command::TransferSubaccount(transfer) => self.transfer_subaccount(transfer, out),
            Command::TransferShard(transfer) => self.transfer_shard(transfer, out),
            Command::SetNetting { account, enabled } => self.set_netting(*account, *enabled, out),
            _ => unreachable!("apply sends movements of money only"),
        }
    }

    pub(super) fn deposit(
        &mut self,
        account: Account,
        shard: Shard,
        amount: Money,
        out: &mut Vec<Event>,
    ) -> Result<(), Refusal> {
        check_amount(amount)?;
        if amount > MAX_DEPOSITS - self.deposits {
            return Err(Refusal::TooMany {
                what: "dollars".to_owned(),
                limit: 1_000_000_000_000,
            });
        }
        self.deposits += amount;
        self.pay(account, shard, amount, CashReason::Deposit, out);
        Ok(())
    }

    /// Changes cash and tells of it.
    pub(super) fn pay(
        &mut self,
        account: Account,
        shard: Shard,
        change: Money,
        reason: CashReason,
        out: &mut Vec<Event>,
    ) {
        if change.is_zero() {
            return;
        }
        let time = self.now;
        let state = self.account_mut(account);
        *state.cash_mut(shard) += change;
        if !state.is_house {
            let cash = state.cash(shard);
            out.push(Event::Cash(AccountChange {
                account,
                shard,
                change,
                cash,
                reason,
                time,
            }));
        }
    }

    fn check_free(&self, account: Account, shard: Shard, required: Money) -> Result<(), Refusal> {
        let available = self.find_account(account)?.free(shard);
        if required > available {
            return Err(Refusal::InsufficientBalance {
                required,
                available,
                shard,
            });
        }
        Ok(())
    }

    fn transfer_subaccount(&mut self, transfer: &SubaccountTransfer, out: &mut Vec<Event>) -> Outcome {
        let SubaccountTransfer {
            user,
            client_transfer_id,
            from,
            to,
            shard,
            amount,
        } = transfer;
        if from == to {
            return Err(Refusal::invalid("to", "must be another subaccount"));
        }
        let ends = ((*from, *shard), (*to, *shard));
        self.check_transfer(*user, client_transfer_id.as_deref(), ends.0, ends.1, *amount)?;
        let now = self.now;
        let state = self.begin_transfer(*user, client_transfer_id.clone(), ends, *amount, Some(now));
        let account = |subaccount| Account {
            user: *user,
            subaccount,
        };
        self.pay(account(*from), *shard, -*amount, CashReason::Transfer, out);
        self.pay(account(*to), *shard, *amount, CashReason::Transfer, out);
        let number = state.transfer;
        out.push(Event::Transfer(state));
        Ok(Reply::Transfer(number))
    }

    fn transfer_shard(&mut self, transfer: &ShardTransfer, out: &mut Vec<Event>) -> Outcome {
        let ShardTransfer {
            user,
            client_transfer_id,
            from,
            to,
            amount,
        } = transfer;
        if from.1 == to.1 {
            return Err(Refusal::invalid("to", "must be another shard"));
        }
        self.check_transfer(*user, client_transfer_id.as_deref(), *from, *to, *amount)?;
        let state = self.begin_transfer(*user, client_transfer_id.clone(), (*from, *to), *amount, None);
        let number = state.transfer;
        let account = Account {
            user: *user,
            subaccount: from.0,
        };
        self.pay(account, from.1, -*amount, CashReason::Transfer, out);
        self.in_transit += *amount;
        out.push(Event::Transfer(state));
        let arrival = self.now.plus_micros(self.rules.shard_transfer_micros.max(0));
        if arrival <= self.now {
            self.arrive(self.now, *user, number, out);
        } else {
            self.wakes.insert((arrival, Wake::Arrive(*user, number)));
        }
        Ok(Reply::Transfer(number))
    }

    fn check_transfer(
        &self,
        user: UserId,
        client_id: Option<&str>,
        from: (super::super::ids::Subaccount, Shard),
        to: (super::super::ids::Subaccount, Shard),
        amount: Money,
    ) -> Result<(), Refusal> {
        self.check_exchange()?;
        let state = self.find_user(user)?;
        check_amount(amount)?;
        for subaccount in [from.0, to.0] {
            self.find_account(Account { user, subaccount })?;
        }
        if let Some(id) = client_id.filter(|id| state.client_transfer_ids.contains(id)) {
            return Err(Refusal::exists("client_transfer_id", id));
        }
        // One under way must still be remembered when it arrives.
        let oldest_is_under_way = state
            .transfers
            .front()
            .is_some_and(|transfer| transfer.arrived.is_none());
        if state.transfers.len() >= TRANSFERS_KEPT && oldest_is_under_way {
            return Err(Refusal::TooMany {
                what: "transfers under way".to_owned(),
                limit: TRANSFERS_KEPT as u64,
            });
        }
        self.check_free(
            Account {
                user,
                subaccount: from.0,
            },
            from.1,
            amount,
        )
    }

    fn begin_transfer(
        &mut self,
        user: UserId,
        client_transfer_id: Option<String>,
        (from, to): (
            (super::super::ids::Subaccount, Shard),
            (super::super::ids::Subaccount, Shard),
        ),
        amount: Money,
        arrived: Option<Timestamp>,
    ) -> TransferState {
        let (transfer, created) = (self.next.transfer, self.now);
        self.next.transfer += 1;
        let user_state = self.user_mut(user);
        if let Some(id) = &client_transfer_id {
            user_state.client_transfer_ids.insert(id);
        }
        let state = TransferState {
            transfer,
            user,
            client_transfer_id,
            from,
            to,
            amount,
            created,
            arrived,
        };
        user_state.transfers.push_back(state.clone());
        if user_state.transfers.len() > TRANSFERS_KEPT {
            user_state.transfers.pop_front();
        }
        state
    }

    /// A transfer between shards arrives.
    pub(super) fn arrive(&mut self, at: Timestamp, user: UserId, transfer: u64, out: &mut Vec<Event>) {
        let state = self
            .user_mut(user)
            .transfers
            .iter_mut()
            .find(|state| state.transfer == transfer)
            .expect("a transfer under way is remembered");
        state.arrived = Some(at);
        let state = state.clone();
        self.in_transit -= state.amount;
        let account = Account {
            user,
            subaccount: state.to.0,
        };
        self.pay(account, state.to.1, state.amount, CashReason::Transfer, out);
        out.push(Event::Transfer(state));
    }

    fn set_netting(&mut self, account: Account, enabled: bool, out: &mut Vec<Event>) -> Outcome {
        self.check_exchange()?;
        let state = self.find_account(account)?;
        if state.netting == enabled {
            return Ok(Reply::Done);
        }
        if !enabled {
            self.check_repayable(state)?;
        }
        let mut events: Vec<u32> = state
            .stakes
            .keys()
            .map(|market| self.market(*market).event)
            .collect();
        events.sort_unstable();
        events.dedup();
        self.account_mut(account).netting = enabled;
        for event in events {
            self.renet(account, event, out);
        }
        Ok(Reply::Done)
    }

    /// Refuses unless all that was advanced can be paid back.
    fn check_repayable(&self, state: &AccountState) -> Result<(), Refusal> {
        for shard in Shard::ALL {
            let nets = state
                .nets
                .iter()
                .filter(|(event, _)| self.events[**event as usize].shard == shard);
            let required: Money = nets
                .map(|(_, net)| net.advanced + net.tied.covered.min(net.tied.uncovered) - net.held())
                .sum();
            let available = state.free(shard);
            if required > available {
                return Err(Refusal::InsufficientBalance {
                    required,
                    available,
                    shard,
                });
            }
        }
        Ok(())
    }

    /// Brings what is advanced to an account in an event up to date.
    pub(super) fn renet(&mut self, account: Account, event: u32, out: &mut Vec<Event>) {
        if !self.events[event as usize].is_netted() {
            return;
        }
        let state = &self.accounts[&account];
        let due = self.guaranteed(state, event, None);
        let net = state.net(event);
        if due == net.advanced {
            return;
        }
        let change = due - net.advanced;
        let shard = self.events[event as usize].shard;
        self.advanced += change;
        self.account_mut(account)
            .set_net(event, shard, Net { advanced: due, ..net });
        self.pay(account, shard, change, CashReason::Netting, out);
    }

    /// What the holdings of an event pay in every outcome, with one position replaced if asked; zero without netting.
    pub(super) fn guaranteed(
        &self,
        state: &AccountState,
        event: u32,
        replaced: Option<(MarketId, Quantity)>,
    ) -> Money {
        if !state.netting {
            return Money::ZERO;
        }
        let event = &self.events[event as usize];
        let leg = |market: &MarketId| {
            let known = self.market(*market);
            match (known.result, replaced) {
                (Some(result), _) if known.status == MarketStatus::Finalized => {
                    Leg::Paid(result.payout(Side::Yes))
                }
                (_, Some((replaced, quantity))) if replaced == *market => Leg::Open(quantity),
                _ => Leg::Open(state.position(*market)),
            }
        };
        match event.spec.collateral_return {
            CollateralReturn::None => Money::ZERO,
            CollateralReturn::Mecnet => guaranteed_exclusive(event.markets.iter().map(leg)),
            CollateralReturn::Direcnet => guaranteed_thresholds(event.thresholds.iter().map(leg)),
        }
    }

    /// Open orders of a stake, without some.
    pub(super) fn open_of(&self, stake: &Stake, gone: &[OrderId]) -> Vec<OpenOrder> {
        let orders = stake.orders.iter().filter(|order| !gone.contains(order));
        orders.map(|order| self.orders[order].open()).collect()
    }

    /// Refuses what would leave less cash than what must be held.
    ///
    /// Everything is computed as it would be booked: each fill with its own fee, the netting, and what is held for all orders
    /// of the account in the market afterwards. Later fills of those never cost more than that; see [`Net::held`].
    pub(super) fn check_funds(&self, prospect: &Prospect<'_>) -> Result<(), Refusal> {
        let Prospect {
            account,
            market,
            side,
            fills,
            rests,
            gone,
            mut fees,
        } = *prospect;
        let known = self.market(market);
        let (event, shard) = (known.event, known.shard);
        let schedule = known.fees.with_waiver(known.spec.fee_waiver_until, self.now);
        let owner = self.find_account(account)?;
        let none = Stake::default();
        let stake = owner.stakes.get(&market).unwrap_or(&none);

        let mut position = stake.position;
        let mut cash = owner.cash(shard);
        for (price, quantity) in fills {
            let own_price = price_of_gain(side, *price);
            let trade_fee = schedule
                .trade_fee(own_price, *quantity, Role::Taker)
                .map_err(|_| Refusal::UnpublishedFees)?;
            let fee = fees.charge(-(own_price * *quantity), trade_fee).total();
            cash += position.apply(side, *price, *quantity, fee).cash - fee;
        }
        let mut open = self.open_of(stake, gone);
        open.extend(rests);
        let after = tied(position.quantity(), &open, known.fees);
        let before = owner.net(event);
        let mut net = before;
        net.tied.covered += after.covered - stake.tied.covered;
        net.tied.uncovered += after.uncovered - stake.tied.uncovered;
        if !fills.is_empty() && self.events[event as usize].is_netted() {
            net.advanced = self.guaranteed(owner, event, Some((market, position.quantity())));
        }
        let held = owner.held(shard) - before.held() + net.held();
        let free = cash + net.advanced - before.advanced - held;
        if free.is_negative() {
            let available = owner.free(shard);
            return Err(Refusal::InsufficientBalance {
                required: available - free,
                available,
                shard,
            });
        }
        Ok(())
    }
}

/// Money moves in steps of the balance's precision, and in one direction.
fn check_amount(amount: Money) -> Result<(), Refusal> {
    if !amount.is_positive() || amount != amount.floor_to(Money::CENTICENT) {
        return Err(Refusal::invalid(
            "amount",
            "must be above zero and a multiple of $0.0001",
        ));
    }
    Ok(())
}
