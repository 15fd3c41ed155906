"""Recorded captures replayed by the exchange, followed by `kmi serve`: its books and its trades are those of the captures."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import board
from exchange import Exchange
from kept import Kept
from program import Kmi
from programs import Server, followed, pages, until
from report import Report, same


def check(report: Report, kmi: Path, folder: Path, name: str, captures: list[Path], seq: str, speed: int) -> None:
    """`speed` is that of the replay: 1 as recorded."""
    if not captures:
        report.skip(f"replay of {name}", "not among the recordings")
        return
    folder = folder / f"replay-{name.split(',')[0]}-{len(captures)}-{captures[0].stem}"
    series = sorted({path.split("-")[0] for path in tickers(captures)})
    # As fast as the machine can, once somebody is there to listen: from the start the first frames wait a second.
    options = ("--tier", "unlimited", "--speed", speed, "--replay-seq", seq, "--replay", *captures)
    with Exchange(kmi, folder / "exchange", *options) as exchange:
        environment = followed(exchange) | {"KMI_POLLER__RECORDED": ",".join(series), "KMI_POLLER__INTERVAL_S": "1"}
        with Server(kmi, folder, environment=environment) as server:
            kept = Kept(folder / "data" / "market.db")
            with report.check(f"replay of {name}: it comes to its end") as figures:
                figures += wait(exchange, prints(captures))
            with report.check(f"replay of {name}: books over REST and relay equal `kmi book replay`") as figures:
                figures += books(Kmi(kmi), exchange, server, captures, seq)
            with report.check(f"replay of {name}: every trade is stored, once") as figures:
                figures += trades(exchange, kept, prints(captures))


def lines(captures: list[Path]):  # noqa: ANN201 - an iterator of messages
    for path in captures:
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else path.open()
        with opened as file:
            for line in file:
                yield json.loads(line)["event"]


def tickers(captures: list[Path]) -> set[str]:
    return {event["msg"]["market_ticker"] for event in lines(captures) if event.get("type") in ("orderbook_snapshot", "trade")}


def prints(captures: list[Path]) -> Counter[tuple[str, int, int]]:
    """Trades of the captures, a repeated one once: market, YES price in $0.0001, quantity in 0.01 contract."""
    found = {}
    for event in lines(captures):
        if event.get("type") == "trade":
            body = event["msg"]
            price, quantity = Decimal(body["yes_price_dollars"]) * 10_000, Decimal(body["count_fp"]) * 100
            found[body["trade_id"]] = (body["market_ticker"], int(price), int(quantity))
    return Counter(found.values())


def wait(exchange: Exchange, expected: Counter) -> list[str]:
    """Until nothing new has happened for some seconds, and all trades were printed."""
    began = time.monotonic()
    before, since = None, time.monotonic()
    while time.monotonic() - since < 4:
        state = exchange.admin("/state")
        seen = (state.get("events"), state.get("hash"))
        if seen != before:
            before, since = seen, time.monotonic()
        assert time.monotonic() - began < 3_600, "the replay never ended"
        time.sleep(0.5)
    printed = len(pages(exchange.rest + "/markets/trades?limit=1000", "trades"))
    same("trades printed", printed, expected.total())
    return [f"{time.monotonic() - began:.0f} s"]


def books(kmi: Kmi, exchange: Exchange, server: Server, captures: list[Path], seq: str) -> list[str]:
    document = kmi.json("book", "replay", *captures, "--seq", seq)
    compared = 0

    def look() -> bool:
        nonlocal compared
        compared = 0
        for market in document["markets"]:
            if market["state"] != "synced":
                continue
            ticker = market["ticker"]
            relay = board.pages_of_book(server.relay, ticker)
            ours = server.api(f"/markets/{ticker}/orderbook?depth=1000")
            same(f"state of {ticker}", ours["state"], "synced")
            for door, sides in (("relay", relay), ("api", {side: levels(ours[side]) for side in ("yes", "no")})):
                for side in ("yes", "no"):
                    best = max((price for price, _ in sides[side]), default=None)
                    best = None if best is None else f"{best:.4f}"
                    same(f"{side}_bid of {ticker}, {door}", best, market[f"{side}_bid"])
                    same(f"{side} levels of {ticker}, {door}", len(sides[side]), market[f"{side}_levels"])
                    sum_of = sum((size for _, size in sides[side]), Decimal(0))
                    same(f"{side} contracts of {ticker}, {door}", sum_of, Decimal(market[f"{side}_contracts"]))
            compared += 1
        return True

    until(look, "books never equalled the replay's", 90, 1)
    assert compared, "no market ended synced"
    exact = board.books_equal(exchange, server, [market["ticker"] for market in document["markets"] if market["state"] == "synced"][:20])
    return [f"{compared} of {len(document['markets'])} markets", *exact]


def levels(side: list[dict]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(one["price"]), Decimal(one["quantity"])) for one in side]


def trades(exchange: Exchange, kept: Kept, expected: Counter) -> list[str]:
    if not expected:
        same("stored trades", sum(kept.trades().values()), 0)
        return ["none in these captures"]
    figures = board.trades_equal(exchange, kept, 120)
    stored = kept.prints()
    missing, more = expected - stored, stored - expected
    same(f"{missing.total()} prints missing, {more.total()} too many, first", (list(missing)[:2], list(more)[:2]), ([], []))
    return figures
