//! Token buckets of everyone who asks: users by their tier, strangers by their address.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use kmi_domain::Timestamp;
use kmi_kalshi::limit::{Bucket, BucketSpec};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::tier::Tier;
use crate::core::UserId;

/// Strangers remembered; beyond that those with full buckets are forgotten, which changes nothing for them.
const MAX_STRANGERS: usize = 10_000;

/// Which bucket pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// The balance.
    Balance,
}

/// Who pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payer {
    /// A user, with any of their keys.
    User(UserId),
    /// Someone unsigned; `None` is an in-process peer.
    Stranger(Option<IpAddr>),
}

/// Lets requests in as far as their buckets go. Refills by tokio's clock, so that tests can pause it.
#[derive(Debug)]
pub(crate) struct Gate {
    origin: Instant,
    default_tier: Tier,
    stranger_tier: Tier,
    state: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    tiers: HashMap<UserId, Tier>,
    users: HashMap<UserId, Lanes>,
    strangers: HashMap<Option<IpAddr>, Lanes>,
}

/// The buckets of one payer.
#[derive(Debug)]
struct Lanes {
    read: Bucket,
    write: Bucket,
    balance: Bucket,
}

impl Gate {
    /// Full buckets for everyone.
    pub(crate) fn new(default_tier: Tier, stranger_tier: Tier) -> Gate {
        Gate {
            origin: Instant::now(),
            default_tier,
            stranger_tier,
            state: Mutex::default(),
        }
    }

    /// Takes `cost` tokens, or none and says false.
    pub(crate) fn admit(&self, payer: Payer, lane: Lane, cost: u64) -> bool {
        let now = self.now();
        let buckets = &mut *self.state.lock();
        let lanes = match payer {
            Payer::User(user) => {
                let tier = buckets.tiers.get(&user).copied().unwrap_or(self.default_tier);
                lanes_of(&mut buckets.users, user, tier, now)
            }
            Payer::Stranger(address) => {
                if buckets.strangers.len() >= MAX_STRANGERS && !buckets.strangers.contains_key(&address) {
                    buckets.strangers.retain(|_, lanes| !lanes.are_full(now));
                    if buckets.strangers.len() >= MAX_STRANGERS {
                        return false;
                    }
                }
                lanes_of(&mut buckets.strangers, address, self.stranger_tier, now)
            }
        };
        lanes.of(lane).take(now, cost).is_ok()
    }

    /// Tier of a user.
    pub(crate) fn tier(&self, user: UserId) -> Tier {
        self.state
            .lock()
            .tiers
            .get(&user)
            .copied()
            .unwrap_or(self.default_tier)
    }

    /// Puts a user on a tier; what is in their buckets stays, up to the new size.
    pub(crate) fn set_tier(&self, user: UserId, tier: Tier) {
        let now = self.now();
        let mut buckets = self.state.lock();
        buckets.tiers.insert(user, tier);
        if let Some(lanes) = buckets.users.get_mut(&user) {
            lanes.read.resize(tier.read(), now);
            lanes.write.resize(tier.write(), now);
            lanes.balance.resize(tier.balance(), now);
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX))
    }
}

fn lanes_of<K: Eq + Hash>(all: &mut HashMap<K, Lanes>, payer: K, tier: Tier, now: Timestamp) -> &mut Lanes {
    all.entry(payer).or_insert_with(|| {
        let full = |spec: BucketSpec| Bucket::full(spec, now);
        Lanes {
            read: full(tier.read()),
            write: full(tier.write()),
            balance: full(tier.balance()),
        }
    })
}

impl Lanes {
    const fn of(&mut self, lane: Lane) -> &mut Bucket {
        match lane {
            Lane::Read => &mut self.read,
            Lane::Write => &mut self.write,
            Lane::Balance => &mut self.balance,
        }
    }

    fn are_full(&mut self, now: Timestamp) -> bool {
        [&mut self.read, &mut self.write, &mut self.balance]
            .into_iter()
            .all(|bucket| bucket.available(now) >= bucket.spec().capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    const ALICE: Payer = Payer::User(UserId(1));
    const BOB: Payer = Payer::User(UserId(2));

    #[tokio::test(start_paused = true)]
    async fn a_user_spends_their_own_tokens_and_gets_them_back_with_time() {
        let gate = Gate::new(Tier::Basic, Tier::Basic);
        for _ in 0..10 {
            assert!(gate.admit(ALICE, Lane::Write, 10));
        }
        assert!(!gate.admit(ALICE, Lane::Write, 10));
        assert!(gate.admit(BOB, Lane::Write, 10));
        tokio::time::advance(Duration::from_millis(99)).await;
        assert!(!gate.admit(ALICE, Lane::Write, 10));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(gate.admit(ALICE, Lane::Write, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn the_balance_is_asked_once_a_second_whatever_else_is_read() {
        let gate = Gate::new(Tier::Basic, Tier::Basic);
        assert!(gate.admit(ALICE, Lane::Balance, 1));
        assert!(!gate.admit(ALICE, Lane::Balance, 1));
        assert!(gate.admit(ALICE, Lane::Read, 400));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(gate.admit(ALICE, Lane::Balance, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_higher_tier_counts_at_once() {
        let gate = Gate::new(Tier::Basic, Tier::Basic);
        assert!(!gate.admit(ALICE, Lane::Write, 600));
        gate.set_tier(UserId(1), Tier::Advanced);
        assert_eq!(gate.tier(UserId(1)), Tier::Advanced);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(gate.admit(ALICE, Lane::Write, 600));
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_are_told_apart_and_their_number_is_bounded() {
        let gate = Gate::new(Tier::Basic, Tier::Basic);
        let stranger = |number: u32| Payer::Stranger(Some(IpAddr::V4(Ipv4Addr::from_bits(number))));
        for number in 0..10_000 {
            assert!(gate.admit(stranger(number), Lane::Read, 400));
        }
        assert!(!gate.admit(stranger(0), Lane::Read, 10));
        assert!(!gate.admit(stranger(10_000), Lane::Read, 10));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(gate.admit(stranger(10_000), Lane::Read, 10));
    }
}
