"""Two pollers on one database: one works, in time; when it is killed the other takes over."""

from __future__ import annotations

import time
from pathlib import Path

from chaos import cycles_single
from exchange import Exchange
from kept import Kept, Postgres
from programs import Program, followed, until
from report import Report, same

# Within which the other one has to begin, and most by which a sweep may begin early or late, in seconds.
TAKEOVER = 10
JITTER = 0.1


def check(
    report: Report, kmi: Path, folder: Path, postgres: Postgres | None, *, markets: int, cycles: int, interval: float, judged: bool
) -> dict:
    """Times are `judged` where the machine does nothing else, and only told otherwise."""
    where = "SQLite" if postgres is None else "PostgreSQL"
    folder = folder / f"poller-{where.lower()}"
    figures_of: dict = {}
    # So many markets are priced, not traded: what is looked at is the poller.
    options = ("--seed", 5, "--markets", markets, "--tier", "prestige")
    with Exchange(kmi, folder / "exchange", *options) as exchange:
        url = None if postgres is None else postgres.create("poller")
        kept = Kept(folder / "data" / "market.db", url)
        environment = followed(exchange) | {"KMI_POLLER__INTERVAL_S": str(interval)} | ({} if url is None else {"DATABASE_URL": url})
        pollers = {}
        for name in ("first", "second"):
            poller = Program(kmi, folder, name, "poll", "--data-dir", folder / "data", environment=environment)
            holder = poller.start()["holder"]
            pollers[holder] = poller
        try:
            with report.check(f"poller on {where}: of two one works, in time") as figures:
                figures += in_time(kept, pollers, markets, cycles, interval, judged, figures_of)
            with report.check(f"poller on {where}: the other takes over from one that was killed") as figures:
                figures += taken_over(kept, pollers, interval, judged, figures_of)
            with report.check(f"poller on {where}: no cycle is written twice, none overlaps another") as figures:
                figures += cycles_single(kept)
        finally:
            for poller in pollers.values():
                poller.__exit__(None) if poller.process.poll() is None else None
    return {where: figures_of}


def in_time(
    kept: Kept, pollers: dict[str, Program], markets: int, wanted: int, interval: float, judged: bool, figures: dict
) -> list[str]:
    # The first sweeps find everything new.
    warm = 2
    until(lambda: len(kept.cycles()) >= wanted + warm, lambda: f"only {len(kept.cycles())} cycles came", (wanted + warm) * interval * 2 + 120, 0.5)
    cycles = kept.cycles()[warm : wanted + warm]
    holders = {cycle["holder"] for cycle in cycles}
    same("holders", len(holders), 1)
    assert holders <= pollers.keys(), f"{holders} are none of {list(pollers)}"
    same("cycles with errors", [cycle["number"] for cycle in cycles if cycle["errors"]], [])
    few = [cycle["markets"] for cycle in cycles if cycle["markets"] < markets * 0.9]
    same("sweeps that saw too few markets", few[:3], [])
    starts = [cycle["started"] for cycle in cycles]
    # How far each beginning is from where the first one and the interval put it.
    spaces = sorted(abs(after - before - interval) for before, after in zip(starts, starts[1:]))
    cadence = (starts[-1] - starts[0]) / (len(starts) - 1)
    p99 = spaces[min(len(spaces) - 1, int(len(spaces) * 0.99))]
    lasted = sorted(cycle["ended"] - cycle["started"] for cycle in cycles)
    figures |= {
        "markets": cycles[-1]["markets"], "cycles": len(cycles), "cadence_s": round(cadence, 4), "jitter_p99_ms": round(p99 * 1e3, 2),
        "jitter_max_ms": round(spaces[-1] * 1e3, 2), "sweep_median_s": round(lasted[len(lasted) // 2], 3), "sweep_max_s": round(lasted[-1], 3),
    }
    if judged:
        assert p99 < JITTER, f"jitter p99 is {p99 * 1e3:.1f} ms"
        assert abs(cadence - interval) < 0.01 * interval, f"cadence is {cadence:.4f} s"
    return [f"{name} {value}" for name, value in figures.items()]


def taken_over(kept: Kept, pollers: dict[str, Program], interval: float, judged: bool, figures: dict) -> list[str]:
    working = kept.cycles()[-1]["holder"]
    (standby,) = pollers.keys() - {working}
    pollers[working].kill()
    killed = time.time()
    first = until(
        lambda: next((cycle for cycle in kept.cycles() if cycle["holder"] == standby), None), "nobody took over", TAKEOVER * 6
    )
    after = first["started"] - killed
    figures["takeover_s"] = round(after, 2)
    assert after < TAKEOVER or not judged, f"the other one began {after:.1f} s after the kill"
    until(lambda: sum(cycle["holder"] == standby for cycle in kept.cycles()) >= 3, "the other one did not go on", interval * 10 + 30)
    # Whoever comes back stands by.
    again = pollers[working].start()["holder"]
    time.sleep(2 * interval)
    same("cycles of who came back", [cycle for cycle in kept.cycles() if cycle["holder"] == again], [])
    return [f"after {after:.1f} s"]
