//! Who listens to what: connections by channel and market, so that a message finds its listeners without asking all.

use std::collections::{BTreeMap, BTreeSet};

use kmi_domain::matching::MarketId;
use kmi_kalshi::ws::Channel;

/// Number of a connection, in order of connecting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ConnectionId(pub(super) u64);

/// Listeners of every channel.
#[derive(Debug, Default)]
pub(super) struct Audience {
    channels: BTreeMap<Channel, Listeners>,
}

#[derive(Debug, Default)]
struct Listeners {
    everywhere: BTreeSet<ConnectionId>,
    markets: BTreeMap<MarketId, BTreeSet<ConnectionId>>,
}

impl Audience {
    /// Adds a listener to all of a channel.
    pub(super) fn add_everywhere(&mut self, channel: Channel, connection: ConnectionId) {
        self.channels
            .entry(channel)
            .or_default()
            .everywhere
            .insert(connection);
    }

    /// Adds a listener to one market of a channel.
    pub(super) fn add(&mut self, channel: Channel, market: MarketId, connection: ConnectionId) {
        let listeners = self.channels.entry(channel).or_default();
        listeners.markets.entry(market).or_default().insert(connection);
    }

    /// Takes a listener of all of a channel away.
    pub(super) fn remove_everywhere(&mut self, channel: Channel, connection: ConnectionId) {
        if let Some(listeners) = self.channels.get_mut(&channel) {
            listeners.everywhere.remove(&connection);
        }
    }

    /// Takes a listener of one market away.
    pub(super) fn remove(&mut self, channel: Channel, market: MarketId, connection: ConnectionId) {
        let Some(listeners) = self.channels.get_mut(&channel) else {
            return;
        };
        if let Some(market_listeners) = listeners.markets.get_mut(&market) {
            market_listeners.remove(&connection);
            if market_listeners.is_empty() {
                listeners.markets.remove(&market);
            }
        }
    }

    /// True if anybody listens to anything of a channel.
    pub(super) fn has_any(&self, channel: Channel) -> bool {
        self.channels
            .get(&channel)
            .is_some_and(|listeners| !listeners.everywhere.is_empty() || !listeners.markets.is_empty())
    }

    /// Puts those who listen to a market of a channel into `found`, each once.
    pub(super) fn of_market(&self, channel: Channel, market: MarketId, found: &mut Vec<ConnectionId>) {
        found.clear();
        let Some(listeners) = self.channels.get(&channel) else {
            return;
        };
        found.extend(&listeners.everywhere);
        // A connection has one subscription to a channel: everywhere, or by market.
        found.extend(listeners.markets.get(&market).into_iter().flatten());
    }

    /// Puts those who listen to all of a channel into `found`.
    pub(super) fn everywhere(&self, channel: Channel, found: &mut Vec<ConnectionId>) {
        found.clear();
        found.extend(
            self.channels
                .get(&channel)
                .into_iter()
                .flat_map(|listeners| &listeners.everywhere),
        );
    }
}
