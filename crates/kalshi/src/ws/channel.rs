//! What can be subscribed to: [`Channel`].

use std::fmt;
use std::str::FromStr;

/// A stream of one kind of message. A connection has at most one subscription to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Books: a snapshot of each market, then its changes.
    OrderbookDelta,
    /// Best quotes and totals of markets.
    Ticker,
    /// Public trades.
    Trade,
    /// One's own fills.
    Fill,
    /// One's own positions.
    MarketPositions,
    /// One's own orders.
    UserOrders,
    /// One's own order groups.
    OrderGroupUpdates,
    /// Markets and events that are listed, paused, closed, determined, settled or changed.
    MarketLifecycle,
    /// The same for combos.
    MultivariateMarketLifecycle,
    /// Requests for quotes, and quotes.
    Communications,
    /// Indices of CF Benchmarks, once a second.
    CfBenchmarksValue,
    /// Indices of CF Benchmarks, five times a second.
    CfBenchmarksValue5Hz,
    /// Prices of Pyth.
    PythValue,
}

/// What a subscription says about markets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarketFilter {
    /// It must name them, by ticker.
    Required,
    /// It may name them; otherwise it covers all.
    Optional,
    /// It covers everything, whatever it names.
    Ignored,
}

/// A text that names no channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no channel")]
pub struct UnknownChannel(pub String);

const NAMES: [(Channel, &str); 13] = [
    (Channel::OrderbookDelta, "orderbook_delta"),
    (Channel::Ticker, "ticker"),
    (Channel::Trade, "trade"),
    (Channel::Fill, "fill"),
    (Channel::MarketPositions, "market_positions"),
    (Channel::UserOrders, "user_orders"),
    (Channel::OrderGroupUpdates, "order_group_updates"),
    (Channel::MarketLifecycle, "market_lifecycle_v2"),
    (
        Channel::MultivariateMarketLifecycle,
        "multivariate_market_lifecycle",
    ),
    (Channel::Communications, "communications"),
    (Channel::CfBenchmarksValue, "cfbenchmarks_value"),
    (Channel::CfBenchmarksValue5Hz, "cfbenchmarks_value_5hz"),
    (Channel::PythValue, "pyth_value"),
];

impl Channel {
    /// Every channel, in the order of the variants.
    pub fn all() -> impl Iterator<Item = Channel> {
        NAMES.iter().map(|(channel, _)| *channel)
    }

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// Whether its messages, and the replies scoped to its subscription, carry a `seq` that goes up by one.
    pub const fn is_sequenced(self) -> bool {
        match self {
            Channel::OrderbookDelta
            | Channel::Trade
            | Channel::OrderGroupUpdates
            | Channel::MarketLifecycle
            | Channel::MultivariateMarketLifecycle
            | Channel::Communications => true,
            Channel::Ticker
            | Channel::Fill
            | Channel::MarketPositions
            | Channel::UserOrders
            | Channel::CfBenchmarksValue
            | Channel::CfBenchmarksValue5Hz
            | Channel::PythValue => false,
        }
    }

    /// Whether it tells of one account only, so that what is lost cannot be read from anyone else.
    pub const fn is_private(self) -> bool {
        matches!(
            self,
            Channel::Fill
                | Channel::MarketPositions
                | Channel::UserOrders
                | Channel::OrderGroupUpdates
                | Channel::Communications
        )
    }

    /// What a subscription says about markets.
    pub const fn market_filter(self) -> MarketFilter {
        match self {
            Channel::OrderbookDelta => MarketFilter::Required,
            Channel::Ticker
            | Channel::Trade
            | Channel::Fill
            | Channel::MarketPositions
            | Channel::UserOrders => MarketFilter::Optional,
            _ => MarketFilter::Ignored,
        }
    }

    /// Whether markets may be named by `market_id` too.
    pub const fn takes_market_ids(self) -> bool {
        matches!(self, Channel::Ticker)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = UnknownChannel;

    fn from_str(name: &str) -> Result<Channel, UnknownChannel> {
        NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(channel, _)| *channel)
            .ok_or_else(|| UnknownChannel(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_reads_back_from_its_name() {
        for channel in Channel::all() {
            assert_eq!(channel.as_str().parse(), Ok(channel));
        }
        assert_eq!(
            "orderbook".parse::<Channel>(),
            Err(UnknownChannel("orderbook".to_owned()))
        );
    }

    #[test]
    fn what_is_ones_own_and_not_sequenced_is_fills_positions_and_orders() {
        let own: Vec<Channel> = Channel::all()
            .filter(|channel| channel.is_private() && !channel.is_sequenced())
            .collect();
        assert_eq!(
            own,
            [Channel::Fill, Channel::MarketPositions, Channel::UserOrders]
        );
    }
}
