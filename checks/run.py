"""Recomputes what `kmi` prints from raw recorded files, with pandas, DuckDB and plain Python.

Nothing here shares a line with the program. Every check prints one line. The synthetic history is always checked, so that
nothing passes for want of data; real recordings are checked too where `--data` names them.
"""

from __future__ import annotations

import argparse
import csv
import filecmp
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import books
import raw
from histories import History, answers, check_archive, check_backtests, check_calibration, check_import
from program import Kmi
from report import Report, same

CAPTURE_KEYS = (
    "frames snapshots deltas trades tickers other gaps stale_deltas before_snapshot negative_levels crossed".split()
)


def main() -> int:
    arguments = parse()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="kmi-checks-") as folder:
        synthetic(report, arguments, Path(folder))
        if arguments.data is None:
            report.skip("real recordings", "no ../shared/data")
        else:
            recorded(report, arguments, Path(folder))
    return 1 if report.failed else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kmi", type=Path, required=True, help="the program")
    parser.add_argument("--data", type=Path, help="folder of real recordings")
    parser.add_argument("--postgres", help="URL of a server with databases to fill, {database} standing for their names")
    return parser.parse_args()


def synthetic(report: Report, arguments: argparse.Namespace, folder: Path) -> None:
    files, again = folder / "synthetic", folder / "again"
    kmi = Kmi(arguments.kmi)
    with report.check("synthetic: the same seed writes the same bytes") as figures:
        for out in (files, again):
            kmi.run("synth", "--seed", 42, "--markets", 400, "--out", out).check_returncode()
        names = [path.relative_to(files) for path in raw.files(files)]
        same("names", names, [path.relative_to(again) for path in raw.files(again)])
        differing = [name for name in names if not filecmp.cmp(files / name, again / name, shallow=False)]
        same("differing files", differing, [])
        figures.append(f"{len(names)} files")
    if not files.is_dir():
        return
    kinds: dict[str, list[Path]] = {}
    for path in raw.files(files):
        kinds.setdefault(raw.kind(path), []).append(path)
    bets = [("no", "0.01", "0.20"), ("yes", "0.50", "0.90")]
    trades, markets = raw.trades(kinds["trades"]), raw.markets(kinds["events"])
    paths = [*kinds.get("series", []), *kinds["events"], *kinds["trades"]]
    history = History("synthetic", paths, trades, markets, bets, raw.multipliers(kinds.get("series", [])))
    everywhere(report, arguments, history, folder)
    if "capture" in kinds:
        check_replay(report, kmi, "synthetic captures", kinds["capture"], "strict")


def recorded(report: Report, arguments: argparse.Namespace, folder: Path) -> None:
    data: Path = arguments.data
    weather = data / "weather"
    if weather.is_dir():
        trades, markets = raw.trades([weather / "trades.jsonl.gz"]), raw.markets([weather / "events.jsonl.gz"])
        bets = [("no", "0.01", "0.10"), ("no", "0.50", "0.90")]
        history = History("weather", [weather], trades, markets, bets)
        everywhere(report, arguments, history, folder)
    else:
        report.skip("weather", "not among the recordings")
    others = [data / name for name in ("weather", "gold15m", "btc15m", "rest") if (data / name).is_dir()]
    check_everything(report, Kmi(arguments.kmi, folder / "everything"), others)
    check_fees(report, Kmi(arguments.kmi), data / "fees.csv")
    kmi = Kmi(arguments.kmi)
    bitcoin = sorted((data / "btc15m").glob("2*.jsonl.gz"))
    check_replay(report, kmi, "bitcoin", bitcoin, "strict")
    for path in sorted((data / "btc15m").glob("gaps-*.jsonl.gz")):
        for seq in ("strict", "ignore"):
            check_replay(report, kmi, path.name.split(".")[0], [path], seq)
    check_replay(report, kmi, "gold", sorted((data / "gold15m" / "captures").glob("*.gz")), "ignore")


