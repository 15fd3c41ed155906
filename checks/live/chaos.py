"""Things go wrong in an order drawn from a seed; afterwards the board and what is stored are as if nothing had."""

from __future__ import annotations

import random
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import board
from exchange import Exchange
from kept import Kept, Lock, Postgres
from programs import Server, followed, until
from report import Report, same

# Seconds of ordinary life between two events.
BETWEEN = (0.5, 2.5)


class Database:
    """That of the run, which can be made to fail."""

    def __init__(self, postgres: Postgres | None, name: str, folder: Path) -> None:
        self.postgres = postgres
        self.file = folder / "data" / "market.db"
        self.url = None if postgres is None else postgres.create(name)
        self.kept = Kept(self.file, self.url)

    @property
    def environment(self) -> dict[str, str]:
        return {} if self.url is None else {"DATABASE_URL": self.url}

    def out(self, seconds: float) -> None:
        """No writing for so long: the server is stopped, or another process holds SQLite's lock."""
        if self.postgres is not None:
            self.postgres.stop()
            time.sleep(seconds)
            self.postgres.start()
            return
        lock = Lock(self.file)
        lock.hold()
        time.sleep(seconds)
        lock.let_go()
        lock.base.close()


class Chaos:
    """A run of events."""

    def __init__(self, exchange: Exchange, server: Server, database: Database, seed: int) -> None:
        self.exchange, self.server, self.database = exchange, server, database
        self.chance = random.Random(seed)
        self.kinds: list[tuple[str, Callable[[], None]]] = [
            ("disconnect", lambda: self.fault(kind="disconnect")),
            ("skip_seq", lambda: self.fault(kind="skip_seq", count=self.chance.randint(1, 5))),
            ("429 storm", lambda: self.fault(kind="status", status=429, count=self.chance.randint(5, 40))),
            ("5xx", lambda: self.fault(kind="status", status=self.chance.choice((500, 502, 503)), count=self.chance.randint(3, 20))),
            ("slow answers", lambda: self.fault(kind="delay_ms", ms=self.chance.randint(500, 4_000), count=self.chance.randint(1, 8))),
            ("cut answers", lambda: self.fault(kind="drop_before_execute", count=self.chance.randint(1, 8))),
            ("database out", lambda: self.database.out(self.chance.uniform(1, 6))),
            ("killed", self.kill),
        ]

    def fault(self, **what: object) -> None:
        self.exchange.admin("/faults", what)

    def kill(self) -> None:
        self.server.kill()
        time.sleep(self.chance.uniform(0, 1))
        self.server.start()

    def run(self, events: int) -> Counter[str]:
        """Each kind once before any comes again, in an order of its own each time."""
        done: Counter[str] = Counter()
        while done.total() < events:
            kinds = list(self.kinds)
            self.chance.shuffle(kinds)
            for name, act in kinds[: events - done.total()]:
                act()
                done[name] += 1
                time.sleep(self.chance.uniform(*BETWEEN))
        return done


def check(report: Report, kmi: Path, folder: Path, postgres: Postgres | None, *, events: int, seed: int, markets: int) -> None:
    where = "SQLite" if postgres is None else "PostgreSQL"
    folder = folder / f"chaos-{where.lower()}"
    quiet = ("--seed", seed, "--markets", markets, "--tier", "prestige", "--state", folder / "journal")
    with Exchange(kmi, folder / "exchange", *quiet) as exchange:
        database = Database(postgres, "chaos", folder)
        environment = followed(exchange) | database.environment | {"KMI_POLLER__INTERVAL_S": "2"}
        with Server(kmi, folder, environment=environment) as server:
            until(lambda: len(database.kept.cycles()) > 1, "nothing was ever polled", 60)
            with report.check(f"chaos on {where}: events") as figures:
                done = Chaos(exchange, server, database, seed).run(events)
                figures += [f"{count} {name}" for name, count in sorted(done.items())]
            # What is armed still, strikes no more; nobody trades from here on.
            disarm(exchange)
            time.sleep(3)
            exchange.admin("/faults", {"kind": "pause"})
            with report.check(f"chaos on {where}: the board is the exchange's") as figures:
                figures += board.equal(exchange, server, 120)
            with report.check(f"chaos on {where}: stored trades are the exchange's, once each") as figures:
                figures += board.trades_equal(exchange, database.kept, 120)
            with report.check(f"chaos on {where}: gaps are filled or told") as figures:
                figures += gaps_told(database.kept)
            with report.check(f"chaos on {where}: no cycle is written twice, none overlaps another") as figures:
                figures += cycles_single(database.kept)


def disarm(exchange: Exchange) -> None:
    request = urllib.request.Request(exchange.admin_url + "/faults", method="DELETE")
    urllib.request.urlopen(request, timeout=10).close()


def gaps_told(kept: Kept) -> list[str]:
    """No gap is left open once everything is well again."""

    def look() -> list[str]:
        states = Counter(gap["state"] for gap in kept.gaps())
        same("gaps still open", states.get("open", 0), 0)
        return [f"{count} {state}" for state, count in sorted(states.items())] or ["none"]

    return until(look, "gaps stayed open", 60, 1)


def cycles_single(kept: Kept) -> list[str]:
    """Epochs ascend with time, numbers within them; no sweep begins before the one before it has ended."""
    cycles = kept.cycles()
    assert cycles, "no cycle was written"
    keys = [(cycle["epoch"], cycle["number"]) for cycle in cycles]
    same("cycles written twice", len(keys) - len(set(keys)), 0)
    same("order of cycles", keys, sorted(keys))
    holders: dict[int, set[str]] = {}
    for cycle in cycles:
        holders.setdefault(cycle["epoch"], set()).add(cycle["holder"])
    same("epochs of two holders", [epoch for epoch, names in holders.items() if len(names) > 1], [])
    overlapping = [after["number"] for before, after in zip(cycles, cycles[1:]) if after["started"] < before["started"] + 0.05]
    same("cycles at the same time", overlapping, [])
    return [f"{len(cycles)} cycles", f"{len(holders)} epochs"]
