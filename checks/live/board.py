"""Whether what is served equals what the exchange says itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from programs import Server, get, pages, until
from report import same

# In the exchange's market object and in ours.
FIELDS = {
    "yes_bid_dollars": "yes_bid", "yes_ask_dollars": "yes_ask", "yes_bid_size_fp": "yes_bid_size", "yes_ask_size_fp": "yes_ask_size",
    "last_price_dollars": "last_price", "volume_fp": "volume", "open_interest_fp": "open_interest",
}


def of_exchange(exchange: Any) -> dict[str, dict]:
    """Open markets, as the exchange lists them."""
    return {one["ticker"]: one for one in pages(exchange.rest + "/markets?status=open&mve_filter=exclude&limit=1000", "markets")}


def number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def quotes(market: dict) -> dict[str, Decimal]:
    """Ours or theirs in the same words. Where nobody bids or asks, theirs says $0 and $1 and ours nothing."""
    if "yes_bid_dollars" in market:
        return {ours: Decimal(market[theirs]) for theirs, ours in FIELDS.items()}
    missing = {"yes_bid": Decimal(0), "yes_ask": Decimal(1), "last_price": Decimal(0)}
    found = {ours: number(market.get(ours)) for ours in FIELDS.values()}
    return {name: missing.get(name, Decimal(0)) if value is None else value for name, value in found.items()}


def differences(theirs: dict[str, dict], ours: dict[str, dict]) -> list[str]:
    """Markets that are not the same on both, with what differs."""
    wrong = [f"{ticker} is missing" for ticker in sorted(theirs.keys() - ours.keys())]
    for ticker in sorted(theirs.keys() & ours.keys()):
        told, known = quotes(theirs[ticker]), quotes(ours[ticker])
        wrong += [f"{ticker} {name} is {known[name]}, not {value}" for name, value in told.items() if known[name] != value]
    return wrong


def equal(exchange: Any, server: Server, seconds: float = 60) -> list[str]:
    """Waits until all open markets have the exchange's quotes on both doors; nothing may trade meanwhile."""

    def look() -> list[str]:
        theirs = of_exchange(exchange)
        doors = {
            "/api/v1": {one["ticker"]: one for one in pages(server.url + "/api/v1/markets?limit=500", "items", server.token())},
            "relay": {one["ticker"]: one for one in pages(server.relay + "/markets?status=open&limit=1000", "markets")},
        }
        for door, ours in doors.items():
            wrong = differences(theirs, ours)
            same(f"{len(wrong)} differences of {door}, first", wrong[:3], [])
        return [f"{len(theirs)} markets equal"]

    return until(look, "the board never equalled the exchange", seconds, 0.5)


def books_equal(exchange: Any, server: Server, tickers: list[str], seconds: float = 60) -> list[str]:
    """Waits until the books of these markets are the exchange's, level by level, on both doors."""

    def look() -> list[str]:
        levels = 0
        for ticker in tickers:
            book = pages_of_book(exchange.rest, ticker)
            same(f"book of {ticker} on the relay", pages_of_book(server.relay, ticker), book)
            ours = server.api(f"/markets/{ticker}/orderbook?depth=1000")
            same(f"state of {ticker}", ours["state"], "synced")
            for side in ("yes", "no"):
                told = [(Decimal(one["price"]), Decimal(one["quantity"])) for one in ours[side]]
                same(f"{side} of {ticker}", told, book[side][::-1])
                levels += len(told)
        return [f"{len(tickers)} books, {levels} levels equal"]

    return until(look, "books never equalled the exchange's", seconds, 0.5)


def pages_of_book(rest: str, ticker: str) -> dict[str, list]:
    """Both sides ascending, as the exchange sends them."""
    status, body = get(f"{rest}/markets/{ticker}/orderbook")
    if status != 200:
        raise AssertionError(f"book of {ticker}: {status} {str(body)[:200]}")
    sides = body["orderbook_fp"]
    return {side: [(Decimal(price), Decimal(size)) for price, size in sides[f"{side}_dollars"]] for side in ("yes", "no")}


def trades_equal(exchange: Any, kept: Any, seconds: float = 60) -> list[str]:
    """Waits until every trade of the exchange is stored, each once, and no other."""

    def look() -> list[str]:
        theirs = [one["trade_id"] for one in pages(exchange.rest + "/markets/trades?limit=1000", "trades")]
        ours = kept.trades()
        twice = [trade for trade, count in ours.items() if count > 1]
        same("trades stored twice", twice[:3], [])
        missing, others = set(theirs) - set(ours), set(ours) - set(theirs)
        same(f"{len(missing)} of {len(theirs)} trades not stored, {len(others)} that never were, first", (list(missing)[:2], list(others)[:2]), ([], []))
        return [f"{len(theirs):,} trades once each"]

    return until(look, "trades never equalled the exchange's", seconds, 1)
