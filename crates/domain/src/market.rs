//! The catalogue and what is publicly known of it: series, events, markets, trades, candles.

use std::fmt;
use std::str::FromStr;

use crate::grid::TickGrid;
use crate::ids::{EventTicker, SeriesTicker, Ticker, TradeId};
use crate::side::Side;
use crate::time::Timestamp;
use crate::units::{Price, Quantity};

/// A word from a fixed list that the exchange did not use before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of: {1}")]
pub struct UnknownWord(pub String, pub &'static str);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The exchange's word for it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<$name, UnknownWord> {
                match text {
                    $($word => Ok($name::$variant),)*
                    _ => Err(UnknownWord(text.to_owned(), concat!($($word, " "),*))),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Where a market stands in its life, in the exchange's response words, ordered from birth to end.
    MarketStatus {
        /// Listed, not yet open.
        Initialized = "initialized",
        /// Trading.
        Active = "active",
        /// Paused while open.
        Inactive = "inactive",
        /// Past its close, no result yet.
        Closed = "closed",
        /// Has a result, money not yet paid.
        Determined = "determined",
        /// The result is contested.
        Disputed = "disputed",
        /// The result was changed.
        Amended = "amended",
        /// Paid out: final.
        Finalized = "finalized",
    }
}

impl MarketStatus {
    /// True once trading has ended for good.
    #[must_use]
    pub const fn is_past_close(self) -> bool {
        matches!(
            self,
            MarketStatus::Closed
                | MarketStatus::Determined
                | MarketStatus::Disputed
                | MarketStatus::Amended
                | MarketStatus::Finalized
        )
    }
}

words! {
    /// How a series charges, `fee_type` on the wire.
    FeeType {
        /// Takers pay, makers do not.
        Quadratic = "quadratic",
        /// Makers pay a quarter of the taker rate.
        QuadraticWithMakerFees = "quadratic_with_maker_fees",
        /// Makers pay half of the taker rate (combos).
        QuadraticWithComboMakerFees = "quadratic_with_combo_maker_fees",
        /// A schedule the exchange does not publish.
        Flat = "flat",
    }
}

words! {
    /// How collateral is netted across an event's markets, `collateral_return_type` on the wire.
    CollateralReturn {
        /// At most one market resolves yes.
        Mecnet = "MECNET",
        /// Outcomes are ordered thresholds.
        Direcnet = "DIRECNET",
        /// No netting; the empty word.
        None = "",
    }
}

/// Factor on a series' fee rate, in millionths: 0.5 is 500 000. The exchange sends a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FeeMultiplier(u32);

impl FeeMultiplier {
    /// The standard rate.
    pub const ONE: FeeMultiplier = FeeMultiplier(1_000_000);

    /// Factor of `millionths`.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> FeeMultiplier {
        FeeMultiplier(millionths)
    }

    /// Millionths of one.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl FromStr for FeeMultiplier {
    type Err = crate::units::ParseAmountError;

    /// A decimal of up to six decimals, 0 to 1000.
    fn from_str(text: &str) -> Result<FeeMultiplier, Self::Err> {
        let money: crate::units::Money = text.parse()?;
        match u32::try_from(money.micros()) {
            Ok(millionths) if millionths <= 1_000_000_000 => Ok(FeeMultiplier(millionths)),
            _ => Err(crate::units::ParseAmountError::OutOfRange),
        }
    }
}

/// Discovery category of a series or event, in the exchange's words: `Climate and Weather`. Free text, so a `String`.
pub type Category = String;

/// A recurring kind of event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Series {
    /// Name.
    pub ticker: SeriesTicker,
    /// Full title; `None` where only the ticker is known, from an event of the series.
    pub title: Option<String>,
    /// Category; events carry it too.
    pub category: Option<Category>,
    /// How often: `daily`, `custom`, …
    pub frequency: Option<String>,
    /// How it charges; `None` where unknown.
    pub fee_type: Option<FeeType>,
    /// Factor on the fee rate; `None` where unknown.
    pub fee_multiplier: Option<FeeMultiplier>,
}

/// A question with one or more markets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Event {
    /// Name.
    pub ticker: EventTicker,
    /// Series it belongs to.
    pub series: SeriesTicker,
    /// Full title.
    pub title: String,
    /// Short descriptive title.
    pub sub_title: String,
    /// Category; `None` where neither it nor its series says.
    pub category: Option<Category>,
    /// True when at most one market resolves yes.
    pub mutually_exclusive: bool,
    /// How collateral is netted across its markets.
    pub collateral_return: CollateralReturn,
    /// The date it is about.
    pub strike_date: Option<Timestamp>,
    /// Fee type that overrides the series'.
    pub fee_type_override: Option<FeeType>,
    /// Fee multiplier that overrides the series'.
    pub fee_multiplier_override: Option<FeeMultiplier>,
}

/// How a market came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MarketResult {
    /// YES pays $1.
    Yes,
    /// NO pays $1.
    No,
    /// YES pays this, NO the rest of the dollar.
    Scalar(Price),
}

