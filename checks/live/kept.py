"""What is in the database, read beside the program: SQLite's file, or PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import psycopg


class Kept:
    """Questions to a database, each on a connection of its own."""

    def __init__(self, file: Path | None = None, url: str | None = None) -> None:
        self.file, self.url = file, url

    def rows(self, sql: str) -> list[tuple]:
        if self.url is None:
            base = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)
        else:
            base = psycopg.connect(self.url, options="-c search_path=market,public")
        try:
            return [tuple(text(one) for one in row) for row in base.execute(sql).fetchall()]
        finally:
            base.close()

    def trades(self) -> Counter[str]:
        """How often each trade is stored."""
        return Counter(row[0] for row in self.rows("SELECT trade_id FROM public_trades"))

    def prints(self) -> Counter[tuple[str, int, int]]:
        """Trades by market, YES price in $0.0001 and quantity in 0.01 contract."""
        return Counter(self.rows("SELECT t.ticker, p.price, p.quantity FROM public_trades p JOIN tickers t ON t.id = p.ticker_id"))

    def cycles(self) -> list[dict]:
        """Sweeps, oldest first; times in seconds."""
        names = ("epoch", "number", "holder", "started", "ended", "markets", "errors", "interval_ms")
        rows = self.rows(f"SELECT {', '.join(names)} FROM poll_cycles ORDER BY started")
        cycles = [dict(zip(names, row, strict=True)) for row in rows]
        for cycle in cycles:
            cycle["started"] /= 1e6
            cycle["ended"] /= 1e6
        return cycles

    def gaps(self) -> list[dict]:
        names = ("kind", "ticker", "from_time", "to_time", "reason", "state", "source", "row_count")
        return [dict(zip(names, row, strict=True)) for row in self.rows(f"SELECT {', '.join(names)} FROM data_gaps")]


def text(value: object) -> object:
    """Names are bytes where the database sorts by bytes."""
    return bytes(value).decode() if isinstance(value, (bytes, memoryview)) else value


class Postgres:
    """A throwaway server on a socket; started and stopped as often as wanted, gone at the end. Not as root, which it refuses."""

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="kmi-live-postgres-"))
        self.demotion: dict = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self.demotion = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.run("initdb", "-U", "kmi", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D", self.folder / "data")
        self.server: subprocess.Popen | None = None

    def run(self, program: str, *words: object) -> None:
        subprocess.run(
            [self.binaries / program, *map(str, words)], check=True, cwd="/", stdout=subprocess.DEVNULL, **self.demotion
        )

    def start(self) -> None:
        words = ["-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=fatal"]
        self.server = subprocess.Popen(
            [self.binaries / "postgres", *map(str, words)], cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.demotion
        )
        ready = [str(self.binaries / "pg_isready"), "-q", "-U", "kmi", "-d", "postgres", "-h", str(self.folder)]
        end = time.monotonic() + 60
        while subprocess.run(ready, cwd="/", check=False).returncode != 0:
            if time.monotonic() > end:
                raise AssertionError("PostgreSQL was not ready within a minute")
            time.sleep(0.1)

    def stop(self) -> None:
        """The fast shutdown: connections are cut."""
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            self.server.wait()
            self.server = None

    def create(self, database: str) -> str:
        """A new database, and its URL."""
        self.run("createdb", "-U", "kmi", "-h", self.folder, database)
        return f"postgres://kmi@{str(self.folder).replace('/', '%2F')}/{database}"

    def __enter__(self) -> Postgres:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Lock:
    """SQLite's write lock, held by us: for the program the database is out."""

    def __init__(self, file: Path) -> None:
        self.base = sqlite3.connect(file, timeout=30, isolation_level=None)

    def hold(self) -> None:
        self.base.execute("BEGIN IMMEDIATE")

    def let_go(self) -> None:
        self.base.execute("ROLLBACK")
