"""``ttnn-sweeps ops diff``: what two masters have of each other, by content."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import add_formats, print_rows, tell
from pytest_ttnn_sweeps.traced import TracedConfiguration, read_master
from pytest_ttnn_sweeps.traced.comparison import compare
from pytest_ttnn_sweeps.traced.describe import describe_arguments, describe_origin

NAME = "diff"
_COLUMNS = ("only_in", "configuration", "arguments", "sources")


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        NAME, help="Compare two masters by content; the exit status is 1 where their configurations differ"
    )
    parser.add_argument("first", type=Path, metavar="FIRST")
    parser.add_argument("second", type=Path, metavar="SECOND")
    parser.add_argument("--brief", action="store_true", help="Names alone, without arguments")
    add_formats(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the configurations that one of the masters has, and where else common ones were seen."""
    found = compare(read_master(options.first), read_master(options.second))
    if options.format is not None:
        rows = [*_rows(options.first, found.only_in_first), *_rows(options.second, found.only_in_second)]
        print_rows(rows, _COLUMNS, options.format)
        return 0 if found.same_configurations else 1
    for sign, configurations in (("-", found.only_in_first), ("+", found.only_in_second)):
        for configuration in configurations:
            arguments = "" if options.brief else f": {describe_arguments(configuration)}"
            tell(f"{sign} {configuration.name}{arguments}")
    for seen in found.seen_elsewhere:
        for sign, executions in (("-", seen.only_in_first), ("+", seen.only_in_second)):
            for execution in executions:
                tell(f"~ {seen.configuration.name}: {sign} {describe_origin(execution)}")
    print(
        f"{len(found.only_in_first)} only in {options.first}, {len(found.only_in_second)} only in {options.second}, ",
        end="",
    )
    print(f"{found.common} in both, {len(found.seen_elsewhere)} of them seen elsewhere")
    return 0 if found.same_configurations else 1


def _rows(path: Path, configurations: Iterable[TracedConfiguration]) -> list[dict[str, object]]:
    return [
        {
            "only_in": str(path),
            "configuration": configuration.name,
            "arguments": describe_arguments(configuration),
            "sources": list(configuration.sources),
        }
        for configuration in configurations
    ]
