//! Positions and their P&L by average cost.
