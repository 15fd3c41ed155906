//! What the stream tells the board.

use std::sync::Arc;

use kmi_domain::{EventTicker, Ticker, Timestamp};
use kmi_kalshi::ws::message::{TickerUpdate, Trade};

use super::freshness::later;
use super::{Board, MarketId, MarketState, Source};
use crate::hub::{ConnectionStatus, Happening, Link};

/// What a quote update changed.
#[derive(Clone, Debug)]
pub enum Taken {
    /// The market is not on the board yet: it is to be asked for.
    Unknown,
    /// Nothing but its age.
    Unchanged,
    /// The market as it is now.
    Changed(Arc<MarketState>),
}

/// What is to be asked for by REST after a message of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowUp {
    /// Nothing.
    Nothing,
    /// A market that is not on the board, or of which the message did not tell all.
    Market(Ticker),
    /// An event of which the message did not tell all.
    Event(EventTicker),
}

impl Taken {
    /// The market as it is now, if it changed.
    pub fn changed(self) -> Option<Arc<MarketState>> {
        match self {
            Taken::Changed(market) => Some(market),
            Taken::Unknown | Taken::Unchanged => None,
        }
    }
}

impl Board {
    /// Takes a quote update.
    pub fn take_ticker(&self, update: &TickerUpdate, at: Timestamp) -> Taken {
        self.inner.pulse.quote(at);
        let _turn = self.write(at);
        let catalogue = self.inner.catalogue.read();
        let Some(id) = catalogue.id(&update.market_ticker) else {
            return Taken::Unknown;
        };
        let Some(mut slot) = catalogue.slot(id) else {
            return Taken::Unknown;
        };
        let Some(known) = slot.market.as_ref() else {
            return Taken::Unknown;
        };
        let quote = known.quote.updated(update);
        let is_same = quote == known.quote;
        slot.quoted = later(slot.quoted, at);
        if let Some(market) = slot.market.as_mut().map(Arc::make_mut) {
            market.version += u64::from(!is_same);
            market.quote = quote;
            market.as_of = later(market.as_of, at);
            market.changed = Some(update.ts_ms);
            market.source = Source::WebSocket;
        }
        let market = slot.market.clone();
        drop(slot);
        drop(catalogue);
        self.learn_uuid(id, update.market_id.as_deref());
        match market {
            Some(market) if !is_same => {
                self.tell(Some(Arc::clone(&market)));
                Taken::Changed(market)
            }
            _ => Taken::Unchanged,
        }
    }

    /// Takes a public trade; false when it is one of those that were told and kept already, which is told nobody again. One of a market that
    /// is not on the board is told to who wants all markets, and not kept.
    pub fn take_trade(&self, mut trade: Trade, at: Timestamp) -> bool {
        self.inner.pulse.hear(at);
        let _turn = self.write(at);
        let id = self.known(&mut trade.market_ticker);
        let trade = Arc::new(trade);
        let Some(id) = id.filter(|id| self.inner.catalogue.read().market(*id).is_some()) else {
            let told = id.unwrap_or(MarketId::UNLISTED);
            self.inner.hub.append(at, Some(told), Happening::Trade(trade));
            return true;
        };
        if !self.inner.trades.write().take(id, Arc::clone(&trade)) {
            return false;
        }
        self.inner.hub.append(at, Some(id), Happening::Trade(trade));
        true
    }

    /// The stream lost quotes, or tells none any more: what was told before ages until it is told or swept anew, and the next quote says
    /// that they come again.
    pub fn break_quotes(&self) {
        self.inner.pulse.break_quotes();
    }

    /// The stream lost trades of any market: who follows them is told ([`Happening::TradesLost`]).
    pub fn lose_trades(&self, at: Timestamp) {
        let _turn = self.write(at);
        self.inner.hub.append(at, None, Happening::TradesLost);
    }

    /// The stream is alive: it said something, a ping perhaps.
    pub fn hear(&self, at: Timestamp) {
        self.inner.pulse.hear(at);
    }

    /// Our connection to the stream came or went. When it goes, all books go stale, and what the stream told begins to age; that is
    /// told once, by [`Happening::Connection`].
    pub fn take_connection(&self, connection: ConnectionStatus) {
        let at = connection.since;
        let _turn = self.write(at);
        if connection.link != Link::Connected {
            self.mark_all_books_stale(at);
        }
        self.inner.pulse.connect(connection.clone());
        self.inner.hub.append(at, None, Happening::Connection(connection));
    }

    /// The number of a name the stream tells, if it has one; the name becomes the one the board has.
    pub(super) fn known(&self, ticker: &mut Ticker) -> Option<MarketId> {
        let catalogue = self.inner.catalogue.read();
        let id = catalogue.id(ticker)?;
        if let Some(market) = catalogue.market(id) {
            // One text in memory for all that name it.
            *ticker = market.ticker().clone();
        }
        Some(id)
    }

    /// The same for a name that is to have one.
    pub(super) fn number(&self, ticker: &mut Ticker) -> MarketId {
        let known = self.known(ticker);
        known.unwrap_or_else(|| self.inner.catalogue.write().number(ticker))
    }
}
