//! API usage tiers and what each may spend.

use std::str::FromStr;

use kmi_kalshi::limit::BucketSpec;

/// How much a user may ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// 200 tokens a second to read (two seconds of burst), 100 to write.
    #[default]
    Basic,
    /// 300 and 300, with two seconds of burst.
    Advanced,
    /// 600 and 600, with two seconds of burst to write.
    Expert,
    /// 1,200 and 1,200.
    Premier,
    /// 2,400 and 2,400.
    Paragon,
    /// 4,800 and 4,800.
    Prime,
    /// 12,000 and 9,600.
    Prestige,
    /// No limits, which Kalshi gives nobody: for measuring.
    Unlimited,
}

/// A tier's name that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no API usage tier")]
pub struct UnknownTier(pub String);

/// Tokens a second that nobody uses up.
const ENDLESS: u64 = 1 << 32;

impl Tier {
    /// All of them, lowest first.
    pub const ALL: [Tier; 8] = [
        Tier::Basic,
        Tier::Advanced,
        Tier::Expert,
        Tier::Premier,
        Tier::Paragon,
        Tier::Prime,
        Tier::Prestige,
        Tier::Unlimited,
    ];

    /// Its name, in lower case as `GET /account/limits` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Basic => "basic",
            Tier::Advanced => "advanced",
            Tier::Expert => "expert",
            Tier::Premier => "premier",
            Tier::Paragon => "paragon",
            Tier::Prime => "prime",
            Tier::Prestige => "prestige",
            Tier::Unlimited => "unlimited",
        }
    }

    /// Bucket for reads.
    pub const fn read(self) -> BucketSpec {
        match self {
            Tier::Basic => bucket(200, 2),
            Tier::Advanced => bucket(300, 2),
            Tier::Expert => bucket(600, 1),
            Tier::Premier => bucket(1_200, 1),
            Tier::Paragon => bucket(2_400, 1),
            Tier::Prime => bucket(4_800, 1),
            Tier::Prestige => bucket(12_000, 1),
            Tier::Unlimited => bucket(ENDLESS, 1),
        }
    }

    /// Bucket for writes.
    pub const fn write(self) -> BucketSpec {
        match self {
            Tier::Basic => bucket(100, 1),
            Tier::Advanced => bucket(300, 2),
            Tier::Expert => bucket(600, 2),
            Tier::Premier => bucket(1_200, 2),
            Tier::Paragon => bucket(2_400, 2),
            Tier::Prime => bucket(4_800, 2),
            Tier::Prestige => bucket(9_600, 2),
            Tier::Unlimited => bucket(ENDLESS, 1),
        }
    }

    /// Bucket of `GET /portfolio/balance`, one token each, no burst.
    pub const fn balance(self) -> BucketSpec {
        match self {
            Tier::Basic | Tier::Advanced => bucket(1, 1),
            Tier::Unlimited => bucket(ENDLESS, 1),
            _ => BucketSpec {
                refill_rate: 5,
                capacity: 1,
            },
        }
    }
}

const fn bucket(refill_rate: u64, seconds: u64) -> BucketSpec {
    BucketSpec {
        refill_rate,
        capacity: refill_rate * seconds,
    }
}

impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(text: &str) -> Result<Tier, UnknownTier> {
        Tier::ALL
            .into_iter()
            .find(|tier| tier.name() == text)
            .ok_or_else(|| UnknownTier(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_is_read_by_its_name() {
        for tier in Tier::ALL {
            assert_eq!(tier.name().parse(), Ok(tier));
        }
        assert_eq!("gold".parse::<Tier>(), Err(UnknownTier("gold".to_owned())));
    }

    #[test]
    fn basic_reads_two_seconds_at_once_and_writes_one() {
        assert_eq!(Tier::Basic.read().capacity, 400);
        assert_eq!(Tier::Basic.write().capacity, 100);
        assert_eq!(Tier::Prime.write().refill_rate, 4_800);
        assert_eq!(Tier::Expert.balance().capacity, 1);
    }
}
