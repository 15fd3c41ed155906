"""schemathesis asks everything the OpenAPI document allows, and some of what it does not: no 5xx, nothing undocumented."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from programs import Server, get
from report import Report, same

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Streams never end, and who logs out has lost the session.
LEFT_OUT = r"/sse|/auth|/session|/logout|/metrics"


def check(report: Report, server: Server, folder: Path, examples: int, seed: int) -> None:
    with report.check("documented: the OpenAPI document is one, 3.1") as figures:
        status, document = get(server.url + "/api/openapi.json")
        same("status", status, 200)
        assert document["openapi"].startswith("3.1"), document["openapi"]
        operations = [f"{method} {path}" for path, item in document["paths"].items() for method in item]
        figures.append(f"{len(operations)} operations")
    with report.check("documented: schemathesis finds no 5xx and no answer that is not documented") as figures:
        figures += run(server, folder, examples, seed)


def run(server: Server, folder: Path, examples: int, seed: int) -> list[str]:
    token = server.token()["Authorization"]
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", server.url + "/api/openapi.json", "--url", server.url,
        "--header", f"Authorization:{token}", "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples),
        "--seed", str(seed), "--checks", CHECKS, "--exclude-path-regex", LEFT_OUT, "--continue-on-failure",
        "--request-timeout", "30", "--suppress-health-check", "all", "--no-color", "--workers", "1",
        "--report", "json", "--report-json-path", str(folder / "schemathesis.json"), "--generation-database", "none",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)
    summary = [line.strip() for line in done.stdout.splitlines() if re.search(r"\d+ generated|^\s+(Selected|Tested): ", line)]
    if done.returncode != 0:
        print(done.stdout[-6_000:], done.stderr[-2_000:])
        raise AssertionError(f"schemathesis ended with {done.returncode}: {' '.join(summary)[:300]}")
    return [" ".join(line.split()) for line in summary]
