"""Recorded files as pandas frames, read without any of our code: both generations of the exchange's JSON.

Prices are integers of $0.0001, counts of 0.01 contract, times integers of microseconds since 1970.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

TRADE_COLUMNS = ["id", "ticker", "time", "price", "count"]
MARKET_COLUMNS = ["ticker", "event", "series", "category", "close", "result"]


def lines(path: Path) -> Iterator[bytes]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        yield from file


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def micros(times: pd.Series) -> pd.Series:
    parsed = pd.to_datetime(times, utc=True, format="ISO8601")
    return parsed.dt.tz_convert(None).astype("datetime64[us]").astype("int64")


def scaled(text: str, decimals: int) -> int:
    """`12.3` as an integer of 10^-decimals, exactly."""
    whole, _, fraction = text.partition(".")
    if fraction.rstrip("0")[decimals:]:
        raise ValueError(f"{text} has more than {decimals} decimals")
    return int(whole) * 10**decimals + int(fraction[:decimals].ljust(decimals, "0") or 0)


def trade_price(trade: dict) -> int:
    if "yes_price_dollars" in trade:
        return scaled(trade["yes_price_dollars"], 4)
    return trade["yes_price"] * 100


def trade_count(trade: dict) -> int:
    return scaled(trade["count_fp"], 2) if "count_fp" in trade else trade["count"] * 100


def trades(paths: list[Path]) -> pd.DataFrame:
    """Trade objects, one per line."""
    rows = []
    for path in paths:
        for line in lines(path):
            trade = json.loads(line)
            row = (trade["trade_id"], trade["ticker"], trade["created_time"], trade_price(trade), trade_count(trade))
            rows.append(row)
    frame = pd.DataFrame(rows, columns=TRADE_COLUMNS)
    frame["time"] = micros(frame["time"])
    return frame.sort_values(["time", "id"], kind="stable", ignore_index=True)


def markets(paths: list[Path]) -> pd.DataFrame:
    """Markets of event bodies, `{"event": …, "markets": […]}`, one per line or one per file."""
    rows = []
    for path in paths:
        text = b"".join(lines(path))
        bodies = [json.loads(text)] if path.suffix == ".json" else map(json.loads, text.splitlines())
        for body in bodies:
            event = body["event"]
            for market in body.get("markets") or event["markets"]:
                keys = (market["ticker"], event["event_ticker"], event["series_ticker"], event.get("category") or "")
                rows.append((*keys, market["close_time"], market.get("result") or ""))
    frame = pd.DataFrame(rows, columns=MARKET_COLUMNS)
    frame["close"] = micros(frame["close"])
    return frame


def multipliers(paths: list[Path]) -> dict[str, int]:
    """Fee multiplier of each series, in millionths, from series bodies, one per line."""
    found = {}
    for path in paths:
        for line in lines(path):
            body = json.loads(line)
            series = body.get("series", body)
            found[series["ticker"]] = scaled(str(series["fee_multiplier"]), 6)
    return found


def kind(path: Path) -> str:
    """What a file of a synthetic history holds, by its first line."""
    first = next(iter(lines(path)), b"{}")
    try:
        value = json.loads(first)
    except json.JSONDecodeError:
        return "other"
    if not isinstance(value, dict):
        return "other"
    if "trade_id" in value:
        return "trades"
    if "fee_multiplier" in value.get("series", value):
        return "series"
    if isinstance(value.get("event"), dict) and "event_ticker" in value["event"]:
        return "events"
    if isinstance(value.get("event"), dict) and "type" in value["event"] or "recv_ms" in value:
        return "capture"
    return "other"
