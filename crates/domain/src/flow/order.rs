//! Own orders as the flow sees them.

/// How long an order works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeInForce {
    /// What does not fill rests until it is filled, canceled or expired.
    GoodTillCanceled,
    /// What does not fill at once is canceled.
    ImmediateOrCancel,
    /// Fills whole at once or not at all.
    FillOrKill,
}

/// Why what remained of an order was canceled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CancelReason {
    /// Its owner asked.
    User,
    /// Immediate or cancel, and there was no more to be had.
    ImmediateRemainder,
    /// Fill or kill, and there was too little; nothing was filled.
    FillOrKill,
    /// It met an own order on the other side.
    SelfTrade,
    /// Its expiration came.
    Expiry,
    /// The market closed.
    Close,
}
