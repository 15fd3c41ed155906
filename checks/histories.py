"""The checks of one recorded history: what `kmi` makes of it against what its raw files say."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd

import rules
from program import Kmi
from report import Report, close, same

HOUR = 3_600_000_000
# Far behind everything recorded: all days move to the archive.
EVERYTHING = "2100-01-01"


@dataclass(frozen=True)
class History:
    """Raw files, and what an independent reader finds in them."""

    name: str
    paths: list[Path]
    """Files or folders to import."""
    trades: pd.DataFrame
    markets: pd.DataFrame
    bets: list[tuple[str, str, str]]
    """Side, lowest and highest price of the fixed_horizon runs to recompute."""
    multipliers: dict[str, int] = field(default_factory=dict)
    """Fee multiplier of each series that has one, in millionths."""

    def selection(self) -> list[str]:
        """Options that select the markets of this history among others."""
        series = sorted(self.markets["series"].unique())
        return [word for ticker in series for word in ("--series", ticker)]


def without(document: dict, *keys: str) -> dict:
    return {key: value for key, value in document.items() if key not in keys}


def check_import(report: Report, kmi: Kmi, history: History, where: str) -> None:
    orphans = int((~history.trades["ticker"].isin(history.markets["ticker"])).sum())
    with report.check(f"{history.name}: import into {where}") as figures:
        document = kmi.json("import", *history.paths)
        totals = document["totals"]
        same("series", totals["series"], history.markets["series"].nunique())
        same("events", totals["events"], history.markets["event"].nunique())
        same("markets", totals["markets"], history.markets["ticker"].nunique())
        same("trades", totals["trades"], history.trades["id"].nunique())
        same("trades without a market", sum(file["without_market"] for file in document["files"]), orphans)
        same("rejected", sum(file["rejected"] for file in document["files"]), 0)
        names = ("series", "events", "markets", "trades")
        figures += [f"{totals[name]:,} {name}" for name in names] + [f"{orphans:,} without a market"]
    with report.check(f"{history.name}: import into {where} again inserts nothing"):
        document = kmi.json("import", *history.paths)
        same("inserted", sum(file["inserted"] for file in document["files"]), 0)
        same("rows kept", document["totals"]["trades"], 0)


def check_calibration(report: Report, kmi: Kmi, history: History, where: str) -> None:
    for horizon in (12, 1):
        with report.check(f"{history.name}: calibration {horizon}h from {where}") as figures:
            document = kmi.json("calibrate", "--horizon", f"{horizon}h", *history.selection())
            mine = rules.calibrate(history.trades, history.markets, horizon * HOUR)
            same("n", document["n"], mine.n)
            same("skipped", document["skipped"]["no_trade_before_horizon"], mine.skipped)
            close("Brier score", document["brier"], mine.brier)
            close("log loss", document["log_loss"], mine.log_loss)
            parts = [document[key] for key in ("reliability", "uncertainty", "within_bin")]
            close("Murphy's sum", sum(parts) - document["resolution"], mine.brier)
            for ours, (count, price, hits) in zip(document["bins"], mine.bins, strict=True):
                same(f"n from {ours['lo']}", ours["n"], count)
                if count:
                    close(f"mean price from {ours['lo']}", ours["mean_price"], price)
                    close(f"hit rate from {ours['lo']}", ours["hit_rate"], hits)
            figures += [f"n {mine.n:,}", f"{mine.skipped:,} skipped", f"Brier {mine.brier:.6f}"]
            figures.append(f"log loss {mine.log_loss:.6f}")


def run_fixed_horizon(kmi: Kmi, history: History, side: str, low: str, high: str) -> dict:
    params = {"horizon": "12h", "side": side, "min_price": low, "max_price": high}
    words = [word for key, value in params.items() for word in ("--param", f"{key}={value}")]
    return kmi.json("backtest", "run", "--strategy", "fixed_horizon", *words, *history.selection())


def check_backtests(report: Report, kmi: Kmi, history: History, where: str) -> None:
    for side, low, high in history.bets:
        with report.check(f"{history.name}: fixed_horizon {side} {low} to {high} from {where}") as figures:
            document = run_fixed_horizon(kmi, history, side, low, high)
            bet = (side, int(Decimal(low) * 10_000), int(Decimal(high) * 10_000))
            mine = rules.fixed_horizon(history.trades, history.markets, 12 * HOUR, bet, history.multipliers)
            compare(document, mine)
            same("markets", document["markets"], history.markets["ticker"].nunique())
            figures += [f"{mine.fills:,} fills", f"{mine.wins:,} wins", f"P&L {mine.pnl / 1e6:.4f}"]
            figures += [f"fees {mine.fees / 1e6:.4f}", f"drawdown {mine.drawdown / 1e6:.4f}"]
            if mine.sharpe is not None:
                figures.append(f"Sharpe {mine.sharpe:.4f}")


def compare(document: dict, mine: rules.Backtest) -> None:
    same("fills", document["fills"], mine.fills)
    same("wins", document["wins"], mine.wins)
    amounts = {"total_pnl": mine.pnl, "fees": mine.fees, "turnover": mine.turnover, "max_drawdown": mine.drawdown}
    for key, micros in amounts.items():
        same(key, Decimal(document[key]), Decimal(micros) / 1_000_000)
    for key, ratio in {"sharpe": mine.sharpe, "sortino": mine.sortino}.items():
        if ratio is None:
            same(key, document[key], None)
        else:
            close(key, document[key], ratio)
    if mine.traded:
        close("win_rate", document["win_rate"], mine.wins / mine.traded)


def answers(kmi: Kmi, history: History) -> dict:
    """Everything asked of a database that must not depend on where its rows lie."""
    found = {"calibration": kmi.json("calibrate", "--horizon", "12h", "--by", "category", *history.selection())}
    for side, low, high in history.bets:
        found[f"fixed_horizon {side} {low}"] = run_fixed_horizon(kmi, history, side, low, high)
    learned = kmi.json("backtest", "run", "--strategy", "calibration_edge", *history.selection())
    found["calibration_edge"] = learned
    # What differs from run to run: the run's own name, clock and speed.
    return {
        question: without(answer, "id", "created", "created_at", "seconds", "events_per_s")
        for question, answer in found.items()
    }


def check_archive(report: Report, kmi: Kmi, history: History, where: str) -> None:
    """Moves everything to Parquet: the answers stay, and other people's tools read the same rows."""
    with report.check(f"{history.name}: answers from {where}'s archive are those from {where}"):
        before = answers(kmi, history)
        kmi.json("archive", "roll", "--before", EVERYTHING)
        after = answers(kmi, history)
        for question, answer in before.items():
            same(question, after[question], answer)
    with report.check(f"{history.name}: {where}'s archive verifies"):
        kmi.json("archive", "verify")
    check_parquet(report, kmi, history, where)


