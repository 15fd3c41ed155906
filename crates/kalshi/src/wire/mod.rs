//! The exchange's JSON, of every generation since 2023.
//!
//! A `…Body` mirrors one JSON object: it keeps each known field as the leaf it was ([`Scalar`]), ignores the rest, and
//! serializes back. Its `to_…` checks and converts into domain types; its `from_…` writes today's generation. Bodies recorded
//! before 2026 count in whole cents and whole contracts (`yes_price: 15`, `count: 6`), those of early 2026 give each amount in
//! both forms, later ones only as strings with a fraction (`yes_price_dollars: "0.1500"`, `count_fp: "6.00"`): prices to a
//! hundredth of a cent, counts to a hundredth of a contract. Where both stand, the exact one counts, and a difference that
//! rounding cannot explain is an error.

pub(crate) mod book;
mod candle;
pub(crate) mod event;
pub(crate) mod field;
pub(crate) mod market;
mod scalar;
mod stream;
pub(crate) mod time;
mod trade;

pub use book::{BookLevels, LevelList, OrderbookBody, OrderbookSides};
pub use candle::{CandleBody, CandlesBody, DistributionBody, PERIODS_MIN, encode_candle, encode_candles};
pub(crate) use candle::{period, period_of_ends};
pub use event::{EventBody, EventResponse, SeriesBody, encode_event_body, encode_series};
pub use field::{Fault, FieldError};
pub use market::{MarketBody, PriceRangeBody};
pub use scalar::Scalar;
pub use stream::{
    AverageBody, DeltaBody, EnvelopeBody, ErrorBody, EventFeeUpdateBody, EventLifecycleBody, LifecycleBody,
    LifecycleMetadataBody, OkBody, ReferenceListBody, ReferenceValueBody, SnapshotBody, SubscriptionBody,
    TickerBody,
};
pub use trade::{TradeBody, encode_trade};

/// JSON of a body, which consists of strings, numbers and lists and so always has one.
pub(crate) fn to_json<T: serde::Serialize>(body: &T) -> String {
    serde_json::to_string(body).expect("bodies hold only what JSON can write")
}
