"""`kmi demo` for long: its memory stays where it is."""

from __future__ import annotations

import threading
import time
import urllib.request
from pathlib import Path

from programs import Server, until
from report import Report

MIB = 1 << 20


def check(report: Report, kmi: Path, folder: Path, seconds: float) -> dict:
    """Samples its memory while two readers listen; the slope of the second half is what counts."""
    samples: list[tuple[float, int]] = []
    with Server(kmi, folder / "demo", "demo") as demo:
        until(lambda: demo.api("/markets?limit=1")["items"], "no market came", 60)
        over = threading.Event()
        readers = [threading.Thread(target=listen, args=(demo, over), daemon=True) for _ in range(2)]
        for reader in readers:
            reader.start()
        began = time.monotonic()
        with report.check("demo: its memory stays flat") as figures:
            while (now := time.monotonic() - began) < seconds:
                samples.append((now, demo.resident()))
                demo.api("/markets?limit=100")
                demo.status()
                time.sleep(min(10.0, seconds / 60))
            growth = slope(samples[len(samples) // 2 :]) * 3_600 / MIB
            last = samples[-1][1] / MIB
            figures += [f"{last:.0f} MiB at the end", f"{growth:+.1f} MiB an hour in the second half", f"{len(samples)} samples"]
            # The markets' own history grows; what is remembered of it has bounds.
            assert growth < 40, f"it grows by {growth:.0f} MiB an hour"
        over.set()
    points = samples[:: max(1, len(samples) // 60)]
    return {"growth_mib_per_hour": round(growth, 2), "samples": [[round(at), round(size / MIB, 1)] for at, size in points]}


def listen(demo: Server, over: threading.Event) -> None:
    with urllib.request.urlopen(demo.url + "/api/v1/sse/markets?tickers=all", timeout=60) as stream:
        while not over.is_set() and stream.readline():
            pass


def slope(samples: list[tuple[float, int]]) -> float:
    """Bytes a second by least squares."""
    count = len(samples)
    if count < 2:
        return 0.0
    mean_t, mean_y = sum(t for t, _ in samples) / count, sum(y for _, y in samples) / count
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return sum((t - mean_t) * (y - mean_y) for t, y in samples) / spread