def check_parquet(report: Report, kmi: Kmi, history: History, where: str) -> None:
    folder = kmi.data_dir / "archive" / "trades"
    tickers = set(history.trades["ticker"])
    rows, contracts = len(history.trades), int(history.trades["count"].sum())
    notional = int((history.trades["price"] * history.trades["count"]).sum())
    with report.check(f"{history.name}: DuckDB reads {where}'s archive") as figures:
        query = """
            select count(*), sum(count * 100)::bigint, sum((yes_price * 10000)::bigint * (count * 100)::bigint)::bigint,
                   count(distinct day)
            from read_parquet(?, hive_partitioning = true) where ticker in (select unnest(?))
        """
        found = duckdb.execute(query, [f"{folder}/*/*.parquet", sorted(tickers)]).fetchone()
        same("rows, contracts, notional", found[:3], (rows, contracts, notional))
        figures += [f"{rows:,} trades", f"{found[3]:,} days"]
    with report.check(f"{history.name}: pandas reads {where}'s archive"):
        frame = pd.concat([pd.read_parquet(path) for path in sorted(folder.rglob("*.parquet"))])
        own = frame[frame["ticker"].astype(str).isin(tickers)]
        same("rows", len(own), rows)
        same("ids", set(own["trade_id"]), set(history.trades["id"]))
        same("dollars", sum(own["yes_price"]), Decimal(int(history.trades["price"].sum())) / 10_000)