def everywhere(report: Report, arguments: argparse.Namespace, history: History, folder: Path) -> None:
    """All checks of a history on SQLite and on PostgreSQL, which must agree, hot and archived."""
    sqlite = Kmi(arguments.kmi, folder / f"{history.name}-sqlite")
    check_import(report, sqlite, history, "SQLite")
    check_calibration(report, sqlite, history, "SQLite")
    check_backtests(report, sqlite, history, "SQLite")
    if arguments.postgres is None:
        report.skip(f"{history.name}: PostgreSQL", "not installed")
    else:
        url = arguments.postgres.replace("{database}", history.name)
        postgres = Kmi(arguments.kmi, folder / f"{history.name}-postgres", url)
        check_import(report, postgres, history, "PostgreSQL")
        with report.check(f"{history.name}: PostgreSQL and SQLite agree to the last digit"):
            ours, theirs = answers(sqlite, history), answers(postgres, history)
            for question, answer in ours.items():
                same(question, theirs[question], answer)
        check_archive(report, postgres, history, "PostgreSQL")
    check_archive(report, sqlite, history, "SQLite")


def check_everything(report: Report, kmi: Kmi, folders: list[Path]) -> None:
    """All folders of recordings at once: every file is taken in whole, and again nothing is new."""
    with report.check("everything real: import, nothing rejected") as figures:
        document = kmi.json("import", *folders)
        broken = [(file["path"], file["error"]) for file in document["files"] if file["error"]]
        same("files with an error", broken, [])
        rejected = [(file["path"], file["first_rejections"]) for file in document["files"] if file["rejected"]]
        same("files with rejected rows", rejected, [])
        figures += [f"{len(document['files'])} files"]
        figures += [f"{count:,} {name}" for name, count in document["totals"].items() if isinstance(count, int)]
    with report.check("everything real: import again inserts nothing"):
        document = kmi.json("import", *folders)
        same("inserted", sum(file["inserted"] for file in document["files"]), 0)


def check_fees(report: Report, kmi: Kmi, path: Path) -> None:
    if not path.is_file():
        report.skip("fees of real fills", "not among the recordings")
        return
    with report.check("fees of real fills, to the digit") as figures:
        with path.open(newline="") as file:
            fills = list(csv.DictReader(file))
        for fill in fills:
            yes = Fraction(fill["yes_price"])
            price = yes if fill["outcome_side"] == "yes" else 1 - yes
            options = ("--price", f"{float(price):.4f}", "--quantity", fill["count"], "--multiplier", fill["fee_multiplier"])
            said = Fraction(kmi.json("fee", *options)["fee"])
            count, factor = Fraction(fill["count"]), Fraction(fill["fee_multiplier"])
            trade_fee = up(Fraction(7, 100) * factor * count * price * (1 - price))
            recomputed = up(count * price + trade_fee) - count * price
            same(f"fee of {fill['count']} at {price}", said, recomputed)
            same(f"charge for {fill['count']} at {price}", said, Fraction(fill["fee_cost"]))
        figures.append(f"{len(fills)} fills")


def up(dollars: Fraction) -> Fraction:
    """Rounded up to $0.0001."""
    return Fraction(-(-dollars * 10_000 // 1), 10_000)


def check_replay(report: Report, kmi: Kmi, name: str, captures: list[Path], seq: str) -> None:
    if not captures:
        report.skip(f"books of {name}", "not among the recordings")
        return
    with report.check(f"books of {name}, {seq}") as figures:
        document = kmi.json("book", "replay", *captures, "--seq", seq)
        counts, finals = books.replay(captures, strict=seq == "strict")
        for key in CAPTURE_KEYS:
            same(key, document[key], counts[key])
        same("malformed", document["malformed"], 0)
        same("markets", sorted(market["ticker"] for market in document["markets"]), sorted(finals))
        for market in document["markets"]:
            for key, value in finals[market["ticker"]].items():
                same(f"{key} of {market['ticker']}", market[key], value)
        shown = ("frames", "deltas", "gaps", "stale_deltas", "negative_levels", "crossed")
        figures += [f"{counts[key]:,} {key.replace('_', ' ')}" for key in shown]


if __name__ == "__main__":
    sys.exit(main())
