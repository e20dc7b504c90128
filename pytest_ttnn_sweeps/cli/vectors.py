"""``ttnn-sweeps vectors``: a tree's vectors beside upstream's: compare their ids, write upstream's files."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

SELECTING = (
    ("module", "NAME", "As --sweep-module: only sweep modules of this dotted name, or below it"),
    ("suite", "NAME", "As --sweep-suite: only suites of this name or glob pattern"),
    ("where", "CONDITION", "As --sweep-where: only vectors whose parameter meets this condition"),
)


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "vectors", help="Compare vectors with upstream's figures, or write them to upstream's files"
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", help="Compare counts and upstream ids with a recorded CSV")
    check.add_argument("csv", type=Path, metavar="CSV", help="One row a suite, as upstream's generator gave it")
    _add_common(check)
    check.set_defaults(run=_check)
    export = actions.add_parser("export", help="Write vectors to the files that upstream's runner reads")
    export.add_argument("directory", type=Path, metavar="DIR", help="Where MODULE.json files and the manifest go")
    for name, metavar, help_text in SELECTING:
        export.add_argument(f"--{name}", action="append", default=[], metavar=metavar, help=help_text)
    export.add_argument(
        "--valid-only", action="store_true", help="Leave invalid vectors out, which upstream writes too"
    )
    export.add_argument(
        "--tag", default=os.environ.get("USER", ""), help="Upstream's tag of each vector (default: $USER)"
    )
    _add_common(export)
    export.set_defaults(run=_export)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", type=Path, metavar="DIR", help="The sweeps root (default: as in pytest, from here)")
    parser.add_argument(
        "--device", default="emulated", metavar="PROVIDER", help="As --sweep-device (default: emulated)"
    )


# The other commands don't wait for what these need: pytest and the collection.
def _check(options: argparse.Namespace) -> int:
    from pytest_ttnn_sweeps.cli.vectors_check import run

    return run(options)


def _export(options: argparse.Namespace) -> int:
    from pytest_ttnn_sweeps.cli.vectors_export import run

    return run(options)
