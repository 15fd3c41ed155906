"""`kmi exchange` as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path


class Exchange:
    """Listens on a free port from entry to exit."""

    def __init__(self, kmi: Path, folder: Path, *options: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.command = [str(kmi), "exchange", "--port", "0", "--json", "--keys-dir", str(folder / "keys")]
        self.command += map(str, options)
        self.log = folder / "stderr.log"

    def __enter__(self) -> Exchange:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KMI_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
            )
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"kmi exchange did not start: {self.log.read_text()[-2000:]}")
        said = json.loads(line)
        self.rest, self.ws, self.admin_url = said["rest"], said["ws"], said["admin"]
        self.accounts = {account["name"]: account for account in said["accounts"]}
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("kmi exchange did not stop within 15 seconds of SIGTERM") from None

    def admin(self, path: str, body: dict | None = None) -> dict:
        """Answer of the admin door; POST where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(self.admin_url + path, data=data), timeout=10) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"admin {path}: {error.code} {error.read()!r}") from None
