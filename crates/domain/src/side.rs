//! Sides: of the contract ([`Side`]), of the act ([`Action`]) and of the one YES book ([`BookSide`]).

use std::fmt;

/// Which contract: YES or NO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Side {
    /// Pays $1 if the event happens.
    Yes,
    /// Pays $1 if it does not.
    No,
}

/// What is done with the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Action {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// Side of the YES book: buying NO at q is an ask at 1 − q, selling NO at q a bid at 1 − q.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BookSide {
    /// Buys YES (or sells NO).
    Bid,
    /// Sells YES (or buys NO).
    Ask,
}

impl Side {
    /// The other contract.
    #[must_use]
    pub const fn opposite(self) -> Side {
        match self {
            Side::Yes => Side::No,
            Side::No => Side::Yes,
        }
    }

    /// `yes` or `no`, as the exchange writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Yes => "yes",
            Side::No => "no",
        }
    }

    /// Side of the YES book on which this contract is bought.
    #[must_use]
    pub const fn book_side(self) -> BookSide {
        match self {
            Side::Yes => BookSide::Bid,
            Side::No => BookSide::Ask,
        }
    }
}

impl BookSide {
    /// The side it trades against.
    #[must_use]
    pub const fn opposite(self) -> BookSide {
        match self {
            BookSide::Bid => BookSide::Ask,
            BookSide::Ask => BookSide::Bid,
        }
    }

    /// The contract a trader on this side gains: a bid gains YES, an ask NO.
    #[must_use]
    pub const fn outcome(self) -> Side {
        match self {
            BookSide::Bid => Side::Yes,
            BookSide::Ask => Side::No,
        }
    }

    /// `bid` or `ask`, as the exchange writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            BookSide::Bid => "bid",
            BookSide::Ask => "ask",
        }
    }

    /// Side of the YES book for an act on a contract: buying YES and selling NO are bids, the other two asks.
    #[must_use]
    pub const fn of(side: Side, action: Action) -> BookSide {
        match (side, action) {
            (Side::Yes, Action::Buy) | (Side::No, Action::Sell) => BookSide::Bid,
            (Side::Yes, Action::Sell) | (Side::No, Action::Buy) => BookSide::Ask,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for BookSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Buy => "buy",
            Action::Sell => "sell",
        })
    }
}
