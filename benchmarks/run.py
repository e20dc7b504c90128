"""Measure the ratios that the project aims at and print them as a Markdown table.

    python benchmarks/run.py [--full] [WORD ...]

``--full`` adds the cases that take minutes and gigabytes; words choose the cases that hold one of them. Both sides of a
ratio run by turns in processes of their own. ``master_load.py``, which times functions instead of runs, follows.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from cases import CASES, Case
from measuring import compare

UNITS = {"seconds": "s", "mebibytes": "MiB"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="also what takes minutes and gigabytes")
    parser.add_argument("words", nargs="*", help="only cases that hold one of these words")
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, pytest {version('pytest')}, {platform.machine()}\n")
    print("| what | ours | against | theirs | ratio | aim | |\n|---|---|---|---|---|---|---|")
    for case in CASES:
        chosen = not options.words or any(word in case.what for word in options.words)
        if chosen and (options.full or not case.only_full):
            print("\n".join(rows(case)), flush=True)
    if not options.words:
        print(flush=True)
        subprocess.run([sys.executable, str(Path(__file__).with_name("master_load.py"))], check=True)


def rows(case: Case) -> list[str]:
    """A row of the table for each thing that the case compares."""
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = compare(*case.prepare(Path(directory)), repetitions=case.repetitions)
    texts = []
    for measure, aim in case.aims.items():
        mine, other = getattr(ours, measure), getattr(theirs, measure)
        verdict = "met" if mine <= aim * other else "MISSED"
        cells = (f"{mine:.2f} {UNITS[measure]}", case.against, f"{other:.2f} {UNITS[measure]}", f"{mine / other:.2f}")
        texts.append(f"| {case.what} | {' | '.join(cells)} | {aim:.2f} | {verdict} |")
    return texts


if __name__ == "__main__":
    main()
