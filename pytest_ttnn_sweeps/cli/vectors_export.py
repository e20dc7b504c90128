"""``ttnn-sweeps vectors export``: the selected vectors as upstream's files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pytest_ttnn_sweeps.cli.sweep_tree import reason, with_sweeps
from pytest_ttnn_sweeps.cli.vectors import SELECTING
from pytest_ttnn_sweeps.collection.session import SweepSession
from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.vectors.export import Selected, Stamp, export_module, write_manifest
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, module_name
from pytest_ttnn_sweeps.vectors.selection import positions_where
from pytest_ttnn_sweeps.vectors.suite import SuiteError


def run(options: argparse.Namespace) -> int:
    """Write the selected vectors, print a line a module; 1 where a module couldn't be written."""
    selecting = [f"--sweep-{name}={text}" for name, _, _ in SELECTING for text in getattr(options, name)]
    return with_sweeps(
        lambda sweeps: _export(sweeps, options), device=options.device, root=options.root, arguments=selecting
    )


def _export(sweeps: SweepSession, options: argparse.Namespace) -> int:
    stamp = Stamp.now(options.tag)
    written: list[Path] = []
    vectors = failures = 0
    for name, path in _modules(sweeps):
        try:
            module = _imported(sweeps, path)
            target, count = export_module(
                module, _selected(sweeps, module), options.directory, stamp=stamp, valid_only=options.valid_only
            )
        except Exception as error:  # noqa: BLE001 - a module raises what it pleases, and the others are to be written
            print(f"{name}: not written: {reason(error)}", file=sys.stderr)
            failures += 1
            continue
        if target is not None:
            written.append(target)
            vectors += count
            print(f"{target}: {counted(count, 'vector')}", flush=True)
    sweeps.complain()
    write_manifest(
        options.directory, written, stamp=stamp, modules=",".join(options.module), suites=",".join(options.suite)
    )
    summary = f"{counted(vectors, 'vector')} of {counted(len(written), 'module')} in {options.directory}"
    print(summary + (f"; {counted(failures, 'module')} not written" if failures else ""))
    return 1 if failures else 0


def _modules(sweeps: SweepSession) -> list[tuple[str, Path]]:
    """Names and paths of the sweep modules that the options leave, in the order of their paths."""
    paths = [(module_name(path, root), path) for root in sweeps.settings.roots for path in sorted(root.rglob("*.py"))]
    return [
        (name, path) for name, path in paths if sweeps.files.source(path) is not None and sweeps.plan.wants_module(name)
    ]


def _imported(sweeps: SweepSession, path: Path) -> SweepDefinition:
    source = sweeps.files.source(path)
    if isinstance(source, SyntaxError):
        raise source
    return sweeps.definition(path)


def _selected(sweeps: SweepSession, module: SweepDefinition) -> list[Selected]:
    """The suites and vectors that the options leave. Raises ``SuiteError`` for a suite that is declared wrongly."""
    selected = []
    for name, suite in module.suites.items():
        if not sweeps.plan.wants_suite(name, names=[name], marks=[name]):
            continue
        if isinstance(suite, SuiteError):
            raise suite
        sweeps.plan.offer_parameters(suite.parameter_names)
        selected.append(Selected(suite, suite.indexes(positions_where(suite, sweeps.plan.conditions))))
    return selected
