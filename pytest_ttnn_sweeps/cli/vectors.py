"""``ttnn-sweeps vectors``: a tree's vectors beside upstream's: compare their ids, write upstream's files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_ttnn_sweeps.collection.debugging import breakpoints_ignored
from pytest_ttnn_sweeps.collection.session import SweepSession
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.export import Selected, Stamp, export_module, write_manifest
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, module_name
from pytest_ttnn_sweeps.vectors.parity import Record, differences, read_records
from pytest_ttnn_sweeps.vectors.selection import positions_where
from pytest_ttnn_sweeps.vectors.suite import SuiteError

_SELECTING = (
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
    check.set_defaults(run=run_check)
    export = actions.add_parser("export", help="Write vectors to the files that upstream's runner reads")
    export.add_argument("directory", type=Path, metavar="DIR", help="Where MODULE.json files and the manifest go")
    for name, metavar, help_text in _SELECTING:
        export.add_argument(f"--{name}", action="append", default=[], metavar=metavar, help=help_text)
    export.add_argument(
        "--valid-only", action="store_true", help="Leave invalid vectors out, which upstream writes too"
    )
    export.add_argument(
        "--tag", default=os.environ.get("USER", ""), help="Upstream's tag of each vector (default: $USER)"
    )
    _add_common(export)
    export.set_defaults(run=run_export)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", type=Path, metavar="DIR", help="The sweeps root (default: as in pytest, from here)")
    parser.add_argument(
        "--device", default="emulated", metavar="PROVIDER", help="As --sweep-device (default: emulated)"
    )


def run_check(options: argparse.Namespace) -> int:
    """Print each difference and a summary; 1 where a row differs or can't be compared."""
    records = read_records(options.csv)
    return _with_sweeps(options, [], lambda sweeps: _check(sweeps, records))


def _check(sweeps: SweepSession, records: list[Record]) -> int:
    found = 0
    for record in records:
        for line in _compared(sweeps, record):
            print(line, flush=True)
            # A module that upstream's generator couldn't import either is worth a line, and differs in nothing.
            found += record.trouble is None
    suites = sum(len(record.suites) for record in records)
    print(f"{len(records)} modules, {suites} suites compared: {found or 'no'} difference{'' if found == 1 else 's'}")
    return 1 if found else 0


def _compared(sweeps: SweepSession, record: Record) -> Iterator[str]:
    path = next((path for path in _candidates(sweeps, record.module) if path.is_file()), None)
    if path is None:
        roots = ", ".join(sweeps.relative(root) for root in sweeps.settings.roots)
        yield f"{record.module}: there is no such sweep module below {roots}"
        return
    try:
        yield from differences(record, sweeps.definition(path))
    except Exception as error:  # noqa: BLE001 - a module raises what it pleases, and the others are to be compared too
        yield f"{record.module}: {_reason(error)}" + (f" (recorded: {record.trouble})" if record.trouble else "")


def run_export(options: argparse.Namespace) -> int:
    """Write the selected vectors, print a line a module; 1 where a module couldn't be written."""
    selecting = [f"--sweep-{name}={text}" for name, _, _ in _SELECTING for text in getattr(options, name)]
    return _with_sweeps(options, selecting, lambda sweeps: _export(sweeps, options))


def _export(sweeps: SweepSession, options: argparse.Namespace) -> int:
    stamp = Stamp.now(options.tag)
    written: list[Path] = []
    vectors = failures = 0
    for root in sweeps.settings.roots:
        for path in sorted(root.rglob("*.py")):
            name = module_name(path, root)
            if sweeps.source(path) is None or not sweeps.plan.wants_module(name):
                continue
            try:
                module = _imported(sweeps, path)
                target, count = export_module(
                    module, _selected(sweeps, module), options.directory, stamp=stamp, valid_only=options.valid_only
                )
            except Exception as error:  # noqa: BLE001 - a module raises what it pleases, and the others are to be written
                print(f"{name}: not written: {_reason(error)}", file=sys.stderr)
                failures += 1
                continue
            if target is not None:
                written.append(target)
                vectors += count
                print(f"{target}: {count} vectors")
    sweeps.complain()
    write_manifest(
        options.directory, written, stamp=stamp, modules=",".join(options.module), suites=",".join(options.suite)
    )
    print(f"{vectors} vectors of {len(written)} modules in {options.directory}" + _failed(failures))
    return 1 if failures else 0


def _failed(failures: int) -> str:
    return f"; {failures} module{' was' if failures == 1 else 's were'} not written" if failures else ""


def _imported(sweeps: SweepSession, path: Path) -> SweepDefinition:
    source = sweeps.source(path)
    if isinstance(source, SyntaxError):
        raise source
    return sweeps.definition(path)


def _selected(sweeps: SweepSession, module: SweepDefinition) -> list[Selected]:
    """The suites and vectors that the options leave. Raises ``SweepError`` for a suite that is declared wrongly."""
    selected = []
    for name, suite in module.suites.items():
        if not sweeps.plan.wants_suite(name, names=[name], marks=[name]):
            continue
        if isinstance(suite, SuiteError):
            raise suite
        sweeps.plan.offer_parameters(suite.parameter_names)
        selected.append(Selected(suite, suite.indexes(positions_where(suite, sweeps.plan.conditions))))
    return selected


def _candidates(sweeps: SweepSession, module: str) -> Iterator[Path]:
    for root in sweeps.settings.roots:
        yield root.joinpath(*module.split(".")).with_suffix(".py")


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, SweepError) else f"{type(error).__name__}: {error}"


def _with_sweeps(options: argparse.Namespace, arguments: list[str], action: Callable[[SweepSession], int]) -> int:
    """What ``action`` returns for the sweeps that pytest would find from here, with its ini file and its provider.

    pytest itself reads the settings and stops before it collects. The conftests aren't imported: they belong to a test
    run, and tt-metal's looks for a device.
    """
    # A name that is relative to the working directory; pytest would take it from the rootdir.
    root = [] if options.root is None else [f"--override-ini=sweep_roots={options.root.absolute()}"]
    command = _Command(action)
    status = pytest.main(
        ["--noconftest", "-s", "-p", "ttnn_sweeps", f"--sweep-device={options.device}", *root, *arguments],
        plugins=[command],
    )
    return int(status)


class _Command:
    """Takes pytest's place once the command line is read."""

    def __init__(self, action: Callable[[SweepSession], int]) -> None:
        self._action = action

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        sweeps = SweepSession(config)
        try:
            sweeps.check()
            with breakpoints_ignored():
                return self._action(sweeps)
        finally:
            sweeps.close()
