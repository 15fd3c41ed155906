"""Order books rebuilt from captures in plain Python: counts to hold against `kmi book replay`."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from raw import lines, scaled

SIDES = ("yes", "no")


class Book:
    def __init__(self) -> None:
        self.levels: dict[str, dict[int, int]] = {side: {} for side in SIDES}
        self.synced = True

    def crossed(self) -> bool:
        yes, no = (self.levels[side] for side in SIDES)
        return bool(yes) and bool(no) and max(yes) + max(no) > 10_000


def signed(text: str, decimals: int) -> int:
    return -scaled(text[1:], decimals) if text.startswith("-") else scaled(text, decimals)


def replay(paths: list[Path], strict: bool) -> tuple[Counter, dict[str, dict]]:
    """Counts and final books. `strict`: a jump of seq makes the books of its sid stale; else everything is applied."""
    counts: Counter = Counter()
    books: dict[str, Book] = {}
    for path in paths:
        last_seq: dict[int, int] = {}
        tickers: dict[int, set[str]] = {}
        if strict:
            for book in books.values():
                book.synced = False
        for line in lines(path):
            if line.strip():
                apply(json.loads(line)["event"], counts, books, last_seq, tickers, strict)
    return counts, {ticker: final(book) for ticker, book in sorted(books.items())}


def apply(frame, counts, books, last_seq, tickers, strict) -> None:
    counts["frames"] += 1
    sid, seq = frame.get("sid"), frame.get("seq")
    if sid is not None and seq is not None:
        if sid in last_seq and seq != last_seq[sid] + 1:
            counts["gaps"] += 1
            if strict:
                for ticker in tickers.get(sid, ()):
                    books[ticker].synced = False
        last_seq[sid] = seq
    message = frame.get("msg", {})
    ticker = message.get("market_ticker")
    if frame["type"] == "orderbook_snapshot":
        counts["snapshots"] += 1
        book = books[ticker] = Book()
        tickers.setdefault(sid, set()).add(ticker)
        for side in SIDES:
            for price, count in message.get(f"{side}_dollars_fp") or []:
                book.levels[side][scaled(price, 4)] = scaled(count, 2)
    elif frame["type"] == "orderbook_delta":
        counts["deltas"] += 1
        delta(message, counts, books, strict)
    else:
        counts[{"trade": "trades", "ticker": "tickers"}.get(frame["type"], "other")] += 1
        return
    if ticker in books and books[ticker].synced and books[ticker].crossed():
        counts["crossed"] += 1


def delta(message, counts, books, strict) -> None:
    book = books.get(message["market_ticker"])
    if book is None:
        counts["before_snapshot"] += 1
        return
    if not book.synced:
        counts["stale_deltas"] += 1
        return
    levels, price = book.levels[message["side"]], scaled(message["price_dollars"], 4)
    total = levels.get(price, 0) + signed(message["delta_fp"], 2)
    if total < 0:
        counts["negative_levels"] += 1
        book.synced = not strict
    if total > 0:
        levels[price] = total
    else:
        levels.pop(price, None)


def final(book: Book) -> dict:
    yes, no = (book.levels[side] for side in SIDES)
    return {
        "state": "synced" if book.synced else "stale",
        "yes_bid": f"{max(yes) / 10_000:.4f}" if yes else None,
        "no_bid": f"{max(no) / 10_000:.4f}" if no else None,
        "yes_levels": len(yes),
        "no_levels": len(no),
        "yes_contracts": f"{sum(yes.values()) / 100:.2f}",
        "no_contracts": f"{sum(no.values()) / 100:.2f}",
    }
