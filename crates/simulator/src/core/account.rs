//! Users, their accounts and money as they stand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kmi_domain::matching::{GroupId, MarketId, OrderId};
use kmi_domain::position::Position;
use kmi_domain::{Money, Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use super::command::KeySpec;
use super::event::{PositionState, TransferState};
use super::ids::{Account, Shard, Subaccount, UserId};

/// A user as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserState {
    /// Number.
    pub id: UserId,
    /// Name, unique.
    pub name: String,
    /// Whether it is one of the exchange's own traders.
    pub is_house: bool,
    /// Subaccounts, the primary one included: they are numbered 0 to this less one.
    pub subaccounts: u8,
    /// When it was opened.
    pub created: Timestamp,
    /// Orders it has in books.
    pub open_orders: u32,
    /// Until when a cancel-all catches new orders, and of which subaccount if of one only.
    pub(super) shadow: Option<(Timestamp, Option<Subaccount>)>,
    pub(super) client_order_ids: UsedIds,
    pub(super) client_transfer_ids: UsedIds,
    pub(super) transfers: VecDeque<TransferState>,
}

impl UserState {
    pub(super) fn new(id: UserId, name: String, is_house: bool, created: Timestamp) -> UserState {
        UserState {
            id,
            name,
            is_house,
            subaccounts: 1,
            created,
            open_orders: 0,
            shadow: None,
            client_order_ids: UsedIds::default(),
            client_transfer_ids: UsedIds::default(),
            transfers: VecDeque::new(),
        }
    }

    /// Its accounts.
    pub fn accounts(&self) -> impl Iterator<Item = Account> + use<> {
        let user = self.id;
        (0..self.subaccounts)
            .filter_map(Subaccount::new)
            .map(move |subaccount| Account { user, subaccount })
    }
}

/// Ids a user gave, as 128 bits of their BLAKE3 hash, so that each takes the same room however long it was.
///
/// The last [`UsedIds::BOUND`] are remembered; with more, the oldest are forgotten and would be taken again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UsedIds {
    known: BTreeSet<[u8; 16]>,
    oldest_first: VecDeque<[u8; 16]>,
}

impl UsedIds {
    /// Ids remembered for one user.
    pub(super) const BOUND: usize = 1_000_000;

    pub(super) fn contains(&self, id: &str) -> bool {
        self.known.contains(&digest(id))
    }

    /// Remembers an id for good, or until it is among too many.
    pub(super) fn insert(&mut self, id: &str) {
        let digest = digest(id);
        if !self.known.insert(digest) {
            return;
        }
        self.oldest_first.push_back(digest);
        if self.oldest_first.len() > Self::BOUND
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Remembers an id until [`UsedIds::release`]: an order in the book, of which there is a bounded number.
    pub(super) fn hold(&mut self, id: &str) {
        self.known.insert(digest(id));
    }

    pub(super) fn release(&mut self, id: &str) {
        self.known.remove(&digest(id));
    }
}

fn digest(id: &str) -> [u8; 16] {
    let hash = blake3::hash(id.as_bytes());
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.as_bytes()[..16]);
    digest
}

/// A key as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyState {
    /// As it was registered.
    pub spec: KeySpec,
    /// When.
    pub created: Timestamp,
}

/// An order group as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupState {
    /// Number.
    pub group: GroupId,
    /// Whose.
    pub account: Account,
    /// Shard its orders trade on.
    pub shard: Shard,
    /// Contracts it may fill in 15 seconds.
    pub limit: Quantity,
    /// Contracts filled in the 15 seconds before the last command.
    pub volume: Quantity,
    /// True when it takes no orders until it is reset.
    pub is_triggered: bool,
    /// Its orders in books, by market and number.
    pub orders: Vec<OrderId>,
    /// When it was created.
    pub created: Timestamp,
}

