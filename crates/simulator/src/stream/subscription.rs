//! What one connection has subscribed to: [`Subscriptions`].

use std::collections::BTreeMap;

use kmi_domain::matching::MarketId;
use kmi_kalshi::ws::Channel;

/// Markets one connection may have in all its subscriptions.
pub(super) const MAX_MARKETS: usize = 500_000;

/// Whether the NO side of books is told in its own prices or in YES prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPrices {
    /// Its own.
    Own,
    /// Those of YES.
    OfYes,
}

/// What a subscription covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coverage {
    /// Everything, now and later.
    Everything,
    /// These markets; of each the book's clock at its last snapshot, whose changes it includes.
    Markets(BTreeMap<MarketId, u64>),
}

/// A subscription to a channel.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) sid: u64,
    pub(super) channel: Channel,
    pub(super) coverage: Coverage,
    pub(super) no_prices: NoPrices,
    /// `ok` replies do not name all the markets.
    pub(super) is_terse: bool,
    /// Number of its last message.
    seq: u64,
}

impl Subscription {
    /// The number of its next message; `None` where the channel has none.
    pub(super) fn next_seq(&mut self) -> Option<u64> {
        self.seq += 1;
        self.channel.is_sequenced().then_some(self.seq)
    }

    /// The number of its last message, 0 before the first.
    pub(super) fn last_seq(&self) -> Option<u64> {
        self.channel.is_sequenced().then_some(self.seq)
    }

    /// Whether it covers a market at all.
    pub(super) fn covers(&self, market: MarketId) -> bool {
        match &self.coverage {
            Coverage::Everything => true,
            Coverage::Markets(markets) => markets.contains_key(&market),
        }
    }

    /// Whether a change of a market's book is news: not included in the last snapshot sent.
    pub(super) fn is_news(&self, market: MarketId, clock: u64) -> bool {
        match &self.coverage {
            Coverage::Everything => true,
            Coverage::Markets(markets) => markets.get(&market).is_some_and(|since| clock > *since),
        }
    }

    /// Remembers the clock of a snapshot just sent.
    pub(super) fn sent_snapshot(&mut self, market: MarketId, clock: u64) {
        if let Coverage::Markets(markets) = &mut self.coverage
            && let Some(since) = markets.get_mut(&market)
        {
            *since = clock;
        }
    }
}

/// All subscriptions of a connection: at most one a channel.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    by_channel: BTreeMap<Channel, Subscription>,
    last_sid: u64,
}

impl Subscriptions {
    /// The subscription to a channel, made if there is none; true if it was made.
    pub(super) fn open(&mut self, channel: Channel) -> (&mut Subscription, Opened) {
        let last_sid = &mut self.last_sid;
        let mut opened = Opened::Before;
        let subscription = self.by_channel.entry(channel).or_insert_with(|| {
            *last_sid += 1;
            opened = Opened::Now;
            Subscription {
                sid: *last_sid,
                channel,
                coverage: Coverage::Markets(BTreeMap::new()),
                no_prices: NoPrices::Own,
                is_terse: false,
                seq: 0,
            }
        });
        (subscription, opened)
    }

    /// The subscription to a channel.
    pub(super) fn get(&mut self, channel: Channel) -> Option<&mut Subscription> {
        self.by_channel.get_mut(&channel)
    }

    /// The subscription of a number.
    pub(super) fn by_sid(&mut self, sid: u64) -> Option<&mut Subscription> {
        self.by_channel
            .values_mut()
            .find(|subscription| subscription.sid == sid)
    }

    /// Ends the subscription of a number.
    pub(super) fn remove(&mut self, sid: u64) -> Option<Subscription> {
        let channel = self.by_sid(sid)?.channel;
        self.by_channel.remove(&channel)
    }

    /// All of them, by channel.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Subscription> {
        self.by_channel.values()
    }

    /// Markets named in all of them.
    pub(super) fn markets(&self) -> usize {
        let count = |subscription: &Subscription| match &subscription.coverage {
            Coverage::Everything => 0,
            Coverage::Markets(markets) => markets.len(),
        };
        self.by_channel.values().map(count).sum()
    }

    /// True if one tells of the account.
    pub(super) fn has_private(&self) -> bool {
        self.by_channel.keys().any(|channel| channel.is_private())
    }
}

/// Whether a subscription was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// It was made.
    Now,
    /// It was there.
    Before,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_one_subscription_however_often_it_is_asked_for() {
        let mut all = Subscriptions::default();
        assert_eq!(all.open(Channel::Trade).0.sid, 1);
        assert_eq!(all.open(Channel::Fill).0.sid, 2);
        let (again, opened) = all.open(Channel::Trade);
        assert_eq!((again.sid, opened), (1, Opened::Before));
        assert!(all.has_private());
        assert!(all.remove(2).is_some());
        assert!(!all.has_private());
        assert!(all.remove(2).is_none());
    }

    #[test]
    fn numbers_go_up_by_one_from_one_where_the_channel_has_them() {
        let mut all = Subscriptions::default();
        let trades = all.open(Channel::Trade).0;
        assert_eq!((trades.next_seq(), trades.next_seq()), (Some(1), Some(2)));
        let fills = all.open(Channel::Fill).0;
        assert_eq!((fills.next_seq(), fills.last_seq()), (None, None));
    }
}
