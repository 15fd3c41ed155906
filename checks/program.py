"""Running `kmi` and reading what it prints with --json."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kmi:
    """The program on one database."""

    binary: Path
    data_dir: Path | None = None
    database_url: str | None = None

    def json(self, *arguments: object) -> dict:
        """The one document a command prints; anything but exit code 0 is an error with what it said."""
        output = self.run(*arguments, "--json")
        if output.returncode != 0:
            said = output.stderr.decode(errors="replace")[-2000:]
            raise AssertionError(f"kmi {' '.join(map(str, arguments))} exited {output.returncode}: {said}")
        return json.loads(output.stdout)

    def run(self, *arguments: object) -> subprocess.CompletedProcess:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KMI_")}
        environment.pop("DATABASE_URL", None)
        if self.database_url is not None:
            environment["DATABASE_URL"] = self.database_url
        command = [str(self.binary), *map(str, arguments)]
        if self.data_dir is not None:
            command += ["--data-dir", str(self.data_dir)]
        return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
