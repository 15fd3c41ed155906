//! What records ask of the exchange right after a command: [`Board`].

use kmi_domain::matching::MarketId;
use kmi_domain::{Price, Quantity};
use serde::{Deserialize, Serialize};

use crate::core::{Exchange, Shard};

/// The public state of markets that no event carries whole.
///
/// The exchange is one; tests have another.
pub trait Board {
    /// Best prices of a market.
    fn touch(&self, market: MarketId) -> Touch;
    /// Contracts held on each side of a market.
    fn open_interest(&self, market: MarketId) -> Quantity;
    /// Where a market trades.
    fn shard(&self, market: MarketId) -> Shard;
}

/// Best YES prices of a market. An empty side bids $0 or asks $1, as the exchange writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Highest YES bid.
    pub bid: Price,
    /// Lowest YES ask; the best NO bid is at its complement.
    pub ask: Price,
}

impl Touch {
    /// Of an empty book.
    pub const EMPTY: Touch = Touch {
        bid: Price::ZERO,
        ask: Price::ONE,
    };
}

impl Board for Exchange {
    fn touch(&self, market: MarketId) -> Touch {
        Touch {
            bid: self
                .best_bid(market)
                .map_or(Touch::EMPTY.bid, |level| level.price),
            ask: self
                .best_ask(market)
                .map_or(Touch::EMPTY.ask, |level| level.price),
        }
    }

    fn open_interest(&self, market: MarketId) -> Quantity {
        self.market(market).open_interest
    }

    fn shard(&self, market: MarketId) -> Shard {
        self.shard_of(market)
    }
}