/// Where all the money is. [`Ledger::total`] changes by deposits only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Cash of all accounts, what is held for orders included.
    pub cash: Money,
    /// What stands behind open contracts: $1 for each pair.
    pub collateral: Money,
    /// Part of it that was given back already, because it is paid in every outcome.
    pub netting_advanced: Money,
    /// Fees taken, rebates deducted.
    pub fees: Money,
    /// On its way between shards.
    pub in_transit: Money,
    /// Paid in, ever.
    pub deposits: Money,
    /// Cash + collateral − advanced + fees + in transit, which must be the deposits.
    pub total: Money,
}

/// An account's money and stakes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccountState {
    pub(super) is_house: bool,
    pub(super) netting: bool,
    pub(super) cash: [Money; 4],
    /// For orders in books; the sum of what its events hold.
    pub(super) held: [Money; 4],
    pub(super) stakes: BTreeMap<MarketId, Stake>,
    /// By event number; those in which nothing is held or advanced are left out.
    pub(super) nets: BTreeMap<u32, Net>,
}

impl AccountState {
    pub(super) fn new(is_house: bool) -> AccountState {
        AccountState {
            is_house,
            netting: true,
            cash: [Money::ZERO; 4],
            held: [Money::ZERO; 4],
            stakes: BTreeMap::new(),
            nets: BTreeMap::new(),
        }
    }

    pub(super) fn cash(&self, shard: Shard) -> Money {
        self.cash[usize::from(shard.index())]
    }

    pub(super) fn cash_mut(&mut self, shard: Shard) -> &mut Money {
        &mut self.cash[usize::from(shard.index())]
    }

    pub(super) fn held(&self, shard: Shard) -> Money {
        self.held[usize::from(shard.index())]
    }

    pub(super) fn free(&self, shard: Shard) -> Money {
        self.cash(shard) - self.held(shard)
    }

    pub(super) fn position(&self, market: MarketId) -> Quantity {
        self.stakes
            .get(&market)
            .map_or(Quantity::ZERO, |stake| stake.position.quantity())
    }

    pub(super) fn net(&self, event: u32) -> Net {
        self.nets.get(&event).copied().unwrap_or_default()
    }

    /// Replaces an event's figures and keeps what is held in step.
    pub(super) fn set_net(&mut self, event: u32, shard: Shard, net: Net) {
        let before = self.net(event).held();
        self.held[usize::from(shard.index())] += net.held() - before;
        if net == Net::default() {
            self.nets.remove(&event);
        } else {
            self.nets.insert(event, net);
        }
    }
}

/// What an account has to do with a market: a position, or orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stake {
    pub(super) position: Position,
    /// Spent on opening, ever.
    pub(super) traded: Money,
    /// Contracts traded, ever.
    pub(super) volume: Quantity,
    pub(super) updated: Option<Timestamp>,
    /// Its orders in the book.
    pub(super) orders: Vec<OrderId>,
    pub(super) tied: Tied,
}

impl Stake {
    pub(super) fn state(&self, account: Account, market: MarketId) -> PositionState {
        PositionState {
            account,
            market,
            quantity: self.position.quantity(),
            cost: self.position.cost(),
            traded: self.traded,
            realized: self.position.realized(),
            fees: self.position.fees(),
            volume: self.volume,
            updated: self.updated.unwrap_or(Timestamp::from_micros(0)),
        }
    }
}

/// What orders may still cost, fees included, told in two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tied {
    /// When contracts held cover the orders that close them.
    pub(super) covered: Money,
    /// When every order has to be good by itself.
    pub(super) uncovered: Money,
}

/// An account's figures in one event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Net {
    /// Sum over the event's markets.
    pub(super) tied: Tied,
    /// Paid to the account already, because its holdings pay it in every outcome.
    pub(super) advanced: Money,
}

impl Net {
    /// What must stay in cash for the event's orders.
    ///
    /// Both figures are enough. With `uncovered` each order pays for itself: closing a contract takes its dollar out, and
    /// lowers what is advanced by a dollar at most. With `covered + advanced` closing orders pay nothing, and all that
    /// was advanced could be asked back. No fill raises cash less either of them, so none makes free cash negative.
    pub(super) fn held(self) -> Money {
        self.tied.uncovered.min(self.tied.covered + self.advanced)
    }
}
