"""Calibration and `fixed_horizon`, recomputed from trades and results: the rules of docs/RESEARCH.md in pandas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

DAY = 86_400_000_000
EDGES = [0, 500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 9500, 10_000]


def last_before(trades: pd.DataFrame, markets: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Per market with result yes or no: the last trade at or before `horizon` microseconds before the close, if any.

    Adds `at`, the row of that trade, and `price`; both missing where there is none. `trades` is in order of time and id.
    """
    decided = markets[markets["result"].isin(["yes", "no"])].drop_duplicates("ticker")
    numbered = trades.assign(at=np.arange(len(trades)))
    joined = numbered.merge(decided[["ticker", "close"]], on="ticker")
    before = joined[joined["time"] <= joined["close"] - horizon]
    last = before.groupby("ticker", as_index=False).agg(at=("at", "max"))
    last["price"] = trades["price"].to_numpy()[last["at"]]
    return decided.merge(last, on="ticker", how="left")


@dataclass
class Calibration:
    n: int
    skipped: int
    brier: float
    log_loss: float
    bins: list[tuple[int, float, float]]
    """Per bin: markets, mean price, share of yes."""


def calibrate(trades: pd.DataFrame, markets: pd.DataFrame, horizon: int) -> Calibration:
    priced = last_before(trades, markets, horizon)
    known = priced.dropna(subset=["price"])
    p = known["price"].to_numpy() / 10_000
    y = (known["result"] == "yes").to_numpy().astype(float)
    happened = np.clip(np.where(y == 1, p, 1 - p), 1e-6, 1)
    bins = []
    for low, high in zip(EDGES, EDGES[1:]):
        inside = (known["price"] >= low) & ((known["price"] < high) | (high == EDGES[-1]))
        inside = inside.to_numpy()
        count = int(inside.sum())
        bins.append((count, p[inside].mean() if count else math.nan, y[inside].mean() if count else math.nan))
    n = len(known)
    if n == 0:
        return Calibration(0, len(priced), math.nan, math.nan, bins)
    brier, log_loss = float(((p - y) ** 2).mean()), float(-np.log(happened).mean())
    return Calibration(n, len(priced) - n, brier, log_loss, bins)


def taker_fee(price: int, count: int, multiplier: int) -> int:
    """In $0.0001: 0.07 × M × C × P × (1 − P), rounded up; price in $0.0001, count in 0.01 contract, M in millionths."""
    # 7/100 × M/10⁶ × count/100 × price/10⁴ × (10⁴ − price)/10⁴ dollars, times 10⁴ for the unit, in integers.
    return -(-7 * multiplier * count * price * (10_000 - price) // 10**14)


@dataclass
class Backtest:
    fills: int
    wins: int
    pnl: int
    """In $0.000001, after fees."""
    fees: int
    turnover: int
    sharpe: float | None
    sortino: float | None
    drawdown: int
    traded: int


def fixed_horizon(
    trades: pd.DataFrame,
    markets: pd.DataFrame,
    horizon: int,
    bet: tuple[str, int, int],
    multipliers: dict[str, int],
    quantity: int = 100,
) -> Backtest:
    """Buys `quantity` (0.01 contract) at the prints after the horizon.

    `bet` is the side bought, and the lowest and highest price ($0.0001) at the horizon. Fees are multiplied by the
    millionths of the series, 1 where unknown.
    """
    side, low, high = bet
    priced = last_before(trades, markets, horizon).dropna(subset=["price"])
    wanted = priced[(priced["price"] >= low) & (priced["price"] <= high)]
    own = {ticker: rows for ticker, rows in trades.groupby("ticker").indices.items()}
    times, prices, counts = (trades[name].to_numpy() for name in ("time", "price", "count"))
    fills = wins = fees = turnover = traded = 0
    booked: dict[int, int] = {}
    for market in wanted.itertuples():
        rows = own[market.ticker]
        after = rows[np.searchsorted(rows, int(market.at), side="right") :]
        left, spent, paid, held = quantity, 0, 0, 0
        for row in after:
            if left == 0 or times[row] >= market.close:
                break
            count = min(left, int(counts[row]))
            price = int(prices[row]) if side == "yes" else 10_000 - int(prices[row])
            fee = taker_fee(price, count, multipliers.get(market.series, 1_000_000))
            left, held, fills = left - count, held + count, fills + 1
            spent, paid = spent + price * count, paid + fee * 100
        if held == 0:
            continue
        won = market.result == side
        traded += 1
        wins += won
        fees, turnover = fees + paid, turnover + spent
        payout = 10_000 * held if won else 0
        booked[market.close] = booked.get(market.close, 0) + payout - spent - paid
    return summed_up(booked, Backtest(fills, wins, 0, fees, turnover, None, None, 0, traded))


def summed_up(booked: dict[int, int], backtest: Backtest) -> Backtest:
    """Adds what follows from P&L by booking time: total, drawdown of the curve that starts at zero, daily ratios."""
    equity = peak = 0
    daily: dict[int, int] = {}
    for time in sorted(booked):
        equity += booked[time]
        peak = max(peak, equity)
        backtest.drawdown = max(backtest.drawdown, peak - equity)
        daily[time // DAY] = daily.get(time // DAY, 0) + booked[time]
    backtest.pnl = equity
    days = list(range(min(daily), max(daily) + 1)) if daily else []
    if len(days) < 2:
        return backtest
    results = np.array([daily.get(day, 0) / 1e6 for day in days])
    deviation = results.std(ddof=1)
    downside = math.sqrt((np.minimum(0, results) ** 2).mean())
    backtest.sharpe = float(results.mean() / deviation * math.sqrt(365)) if deviation > 0 else None
    backtest.sortino = float(results.mean() / downside * math.sqrt(365)) if downside > 0 else None
    return backtest
