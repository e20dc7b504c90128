"""``ttnn-sweeps matrix``: sweeps as a job matrix for GitHub Actions, ``{"include": [...]}``."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.vectors.batches import Batch, balanced_batches, batches_within
from pytest_ttnn_sweeps.vectors.durations import read_durations, with_durations
from pytest_ttnn_sweeps.vectors.shards import EVERYTHING

_GITHUB_MOST = 256
"""Jobs that a matrix of GitHub Actions may have in one workflow run."""


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "matrix",
        help="Split sweeps into balanced CI jobs, as JSON",
        description="Print a job matrix for GitHub Actions: one line of JSON, each job with its arguments for pytest.",
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="Sweep files or directories (default: as in pytest)")
    parser.add_argument(
        "--pytest",
        default="",
        metavar="OPTIONS",
        help="Options of pytest, as one text, that select what is split and that each job gets: "
        "--pytest='-k model_traced --sweep-device emulated'",
    )
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--max-vectors", type=_count, metavar="N", help="At most N vectors a job")
    size.add_argument("--max-seconds", type=_seconds, metavar="S", help="At most S seconds a job; takes --durations")
    size.add_argument("--jobs", type=_count, metavar="N", help="At most N jobs, as even as possible")
    parser.add_argument(
        "--max-jobs",
        type=_count,
        default=_GITHUB_MOST,
        metavar="N",
        help=f"An error where a limit takes more jobs (default: GitHub's {_GITHUB_MOST})",
    )
    parser.add_argument(
        "--durations",
        type=Path,
        metavar="PATH",
        help="Recorded seconds to go by: pytest-split's .test_durations, JSON of node ids or modules, JUnit XML, or a "
        "directory of JUnit files",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the matrix; modules that can't be imported are named on standard error and have a job all the same."""
    # pytest is imported with it, and only this command has a use for it.
    from pytest_ttnn_sweeps.collection.tally import tally

    given = _checked(options)
    durations = read_durations(options.durations) if options.durations is not None else None
    collected = tally(options.paths, given)
    for node_id, words in collected.broken.items():
        print(f"ttnn-sweeps: {node_id} can't be collected, its job will fail: {words}", file=sys.stderr)
    loads = collected.loads if durations is None else with_durations(collected.loads, durations)
    if not loads:
        msg = "no sweep vectors are selected, so there are no jobs"
        raise SweepError(msg)
    if options.jobs is not None:
        batches = balanced_batches(loads, most=min(options.jobs, options.max_jobs))
    else:
        batches = batches_within(loads, limit=options.max_vectors or options.max_seconds, most=options.max_jobs)
    suites = Counter(load.path for load in loads)
    jobs = []
    for batch in batches:
        arguments = [*_places(batch, suites, collected.rootdir), *given]
        jobs.append(_job(batch, arguments, timed=durations is not None))
    print(json.dumps({"include": jobs}, separators=(",", ":")))
    heaviest = max(batch.weight for batch in batches)
    most = f"{heaviest:.1f} seconds" if durations is not None else counted(round(heaviest), "vector")
    vectors = counted(sum(batch.vectors for batch in batches), "vector")
    print(f"{counted(len(jobs), 'job')}, {vectors}, at most {most} each", file=sys.stderr)
    return 0


def _checked(options: argparse.Namespace) -> list[str]:
    """The options for pytest. Raises ``SweepError`` for options that don't go together."""
    if options.max_seconds is not None and options.durations is None:
        msg = "--max-seconds goes by recorded durations: name their file with --durations"
        raise SweepError(msg)
    if options.max_vectors is not None and options.durations is not None:
        msg = "--max-vectors goes by numbers: leave --durations out, or say --max-seconds or --jobs"
        raise SweepError(msg)
    try:
        given = shlex.split(options.pytest)
    except ValueError as error:
        msg = f"--pytest {options.pytest!r}: {error}"
        raise SweepError(msg) from None
    if any(text.partition("=")[0] == "--sweep-shard" for text in given):
        msg = "--sweep-shard is what the matrix gives to its jobs; leave it out of --pytest"
        raise SweepError(msg)
    return given


def _job(batch: Batch, arguments: Sequence[str], *, timed: bool) -> dict[str, object]:
    """One entry of the matrix: plain texts and numbers, which every expression of GitHub's can use."""
    if batch.shard != EVERYTHING:
        arguments = [*arguments, f"--sweep-shard={batch.shard}"]
    job: dict[str, object] = {
        "name": _name(batch),
        "modules": ",".join(dict.fromkeys(load.module for load in batch.loads)),
        "suites": ",".join(dict.fromkeys(load.suite for load in batch.loads if load.suite)),
        "shard": str(batch.shard) if batch.shard != EVERYTHING else "",
        "vectors": batch.vectors,
    }
    if timed:
        job["seconds"] = round(batch.weight, 1)
    return {**job, "args": shlex.join(arguments)}


def _places(batch: Batch, suites: Mapping[str, int], rootdir: Path) -> list[str]:
    """Node ids of the batch, from where the command runs: a module that it has all suites of, else the suites."""
    here = Counter(load.path for load in batch.loads)
    places = []
    for load in batch.loads:
        path = os.path.relpath(rootdir / load.path)
        # A file that begins with a dash would be an option.
        path = f"./{path}" if path.startswith("-") else path
        places.append(path if here[load.path] == suites[load.path] else f"{path}::{load.suite}")
    return list(dict.fromkeys(places))


def _name(batch: Batch) -> str:
    """Different for each job of a matrix, and good for the name of an artifact, which takes few characters."""
    first = batch.loads[0]
    name = f"{first.module} {first.suite}".strip()
    if len(batch.loads) > 1:
        name += f" and {counted(len(batch.loads) - 1, 'more suite')}"
    if batch.shard != EVERYTHING:
        name += f" {batch.shard.number} of {batch.shard.count}"
    return re.sub(r"[^\w .+-]", "_", name, flags=re.ASCII)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r}: expected a number from 1 on"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        msg = f"{text!r}: expected a number of seconds above 0"
        raise argparse.ArgumentTypeError(msg)
    return value
