//! What can be asked of a market without changing it.

use super::matcher::{MarketState, Matcher};
use super::order::{AccountId, OrderId, RestingOrder};
use super::slab::Node;
use crate::grid::TickGrid;
use crate::market::Level;
use crate::side::BookSide;
use crate::units::{Price, Quantity};

impl Matcher {
    /// What the market lets be done.
    pub const fn state(&self) -> MarketState {
        self.state
    }

    /// Prices it takes.
    pub const fn grid(&self) -> &TickGrid {
        &self.grid
    }

    /// Best level of a side, in YES prices.
    pub fn best(&self, side: BookSide) -> Option<Level> {
        let ladder = self.ladder(side);
        let rank = ladder.best()?;
        Some(Level {
            price: ladder.price(rank),
            quantity: ladder.level(rank).total,
        })
    }

    /// Highest YES bid.
    pub fn best_bid(&self) -> Option<Level> {
        self.best(BookSide::Bid)
    }

    /// Lowest YES ask; the best NO bid is at its complement.
    pub fn best_ask(&self) -> Option<Level> {
        self.best(BookSide::Ask)
    }

    /// Levels of a side in YES prices, best first.
    pub fn levels(&self, side: BookSide) -> impl Iterator<Item = Level> {
        self.ladder(side).levels().map(|(price, level)| Level {
            price,
            quantity: level.total,
        })
    }

    /// Contracts resting at a YES price.
    pub fn quantity_at(&self, side: BookSide, price: Price) -> Quantity {
        let ladder = self.ladder(side);
        let rank = ladder.rank(price);
        if ladder.price(rank) == price {
            ladder.level(rank).total
        } else {
            Quantity::ZERO
        }
    }

    /// A resting order.
    pub fn order(&self, order: OrderId) -> Option<RestingOrder> {
        let slot = *self.slots.get(&order)?;
        Some(self.orders.get(slot).view())
    }

    /// Resting orders of a side, in order of priority.
    pub fn orders(&self, side: BookSide) -> impl Iterator<Item = RestingOrder> {
        self.nodes(side).map(Node::view)
    }

    /// Resting orders of an account, bids before asks, each side in order of priority. Walks the whole book.
    pub fn orders_of(&self, account: AccountId) -> impl Iterator<Item = RestingOrder> {
        [BookSide::Bid, BookSide::Ask]
            .into_iter()
            .flat_map(|side| self.orders(side))
            .filter(move |order| order.account == account)
    }

    /// Number of resting orders.
    pub fn order_count(&self) -> usize {
        self.slots.len()
    }

    /// Contracts that fill before this order does: all at better prices, and those ahead of it at its own. Walks the better
    /// levels and the queue ahead.
    pub fn queue_position(&self, order: OrderId) -> Option<Quantity> {
        let slot = *self.slots.get(&order)?;
        let node = self.orders.get(slot);
        let ladder = self.ladder(node.side);
        let rank = ladder.rank(node.price);
        let better: Quantity = ladder
            .ranks()
            .take_while(|better| *better < rank)
            .map(|better| ladder.level(better).total)
            .sum();
        Some(better + self.ahead(node))
    }

    /// Contracts ahead of this order at its own price only.
    pub fn queue_ahead_at_price(&self, order: OrderId) -> Option<Quantity> {
        let slot = *self.slots.get(&order)?;
        Some(self.ahead(self.orders.get(slot)))
    }

    fn ahead(&self, node: &Node) -> Quantity {
        std::iter::successors(node.prev.map(|slot| self.orders.get(slot)), |node| {
            node.prev.map(|slot| self.orders.get(slot))
        })
        .map(|node| node.remaining)
        .sum()
    }

    pub(super) fn nodes(&self, side: BookSide) -> impl Iterator<Item = &Node> {
        self.ladder(side)
            .levels()
            .flat_map(|(_, level)| self.orders.queue(*level))
    }
}
