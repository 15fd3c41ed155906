"""The live half as others see it: other people's clients on the relay, replayed captures, event streams, faults of all kinds.

Every check prints one line; the runs of `cargo xtask soak` end with one line of JSON. Nothing here shares a line with the program.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKS = Path(__file__).resolve().parent.parent
# This folder first: names here win.
sys.path[1:1] = [str(CHECKS / "conformance"), str(CHECKS)]

import board
import chaos
import demo
import documented
import poller
import relay
import replay
import sse
from exchange import Exchange
from kept import Postgres
from member import Notes
from programs import Server, followed, until
from report import Report, one_line, tell
from schemas import check as check_schemas

PARTS = ("relay", "streams", "documented", "replay", "chaos", "poller")


def main() -> int:
    arguments = parsed()
    report = Report()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kmi-live-") as folder:
        # PostgreSQL runs as another user and has its socket elsewhere.
        result = Runs(report, arguments, Path(folder)).run()
    if arguments.soak is not None:
        print(json.dumps({"ok": report.failed == 0, "seed": arguments.seed, "seconds": round(time.monotonic() - began), **result}))
    return 1 if report.failed else 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kmi", type=Path, required=True, help="the program")
    parser.add_argument("--spec", type=Path, help="folder of openapi.yaml and asyncapi.yaml")
    parser.add_argument("--data", type=Path, help="recorded data")
    parser.add_argument("--postgres", type=Path, help="folder of PostgreSQL's programs")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS, help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--soak", choices=("chaos", "poller", "demo", "replay"), help="one of them, for long")
    parser.add_argument("--events", type=int, default=100, help="of chaos, when soaking")
    parser.add_argument("--cycles", type=int, default=200, help="of the poller, when soaking")
    parser.add_argument("--seconds", type=float, default=3_600, help="of the demo, when soaking")
    parser.add_argument("--speed", type=int, default=0, help="of the replay, when soaking: 1 as recorded, 0 as fast as possible")
    return parser.parse_args()


class Runs:
    """What is run, and with what."""

    def __init__(self, report: Report, arguments: argparse.Namespace, folder: Path) -> None:
        self.report, self.arguments, self.kmi, self.folder = report, arguments, arguments.kmi.resolve(), folder
        self.seed = arguments.seed

    def run(self) -> dict:
        soak = self.arguments.soak
        if soak is not None:
            return getattr(self, f"soak_{soak}")()
        groups = {
            "serve": (self.lively, {"relay", "streams", "documented"}),
            "replay": (lambda: self.replays(everything=False), {"replay"}),
            "chaos": (lambda: self.chaos(events=10, markets=60), {"chaos"}),
            "poller": (lambda: self.pollers(markets=300, cycles=5, interval=1.0, judged=False), {"poller"}),
        }
        wanted = {name: run for name, (run, parts) in groups.items() if parts & set(self.arguments.only)}
        # They mostly wait, so they wait beside each other.
        threads = [threading.Thread(target=self.group, args=item) for item in wanted.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {}

    def group(self, name: str, run: Callable[[], object]) -> None:
        """What breaks outside of a check is a failure too."""
        try:
            run()
        except Exception as error:  # noqa: BLE001 - told, and the others go on
            self.report.failed += 1
            tell(f"FAILED {name} broke off: {one_line(error)}")
            traceback.print_exc()

    def lively(self) -> None:
        """One lively exchange and one server for all that only looks."""
        notes, frames = Notes(), []
        options = ("--seed", self.seed, "--markets", 80, "--tier", "prestige")
        with Exchange(self.kmi, self.folder / "exchange", *options) as exchange:
            with Server(self.kmi, self.folder / "serve", environment=followed(exchange)) as server:
                with self.report.check("serve: the board fills") as figures:
                    until(lambda: len(server.api("/markets?limit=1")["items"]) == 1, "no market came", 60)
                    exchange.admin("/faults", {"kind": "pause"})
                    figures += board.equal(exchange, server)
                    exchange.admin("/faults", {"kind": "resume"})
                if "relay" in self.arguments.only:
                    relay.check(self.report, exchange, server, notes, frames)
                if "streams" in self.arguments.only:
                    sse.check(self.report, exchange, server)
                if "documented" in self.arguments.only:
                    documented.check(self.report, server, self.folder, 8, self.seed)
        if "relay" in self.arguments.only:
            check_schemas(self.report, self.arguments.spec, notes.answers, frames)

    def replays(self, everything: bool) -> None:
        data = self.arguments.data
        if data is None or not data.is_dir():
            self.report.skip("replay of recorded captures", "no ../shared/data")
            return
        gold = sorted((data / "gold15m" / "captures").glob("*.gz"))
        bitcoin = sorted((data / "btc15m").glob("2*.jsonl.gz"))
        if everything:
            runs = [("gold", gold, "ignore"), ("gold, cut off", self.cut(gold), "ignore"), ("bitcoin", bitcoin, "strict")]
        else:
            # One of each is enough to see that all goes through; the shortest may hold next to nothing.
            gold, bitcoin = (sorted(paths, key=lambda path: path.stat().st_size)[1:2] for paths in (gold, bitcoin))
            runs = [("gold, cut off", self.cut(gold), "ignore"), ("bitcoin", bitcoin, "strict")]
        for name, captures, seq in runs:
            replay.check(self.report, self.kmi, self.folder, name, captures, seq, self.arguments.speed if everything else 120)

    def cut(self, captures: list[Path]) -> list[Path]:
        """The same, ended before their time: at its end a market is settled and its book empty."""
        cut = []
        for path in captures:
            lines = gzip.open(path, "rt").readlines()
            cut.append(self.folder / f"cut-{path.name.removesuffix('.gz')}")
            cut[-1].write_text("".join(lines[: len(lines) * 3 // 4]))
        return cut

    def on_both(self, run: Callable[[Postgres | None], dict | None], what: str) -> dict:
        """On SQLite and, where it is installed, on PostgreSQL."""
        result = run(None) or {}
        if self.arguments.postgres is None:
            self.report.skip(f"{what} on PostgreSQL", "not installed")
            return result
        with Postgres(self.arguments.postgres) as postgres:
            return result | (run(postgres) or {})

    def chaos(self, **how: int) -> dict:
        return self.on_both(lambda base: chaos.check(self.report, self.kmi, self.folder, base, seed=self.seed, **how), "chaos")

    def pollers(self, **how: Any) -> dict:
        return self.on_both(lambda base: poller.check(self.report, self.kmi, self.folder, base, **how), "poller")

    def soak_chaos(self) -> dict:
        self.chaos(events=self.arguments.events, markets=200)
        return {"events": self.arguments.events}

    def soak_poller(self) -> dict:
        return self.pollers(markets=20_000, cycles=self.arguments.cycles, interval=5.0, judged=True)

    def soak_demo(self) -> dict:
        return demo.check(self.report, self.kmi, self.folder, self.arguments.seconds)

    def soak_replay(self) -> dict:
        self.replays(everything=True)
        return {}


if __name__ == "__main__":
    sys.exit(main())
