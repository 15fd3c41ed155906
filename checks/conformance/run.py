"""Other people's clients against `kmi exchange`: what they accept, what they see, and what the specification says of it.

Every check prints one line. Nothing here shares a line with the program.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from exchange import Exchange
from member import Notes
from official import Scenario
from random_run import RandomRun
from report import Report
from schemas import check
from streams import Listener

# Acts of the random run.
ACTS = 2_500


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kmi", type=Path, required=True, help="the program")
    parser.add_argument("--spec", type=Path, help="folder of openapi.yaml and asyncapi.yaml")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", choices=("official", "streams", "random"), help="one part")
    arguments = parser.parse_args()
    report, notes = Report(), Notes()
    with tempfile.TemporaryDirectory(prefix="kmi-conformance-") as folder:
        if arguments.only in (None, "official"):
            quiet = ("--seed", arguments.seed, "--markets", 80, "--tier", "prestige", "--pace", 0.001)
            with Exchange(arguments.kmi, Path(folder) / "quiet", *quiet) as exchange:
                Scenario(report, exchange, notes).run()
        lively = ("--seed", arguments.seed, "--markets", 80, "--tier", "prestige", "--time-scale", 60)
        frames: list[str] = []
        if arguments.only in (None, "streams"):
            with Exchange(arguments.kmi, Path(folder) / "streams", *lively) as exchange:
                Listener(report, exchange, notes, frames).listen()
        if arguments.only in (None, "random"):
            with Exchange(arguments.kmi, Path(folder) / "random", *lively) as exchange:
                RandomRun(report, exchange, notes, frames, arguments.seed).run(ACTS)
        check(report, arguments.spec, notes.answers, frames)
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
