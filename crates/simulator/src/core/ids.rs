//! Who and where: users, subaccounts, shards, and the public form of numbers.

use std::fmt;

use kmi_domain::matching::AccountId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A member of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(pub u32);

/// Subaccount of a user, 0 (the primary one) to 63.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subaccount(u8);

impl Subaccount {
    /// The one every user has.
    pub const PRIMARY: Subaccount = Subaccount(0);
    /// How many a user may have, the primary one included.
    pub const COUNT: u8 = 64;

    /// `None` above 63.
    pub const fn new(number: u8) -> Option<Subaccount> {
        if number < Self::COUNT {
            Some(Subaccount(number))
        } else {
            None
        }
    }

    /// 0 to 63.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Shard of the exchange (`exchange_index`), 0 to 3; collateral does not move between them by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Shard(u8);

impl Shard {
    /// Everything that has no shard of its own.
    pub const MAIN: Shard = Shard(0);
    /// Combos.
    pub const COMBOS: Shard = Shard(1);
    /// Crypto and commodities.
    pub const CRYPTO: Shard = Shard(2);
    /// Tennis, baseball and basketball.
    pub const SPORTS: Shard = Shard(3);
    /// All of them.
    pub const ALL: [Shard; 4] = [Shard(0), Shard(1), Shard(2), Shard(3)];

    /// `None` above 3.
    pub const fn new(index: u8) -> Option<Shard> {
        if index < 4 { Some(Shard(index)) } else { None }
    }

    /// 0 to 3.
    pub const fn index(self) -> u8 {
        self.0
    }
}

/// Where a position and its orders belong: a user's subaccount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub user: UserId,
    /// Which of theirs.
    pub subaccount: Subaccount,
}

impl Account {
    /// A user's primary account.
    pub const fn primary(user: UserId) -> Account {
        Account {
            user,
            subaccount: Subaccount::PRIMARY,
        }
    }

    /// Number in the matching engine: orders of one never trade with each other.
    pub const fn matching(self) -> AccountId {
        AccountId(self.user.0 * (Subaccount::COUNT as u32) + self.subaccount.0 as u32)
    }

    /// The account of a number that [`Account::matching`] gave.
    pub const fn of_matching(id: AccountId) -> Account {
        Account {
            user: UserId(id.0 / Subaccount::COUNT as u32),
            subaccount: Subaccount(id.0.to_le_bytes()[0] % Subaccount::COUNT),
        }
    }
}

/// What kind of thing a public id names; ids of different kinds never coincide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IdSpace {
    /// Orders.
    Order = 1,
    /// Trades, and so fills.
    Trade = 2,
    /// Markets.
    Market = 3,
    /// Order groups.
    Group = 4,
    /// Users.
    User = 5,
    /// API keys.
    Key = 6,
    /// Transfers.
    Transfer = 7,
    /// Milestones, structured targets and other things of the catalogue.
    Other = 8,
}

/// Public ids look like random UUIDs but carry the number they stand for, so that no table of them has to be kept.
///
/// They are UUIDs of version 8: 8 bits of kind, and a seed's 64-bit permutation of the number.
impl IdSpace {
    /// Public id of the `number`-th thing of this kind at the exchange of this `seed`.
    pub fn public(self, seed: u64, number: u64) -> Uuid {
        let mixed = permute(number ^ permute(seed ^ self as u64));
        let tag = permute(mixed ^ seed ^ ((self as u64) << 56)) >> 16;
        // 48 bits of check, 4 of version, 8 of kind, 2 of variant, 64 of number: exactly 126.
        let high = (tag << 16) | 0x8000 | (self as u64) << 4 | (mixed >> 62);
        let low = (0b10 << 62) | (mixed & ((1 << 62) - 1));
        Uuid::from_u64_pair(high, low)
    }

    /// The number of a public id of this kind that this seed gave; `None` for any other text.
    pub fn parse(self, seed: u64, text: &str) -> Option<u64> {
        let id = Uuid::try_parse(text).ok()?;
        let (high, low) = id.as_u64_pair();
        let mixed = (low & ((1 << 62) - 1)) | (high & 0b11) << 62;
        let number = unpermute(mixed) ^ permute(seed ^ self as u64);
        (self.public(seed, number) == id).then_some(number)
    }
}

/// The finaliser of `SplitMix64`, a bijection of 64-bit numbers.
const fn permute(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Undoes [`permute`].
const fn unpermute(number: u64) -> u64 {
    let mut z = number;
    z = z ^ (z >> 31) ^ (z >> 62);
    z = z.wrapping_mul(0x3196_42b2_d24d_8ec3);
    z = z ^ (z >> 27) ^ (z >> 54);
    z = z.wrapping_mul(0x96de_1b17_3f11_9089);
    z = z ^ (z >> 30) ^ (z >> 60);
    z.wrapping_sub(0x9e37_79b9_7f4a_7c15)
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_public_id_gives_its_number_back(seed: u64, number: u64) {
            let id = IdSpace::Order.public(seed, number).to_string();
            prop_assert_eq!(IdSpace::Order.parse(seed, &id), Some(number));
            prop_assert_eq!(IdSpace::Trade.parse(seed, &id), None);
            prop_assert_eq!(IdSpace::Order.parse(seed ^ 1, &id), None);
        }
    }

    #[test]
    fn an_account_has_its_number_in_the_engine() {
        let account = Account {
            user: UserId(3),
            subaccount: Subaccount::new(5).unwrap(),
        };
        assert_eq!(account.matching(), AccountId(197));
        assert_eq!(Account::of_matching(account.matching()), account);
    }
}
