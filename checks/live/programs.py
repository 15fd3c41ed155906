"""`kmi serve`, `kmi poll` and `kmi demo` as processes of their own, asked over HTTP like by anybody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any


def until(condition: Callable[[], Any], failure: str | Callable[[], str], seconds: float = 60, pause: float = 0.1) -> Any:
    """What `condition` gives once it gives something true; an `AssertionError` inside counts as not yet."""
    end = time.monotonic() + seconds
    why = ""
    while True:
        try:
            if value := condition():
                return value
        except AssertionError as error:
            why = f": {error}"
        if time.monotonic() > end:
            raise AssertionError((failure() if callable(failure) else failure) + why)
        time.sleep(pause)


def get(url: str, headers: dict[str, str] | None = None, seconds: float = 15) -> tuple[int, Any]:
    """Status and decoded body; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=seconds) as answer:
            return answer.status, decoded(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, decoded(error.read())
    except (OSError, ValueError):
        return 0, None


def decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


class Program:
    """A command that says one line of JSON when it is ready; its log goes to a file."""

    def __init__(self, kmi: Path, folder: Path, name: str, *options: object, environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.command = [str(kmi), *map(str, options), "--json"]
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("KMI_")}
        self.environment.pop("DATABASE_URL", None)
        self.environment |= environment or {}
        self.log = folder / f"{name}.log"
        self.folder, self.name = folder, name
        self.process: subprocess.Popen | None = None
        self.said: dict = {}

    def start(self) -> dict:
        """Starts it, again after it ended, and waits for its line."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.name} did not start: {self.tail()}")
        self.said = json.loads(line)
        return self.said

    def __enter__(self) -> Program:
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            code = None
        if kind is None and code != 0:
            raise AssertionError(f"{self.name} ended with {code} after SIGTERM: {self.tail()}")

    def stop(self) -> float:
        """SIGTERM; how many seconds it took to end, which must be with code 0."""
        began = time.monotonic()
        self.__exit__(None)
        return time.monotonic() - began

    def kill(self) -> None:
        """`kill -9`."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-1_500:]

    def resident(self) -> int:
        """Bytes of memory in use."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")


def followed(exchange: Any, account: str = "demo") -> dict[str, str]:
    """Configuration that follows an exchange, as environment variables."""
    key = exchange.accounts[account]
    return {
        "KMI_EXCHANGE__REST_URL": exchange.rest,
        "KMI_EXCHANGE__WS_URL": exchange.ws,
        "KMI_EXCHANGE__KEY_ID": key["key_id"],
        "KMI_EXCHANGE__PRIVATE_KEY_PATH": key["private_key_path"],
    }


class Server(Program):
    """`kmi serve` or `kmi demo`."""

    def __init__(self, kmi: Path, folder: Path, verb: str = "serve", *options: object, environment: dict[str, str] | None = None) -> None:
        words = (verb, "--port", 0, "--no-open", "--data-dir", folder / "data", *options)
        super().__init__(kmi, folder, verb, *words, environment=environment)

    @property
    def url(self) -> str:
        return self.said["url"]

    @property
    def relay(self) -> str:
        return self.url + "/trade-api/v2"

    @property
    def relay_ws(self) -> str:
        return self.url.replace("http://", "ws://") + "/trade-api/ws/v2"

    def token(self) -> dict[str, str]:
        """Header that lets a program in."""
        return {"Authorization": "Bearer " + Path(self.said["token_path"]).read_text().strip()}

    def api(self, path: str) -> Any:
        """Body of `GET /api/v1…`, which must be 200."""
        status, body = get(self.url + "/api/v1" + path, self.token())
        if status != 200:
            raise AssertionError(f"GET {path}: {status} {str(body)[:300]}")
        return body

    def status(self) -> dict:
        return self.api("/status")


def pages(url: str, field: str, headers: dict[str, str] | None = None) -> list[dict]:
    """All items of a listing with cursors, of the exchange's API or of ours."""
    found, cursor = [], ""
    while True:
        join = "&" if "?" in url else "?"
        status, body = get(url + (f"{join}cursor={cursor}" if cursor else ""), headers, 30)
        if status != 200:
            raise AssertionError(f"GET {url}: {status} {str(body)[:300]}")
        found += body[field]
        cursor = body.get("next_cursor" if field == "items" else "cursor") or ""
        if not cursor:
            return found
