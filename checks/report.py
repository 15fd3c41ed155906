"""Telling what was checked: one line per check, which `cargo xtask test` counts."""

from __future__ import annotations

import sys
import traceback
from contextlib import contextmanager


class Report:
    """Lines `ok NAME`, `FAILED NAME: why`, `skipped NAME: why`."""

    def __init__(self) -> None:
        self.failed = 0

    @contextmanager
    def check(self, name: str):
        """Passes unless the block raises; the block may append figures worth showing to what it is given."""
        figures: list[str] = []
        try:
            yield figures
        except Exception as error:  # whatever goes wrong is this check's failure, and the others go on
            self.failed += 1
            tell(f"FAILED {name}: {one_line(error)}")
            if not isinstance(error, AssertionError):
                traceback.print_exc()
        else:
            tell(f"ok {name}" + (f": {', '.join(figures)}" if figures else ""))

    def skip(self, name: str, why: str) -> None:
        tell(f"skipped {name}: {why}")


def tell(line: str) -> None:
    """One write, so that checks that run beside each other keep their lines."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:600]


def same(what: str, ours: object, recomputed: object) -> None:
    """Fails unless both are equal, to the last digit."""
    if ours != recomputed:
        raise AssertionError(f"{what}: kmi says {ours!r}, recomputed {recomputed!r}")


def close(what: str, ours: float, recomputed: float) -> None:
    """Fails unless two statistics agree to nine digits: sums of floats depend on their order."""
    if abs(ours - recomputed) > 1e-9 * max(1.0, abs(recomputed)):
        raise AssertionError(f"{what}: kmi says {ours!r}, recomputed {recomputed!r}")
