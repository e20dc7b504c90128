"""Runs a sample of every sweep module of a tt-metal checkout and prints what came out as a page of Markdown.

    python benchmarks/corpus.py CHECKOUT > docs/corpus.md
    python benchmarks/corpus.py CHECKOUT --device mock > docs/corpus-wheel.md

The second one needs the ttnn wheel, and runs the sample under the emulation, too, to set one beside the other. Every
failure and every skip has to be explained by an entry of ``corpus.toml``, save by what ttnn itself says; so has every
vector that comes out another way on the wheel. What isn't is named on stderr, and the exit code is 1. ``--report
FILE.xml ...`` explains JUnit reports of a run that was made before, and ``--beside FILE.xml ...`` the emulation's.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus_comparison import Pair, compared, label
from corpus_pages import emulated_page
from corpus_reasons import EMULATED, EXPLANATIONS, read_explanations, reason_of
from corpus_reports import SWEEPS, read
from corpus_wheel_page import wheel_page


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="A tt-metal checkout")
    parser.add_argument("--report", type=Path, nargs="+", help="JUnit XML reports of the run, instead of running")
    parser.add_argument("--beside", type=Path, nargs="+", help="those of the emulation, to set beside the wheel's")
    parser.add_argument("--explanations", type=Path, default=EXPLANATIONS, help="entries, instead of corpus.toml's")
    parser.add_argument("--sample", type=int, help="Vectors of each suite (default: 5; of a mock device, 3)")
    parser.add_argument("--device", default=EMULATED, help="As --sweep-device of pytest (default: emulated)")
    parser.add_argument("-n", dest="workers", default="2", help="xdist workers (default: 2)")
    options = parser.parse_args(arguments)
    on_emulation = options.device.partition(":")[0] == EMULATED
    options.sample = options.sample or (5 if on_emulation else 3)
    with tempfile.TemporaryDirectory() as directory:
        modules = read(
            options.report or [run(options, options.device, Path(directory) / "report.xml")], options.checkout
        )
        beside = None
        if not on_emulation:
            reports = options.beside or [run(options, EMULATED, Path(directory) / "beside.xml")]
            beside = read(reports, options.checkout)
    explanations, differences = read_explanations(options.explanations)
    vectors = [vector for module in modules.values() for vector in module.vectors if not vector.passes]
    why = {vector: reason_of(vector, explanations, options.device.partition(":")[0]) for vector in vectors}
    pairs: list[Pair] = []
    if beside is None:
        page = emulated_page(modules.values(), why, options.sample, options.device)
    else:
        pairs = list(compared(modules.values(), beside, why, differences))
        page = wheel_page(modules.values(), why, pairs, options.sample, options.device, installed_version())
    print("\n".join(page).rstrip())
    unexplained = [vector for vector in vectors if vector.is_unlike and why[vector] is None]
    for vector in unexplained:
        print(f"unexplained: {vector.module}: {vector.outcome}: {vector.words[:300]!r}", file=sys.stderr)
    differing = [pair for pair in pairs if pair.is_unexplained]
    for pair in differing:
        told = f"{label(pair.wheel)!r} on the wheel, {label(pair.emulated)!r} under the emulation"
        print(f"unexplained difference: {pair.module}: {told}", file=sys.stderr)
    return 1 if unexplained or differing else 0


def installed_version() -> str:
    """ttnn's; reports can be explained where it isn't installed."""
    try:
        return importlib.metadata.version("ttnn")
    except importlib.metadata.PackageNotFoundError:
        return "of the reports"


def run(options: argparse.Namespace, device: str, report: Path) -> Path:
    command = [sys.executable, "-m", "pytest", "-p", "ttnn_sweeps", "-p", "no:cacheprovider", str(SWEEPS), "-q"]
    command += [f"--sweep-sample={options.sample}", f"--sweep-device={device}", f"-n{options.workers}"]
    # Nothing shall be cut short: neither slow vectors nor the session after several modules whose device didn't open.
    command += ["--sweep-timeout=300", "--timeout=300", "--sweep-max-device-failures=0"]
    # Which suites expect failures is told by their names; why their vectors fail is told only this way.
    command += ["--runxfail", "--tb=short", "-rN", f"--junitxml={report}", "-o", "junit_logging=no"]
    subprocess.run(command, cwd=options.checkout, stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False)
    return report


if __name__ == "__main__":
    sys.exit(main())
