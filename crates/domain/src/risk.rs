//! Sharpe, Sortino, drawdown and their kin.
