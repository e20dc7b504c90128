"""What the actions of ``ttnn-sweeps results`` share: which run, which of its vectors."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_ttnn_sweeps.cli.runs import add_results_dir
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import Status
from pytest_ttnn_sweeps.results.attempts import status_selector
from pytest_ttnn_sweeps.results.destinations import resolve
from pytest_ttnn_sweeps.results.runs import LAST

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.results.reading import StoredRun
    from pytest_ttnn_sweeps.results.records import SweepResult


def add_run(parser: argparse.ArgumentParser, name: str = "name", *, optional: bool = True) -> None:
    """Add the argument that says which run, and where runs are."""
    text = "A run's id or the beginning of one, its directory, an exported run, sqlite:///PATH, postgresql://..., or "
    if optional:
        parser.add_argument(name, metavar="RUN", nargs="?", default=LAST, help=f"{text}last (the default)")
    else:
        parser.add_argument(name, metavar=name.upper(), help=f"{text}last")
    if not any(action.dest == "results_dir" for action in parser._actions):
        add_results_dir(parser)


def run_of(options: argparse.Namespace, name: str = "name") -> StoredRun:
    """The run that is meant. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.reading import open_run  # Other commands don't wait for pydantic.

    return open_run(resolve(getattr(options, name)), root=options.results_dir)


def runs_of(options: argparse.Namespace) -> list[StoredRun]:
    """The runs that ``names`` means. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.reading import open_run

    return [open_run(resolve(name), root=options.results_dir) for name in options.names]


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the conditions on vectors."""
    group = parser.add_argument_group("only vectors")

    def add(flag: str, metavar: str, text: str) -> None:
        group.add_argument(flag, metavar=metavar, action="append", default=[], help=text)

    add("--module", "NAME", "Of the module of this dotted name, or below it")
    add("--suite", "NAME", "Of suites of this name or glob pattern")
    add("--status", "STATUS", "Of this status (fail_crash_hang; fail for all that begin so)")


def selected(stored: StoredRun, options: argparse.Namespace) -> Iterator[SweepResult]:
    """The last records of the vectors that meet the conditions. Raises ``SweepError``."""
    has_status = _status_condition(options.status)
    for record in stored.final_records():
        if is_place_selected(record.module, record.suite, options) and has_status(record.sweep_status, record.final):
            yield record


def is_place_selected(module: str, suite: str, options: argparse.Namespace) -> bool:
    """Whether the conditions on module and suite are met."""
    if options.module and not any(f"{module}.".startswith(f"{name}.") for name in options.module):
        return False
    return not options.suite or any(fnmatchcase(suite, pattern) for pattern in options.suite)


def _status_condition(patterns: list[str]) -> Callable[[Status, bool], bool]:
    if not patterns:
        return lambda status, final: True
    try:
        return status_selector(patterns)
    except SweepError as error:
        raise SweepError(str(error).replace("--sweep-only-status", "--status")) from None
