//! An event before it happened: [`Plan`].

use kmi_domain::{Event, Market, Series, Timestamp};

use super::hidden::Claim;

/// An event before it happened.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) series: Series,
    pub(crate) event: Event,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) open: Timestamp,
    pub(crate) close: Timestamp,
    /// When the last of the hidden information is out, at or before the close.
    pub(crate) known_by: Timestamp,
    pub(crate) lots: Lots,
}

/// A market without its result, and what decides it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) market: Market,
    pub(crate) claim: Claim,
}

/// In what amounts people trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Lots {
    /// Whole contracts.
    Whole,
    /// Hundredths of a contract.
    Fractional,
}