impl MarketResult {
    /// What a contract of `side` pays.
    #[must_use]
    pub const fn payout(self, side: Side) -> Price {
        let yes = match self {
            MarketResult::Yes => Price::ONE,
            MarketResult::No => Price::ZERO,
            MarketResult::Scalar(value) => value,
        };
        match side {
            Side::Yes => yes,
            Side::No => yes.complement(),
        }
    }

    /// The exchange's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            MarketResult::Yes => "yes",
            MarketResult::No => "no",
            MarketResult::Scalar(_) => "scalar",
        }
    }

    /// 1 or 0 for yes and no, `None` for scalar: what calibration counts.
    #[must_use]
    pub const fn outcome(self) -> Option<bool> {
        match self {
            MarketResult::Yes => Some(true),
            MarketResult::No => Some(false),
            MarketResult::Scalar(_) => None,
        }
    }
}

/// One binary question, traded from $0 to $1.
///
/// Partial on purpose: older recordings carry less, so what a recording may lack is an `Option`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Market {
    /// Name.
    pub ticker: Ticker,
    /// Event it belongs to; `None` where the recording does not say.
    pub event: Option<EventTicker>,
    /// Title, often empty; the event's title and the YES subtitle say more.
    pub title: String,
    /// What YES means, short: `83° or below`.
    pub yes_sub_title: String,
    /// What NO means, short.
    pub no_sub_title: String,
    /// First instant of trading.
    pub open_time: Option<Timestamp>,
    /// Last instant of trading.
    pub close_time: Option<Timestamp>,
    /// Where it stands.
    pub status: MarketStatus,
    /// How it came out.
    pub result: Option<MarketResult>,
    /// When it was paid.
    pub settled_time: Option<Timestamp>,
    /// When the exchange expects the result to be known; `None` where the recording does not say.
    pub expected_expiration_time: Option<Timestamp>,
    /// Seconds between determination and payment.
    pub settlement_timer_s: Option<i64>,
    /// Valid order prices; whole cents where the recording does not say.
    pub grid: TickGrid,
    /// Label of the grid.
    pub price_level_structure: Option<String>,
    /// Best YES bid; `None` when there is none.
    pub yes_bid: Option<Price>,
    /// Best YES ask; `None` when there is none.
    pub yes_ask: Option<Price>,
    /// Contracts at the best YES bid.
    pub yes_bid_size: Option<Quantity>,
    /// Contracts at the best YES ask.
    pub yes_ask_size: Option<Quantity>,
    /// Price of the last trade, YES side; `None` before the first.
    pub last_price: Option<Price>,
    /// Contracts traded ever.
    pub volume: Option<Quantity>,
    /// Contracts traded in the last day.
    pub volume_24h: Option<Quantity>,
    /// Contracts held.
    pub open_interest: Option<Quantity>,
    /// How the strike is read: `greater`, `between`, …
    pub strike_type: Option<String>,
    /// Lower strike, in the question's own unit, as written.
    pub floor_strike: Option<String>,
    /// Upper strike, as written.
    pub cap_strike: Option<String>,
    /// Primary rules.
    pub rules_primary: String,
    /// Last change of metadata, where the exchange said.
    pub updated_time: Option<Timestamp>,
}

impl Market {
    /// When its result was known to traders: its payment where recorded, else when it was expected; never before the
    /// close. `None` where neither is recorded.
    #[must_use]
    pub fn result_known_at(&self) -> Option<Timestamp> {
        let known = self.settled_time.or(self.expected_expiration_time)?;
        Some(self.close_time.map_or(known, |close| close.max(known)))
    }
}

/// Someone's public print.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PublicTrade {
    /// Id; unique on the exchange.
    pub id: TradeId,
    /// Market.
    pub ticker: Ticker,
    /// When it was executed.
    pub time: Timestamp,
    /// YES price; the NO price is its complement.
    pub yes_price: Price,
    /// Contracts, above zero.
    pub quantity: Quantity,
    /// The contract the taker gained.
    pub taker: Side,
    /// Matched off the book.
    pub is_block: bool,
}

/// Price level of one side of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Level {
    /// Price.
    pub price: Price,
    /// Contracts resting there.
    pub quantity: Quantity,
}

/// Open, high, low and close of a price over one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ohlc {
    /// First.
    pub open: Price,
    /// Highest.
    pub high: Price,
    /// Lowest.
    pub low: Price,
    /// Last.
    pub close: Price,
}

/// One period of a market's history, as the exchange sums it up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Candle {
    /// Market.
    pub ticker: Ticker,
    /// Length in minutes: 1, 60 or 1440.
    pub period_min: u32,
    /// Inclusive end of the period.
    pub end: Timestamp,
    /// Best YES bid.
    pub yes_bid: Option<Ohlc>,
    /// Best YES ask.
    pub yes_ask: Option<Ohlc>,
    /// Trade prices; `None` when nothing traded.
    pub price: Option<Ohlc>,
    /// Volume-weighted mean of trade prices.
    pub mean: Option<Price>,
    /// Last trade price before the period.
    pub previous: Option<Price>,
    /// Contracts traded in the period.
    pub volume: Quantity,
    /// Contracts held at its end.
    pub open_interest: Quantity,
}
