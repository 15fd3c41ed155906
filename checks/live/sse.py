"""Event streams: who comes back misses nothing, and who stops reading harms nobody."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import board
from exchange import Exchange
from programs import Server, pages, until
from report import Report, same

MIB = 1 << 20
STUCK = 20
CUTS = 5


class Event:
    """What came between two empty lines."""

    def __init__(self, number: str | None, kind: str, data: Any) -> None:
        self.number, self.kind, self.data = number, kind, data


class Reader(threading.Thread):
    """Reads a stream and keeps the markets as it tells of them."""

    def __init__(self, server: Server, path: str, last: str | None = None) -> None:
        super().__init__(daemon=True)
        address = urlsplit(server.url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        headers = {"Accept": "text/event-stream"} | ({} if last is None else {"Last-Event-ID": last})
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise AssertionError(f"GET {path}: {self.answer.status} {self.answer.read()[:300]!r}")
        self.events: list[Event] = []
        self.markets: dict[str, dict] = {}
        self.failure: str | None = None
        self.has_more = False
        self.is_over = False

    def run(self) -> None:
        try:
            self.read()
        except Exception as error:  # noqa: BLE001 - a stream that was cut; told where it matters
            if not self.is_over:
                self.failure = f"{type(error).__name__} {error}"

    def read(self) -> None:
        number, kind, lines = None, "message", []
        for raw in self.answer:
            line = raw.decode().rstrip("\n").rstrip("\r")
            if line:
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if name == "id":
                    number = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    lines.append(value)
                continue
            if lines:
                self.take(Event(number, kind, json.loads("\n".join(lines))))
            number, kind, lines = None, "message", []

    def take(self, event: Event) -> None:
        if event.kind == "snapshot":
            # Of many markets it comes in parts.
            if not self.has_more:
                self.markets.clear()
            self.has_more = event.data["data"].get("more", False)
        for market in markets_in(event.data):
            self.markets[market["ticker"]] = self.markets.get(market["ticker"], {}) | market
        self.events.append(event)

    def last(self) -> str | None:
        return next((event.number for event in reversed(self.events) if event.number), None)

    def close(self) -> None:
        self.is_over = True
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.connection.close()
        self.join(10)


def markets_in(data: Any) -> list[dict]:
    """All market objects anywhere in an event."""
    if isinstance(data, list):
        return [market for one in data for market in markets_in(one)]
    if not isinstance(data, dict):
        return []
    if "ticker" in data and "yes_bid" in data and "status" in data:
        return [data]
    return [market for one in data.values() for market in markets_in(one)]


def check(report: Report, exchange: Exchange, server: Server) -> None:
    tickers = [one["ticker"] for one in server.api("/markets?limit=40")["items"]]
    path = f"/api/v1/sse/markets?kinds=market,trade&tickers={','.join(tickers)}"
    with report.check("event streams: who comes back with Last-Event-ID misses nothing") as figures:
        figures += resumed(exchange, server, path, tickers)
    with report.check("event streams: an id nobody knows gets a snapshot") as figures:
        figures += unknown(server, path)
    with report.check("event streams: readers that stop reading delay nobody, and memory stays bounded") as figures:
        figures += stuck(exchange, server, path, tickers)


def resumed(exchange: Exchange, server: Server, path: str, tickers: list[str]) -> list[str]:
    whole, parts = Reader(server, path), [Reader(server, path)]
    for reader in (whole, parts[0]):
        reader.start()
    snapshots = 0
    for number in range(CUTS):
        reader = parts[-1]
        until(lambda: len(reader.events) > 3 and reader.last(), "hardly an event came", 30)
        time.sleep(0.5)
        reader.close()
        # Now and then long enough for much to happen meanwhile.
        time.sleep(0.2 + number * 0.7)
        again = Reader(server, path, reader.last())
        again.markets = dict(reader.markets)
        again.start()
        until(lambda: any(event.kind not in ("heartbeat", "connection_status") for event in again.events), "nothing came after a resume", 30)
        seen = {event.number for event in reader.events if event.number}
        told = [event for event in again.events if event.number]
        is_snapshot = any(event.kind == "snapshot" for event in again.events)
        snapshots += is_snapshot
        if not is_snapshot:
            same("events told again after a resume", [event.number for event in told if event.number in seen][:3], [])
        parts.append(again)
    exchange.admin("/faults", {"kind": "pause"})
    try:
        figures = agree(server, {"whole": whole, "resumed": parts[-1]}, tickers)
    finally:
        exchange.admin("/faults", {"kind": "resume"})
        for reader in (whole, parts[-1]):
            reader.close()
    same("trades one stream told and the other did not", missed(whole, parts) if snapshots == 0 else [], [])
    same("failures of streams", [reader.failure for reader in (whole, parts[-1]) if reader.failure], [])
    return [*figures, f"{CUTS} cuts, {snapshots} snapshots", f"{len(whole.events)} events"]


def missed(whole: Reader, parts: list[Reader]) -> list[str]:
    """Ids of trades, which are not summed up as quotes are, that only one of two streams told while both were listening."""
    told = {name: {event.number for reader in readers for event in reader.events if event.kind == "trade"} for name, readers in (("whole", [whole]), ("parts", parts))}
    begin = max(place(readers[0].events[0].number) for readers in ([whole], parts))
    end = min(place(readers[-1].last()) for readers in ([whole], parts))
    both = {name: {number for number in numbers if begin < place(number) <= end} for name, numbers in told.items()}
    assert both["whole"], "no trade was told"
    return sorted(both["whole"] ^ both["parts"])[:5]


def place(number: str) -> int:
    return int(number.split(":")[1])


def agree(server: Server, readers: dict[str, Reader], tickers: list[str]) -> list[str]:
    """Waits until streams and board say the same of each market."""

    def look() -> list[str]:
        listed = {one["ticker"]: one for one in pages(server.url + "/api/v1/markets?limit=500", "items", server.token())}
        for name, reader in readers.items():
            wrong = [
                f"{ticker} {field} is {board.quotes(reader.markets[ticker])[field] if ticker in reader.markets else 'untold'}, not {value}"
                for ticker in tickers if ticker in listed
                for field, value in board.quotes(listed[ticker]).items()
                if ticker not in reader.markets or board.quotes(reader.markets[ticker])[field] != value
            ]
            same(f"{len(wrong)} differences of the {name} stream", wrong[:3], [])
        return [f"{len(tickers)} markets as on the board"]

    return until(look, "the streams never told what the board says", 30, 0.5)


def unknown(server: Server, path: str) -> list[str]:
    told = []
    for last in ("0:0", "nonsense", "9999999999999999:1"):
        reader = Reader(server, path, last)
        reader.start()
        until(lambda: any(event.kind == "snapshot" for event in reader.events), f"no snapshot after {last!r}", 20)
        reader.close()
        told.append(last)
    return [f"{len(told)} ids"]


def stuck(exchange: Exchange, server: Server, path: str, tickers: list[str]) -> list[str]:
    address = urlsplit(server.url)
    good = Reader(server, path)
    good.start()
    until(lambda: len(good.events) > 5, "hardly an event came", 30)
    before = server.resident()
    sockets = []
    for _ in range(STUCK):
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        one.connect((address.hostname, address.port))
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode())
        sockets.append(one)
    counts = []
    for _ in range(4):
        heard = len(good.events)
        time.sleep(3)
        counts.append(len(good.events) - heard)
    grown = server.resident() - before
    assert min(counts) > 0, f"the reader that reads heard {counts} events in spans of three seconds"
    exchange.admin("/faults", {"kind": "pause"})
    try:
        figures = agree(server, {"reading": good}, tickers)
    finally:
        exchange.admin("/faults", {"kind": "resume"})
        good.close()
        for one in sockets:
            one.close()
    assert grown < 48 * MIB, f"memory grew by {grown / MIB:.0f} MiB for {STUCK} readers that stopped"
    return [*figures, f"{sum(counts)} events heard beside {STUCK} stuck readers", f"{grown / MIB:+.1f} MiB"]
