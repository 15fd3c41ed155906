//! What a reader wants to hear of: [`Interest`], over a [`MarketSet`].

use crate::board::MarketId;

/// Kinds of events a reader wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of kinds, each by its name, of which a reader wants any"
)]
pub struct Kinds {
    /// [`Happening::Market`](super::Happening::Market).
    pub markets: bool,
    /// [`Happening::BookSnapshot`](super::Happening::BookSnapshot), [`Happening::BookDelta`](super::Happening::BookDelta) and
    /// [`Happening::BookStale`](super::Happening::BookStale).
    pub books: bool,
    /// [`Happening::Trade`](super::Happening::Trade) and [`Happening::TradesLost`](super::Happening::TradesLost).
    pub trades: bool,
    /// [`Happening::Lifecycle`](super::Happening::Lifecycle).
    pub lifecycle: bool,
    /// [`Happening::Connection`](super::Happening::Connection).
    pub connection: bool,
}

/// What a reader wants to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Kinds.
    pub kinds: Kinds,
    /// Markets; `None` is all. Events about no market are always of interest.
    pub markets: Option<MarketSet>,
}

/// A set of markets, a bit for each number the board has given: 2.5 kB for 20,000 markets.
#[derive(Clone, Debug, Default)]
pub struct MarketSet {
    words: Vec<u64>,
    len: usize,
}

impl Kinds {
    /// All of them.
    pub const ALL: Kinds = Kinds {
        markets: true,
        books: true,
        trades: true,
        lifecycle: true,
        connection: true,
    };

    /// The same as bits.
    pub(super) fn bits(self) -> u8 {
        u8::from(self.markets)
            | u8::from(self.books) << 1
            | u8::from(self.trades) << 2
            | u8::from(self.lifecycle) << 3
            | u8::from(self.connection) << 4
    }
}

impl Interest {
    /// Whether an event of these kinds (bits), about this market, is of interest.
    pub(super) fn covers(&self, kinds: u8, market: Option<MarketId>) -> bool {
        if kinds & self.kinds.bits() == 0 {
            return false;
        }
        match (&self.markets, market) {
            (Some(markets), Some(market)) => markets.contains(market),
            _ => true,
        }
    }
}

impl MarketSet {
    /// An empty set.
    pub fn new() -> MarketSet {
        MarketSet::default()
    }

    /// Puts a market in; false when it was there.
    pub fn insert(&mut self, market: MarketId) -> bool {
        let (word, bit) = place(market);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let is_new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        self.len += usize::from(is_new);
        is_new
    }

    /// Takes a market out; false when it was not there.
    pub fn remove(&mut self, market: MarketId) -> bool {
        let was_there = self.contains(market);
        if was_there {
            let (word, bit) = place(market);
            self.words[word] &= !bit;
            self.len -= 1;
        }
        was_there
    }

    /// Whether a market is in it.
    pub fn contains(&self, market: MarketId) -> bool {
        let (word, bit) = place(market);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// How many markets are in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The markets, by number.
    pub fn iter(&self) -> impl Iterator<Item = MarketId> + '_ {
        let numbers = (0_u32..).step_by(64).zip(&self.words);
        numbers.flat_map(|(first, &word)| {
            (0..64_u32)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| MarketId(first + bit))
        })
    }
}

const fn place(market: MarketId) -> (usize, u64) {
    (market.place() / 64, 1 << (market.place() % 64))
}

impl PartialEq for MarketSet {
    /// Equal when the same markets are in both, whatever room they have.
    fn eq(&self, other: &MarketSet) -> bool {
        self.len == other.len && self.words.iter().zip(&other.words).all(|(a, b)| a == b)
    }
}

impl Eq for MarketSet {}

impl Extend<MarketId> for MarketSet {
    fn extend<I: IntoIterator<Item = MarketId>>(&mut self, markets: I) {
        for market in markets {
            self.insert(market);
        }
    }
}

impl FromIterator<MarketId> for MarketSet {
    fn from_iter<I: IntoIterator<Item = MarketId>>(markets: I) -> MarketSet {
        let mut set = MarketSet::new();
        set.extend(markets);
        set
    }
}
