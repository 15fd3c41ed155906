//! Markets by the UUIDs that the exchange's stream calls them by; its REST API does not tell them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Board, MarketId};

/// UUIDs as far as the stream told them.
#[derive(Debug, Default)]
pub(super) struct Uuids {
    by_market: BTreeMap<MarketId, Arc<str>>,
    by_uuid: BTreeMap<Arc<str>, MarketId>,
}

impl Uuids {
    /// Takes what a message of the stream says of a market; one that was told before stays.
    pub(super) fn learn(&mut self, market: MarketId, uuid: Option<&str>) {
        let Some(uuid) = uuid.filter(|uuid| !uuid.is_empty()) else {
            return;
        };
        if !self.by_market.contains_key(&market) {
            let uuid: Arc<str> = Arc::from(uuid);
            self.by_uuid.insert(Arc::clone(&uuid), market);
            self.by_market.insert(market, uuid);
        }
    }

    /// Forgets what a market was called by.
    pub(super) fn forget(&mut self, market: MarketId) {
        if let Some(uuid) = self.by_market.remove(&market) {
            self.by_uuid.remove(&uuid);
        }
    }
}

impl Board {
    /// Takes what a message of the stream calls a market.
    pub(super) fn learn_uuid(&self, market: MarketId, uuid: Option<&str>) {
        // Nearly always known already, so that nobody has to wait for it.
        if uuid.is_some() && !self.inner.uuids.read().by_market.contains_key(&market) {
            self.inner.uuids.write().learn(market, uuid);
        }
    }

    /// The UUID by which the exchange's stream calls a market; `None` until the stream has told of it.
    pub fn uuid(&self, market: MarketId) -> Option<Arc<str>> {
        self.inner.uuids.read().by_market.get(&market).cloned()
    }

    /// The market of a UUID; `None` until the stream has told of it.
    pub fn id_of_uuid(&self, uuid: &str) -> Option<MarketId> {
        self.inner.uuids.read().by_uuid.get(uuid).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_keeps_the_uuid_it_was_first_called_by() {
        let mut uuids = Uuids::default();
        uuids.learn(MarketId(7), None);
        uuids.learn(MarketId(7), Some(""));
        assert!(uuids.by_market.is_empty());
        uuids.learn(MarketId(7), Some("a-b"));
        uuids.learn(MarketId(7), Some("c-d"));
        assert_eq!(uuids.by_market.get(&MarketId(7)).map(|uuid| &**uuid), Some("a-b"));
        assert_eq!(uuids.by_uuid.get("a-b"), Some(&MarketId(7)));
        assert_eq!(uuids.by_uuid.get("c-d"), None);
    }
}
