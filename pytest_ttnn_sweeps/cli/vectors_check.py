"""``ttnn-sweeps vectors check``: every figure of a record against the tree's own."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_ttnn_sweeps.cli.sweep_tree import reason, with_sweeps
from pytest_ttnn_sweeps.collection.session import SweepSession
from pytest_ttnn_sweeps.vectors.parity import Record, differences, read_records


def run(options: argparse.Namespace) -> int:
    """Print each difference and a summary; 1 where a row differs or can't be compared."""
    records = read_records(options.csv)
    return with_sweeps(lambda sweeps: _check(sweeps, records), device=options.device, root=options.root)


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
    path = _path_of(sweeps, record.module)
    if path is None:
        roots = ", ".join(sweeps.files.relative(root) for root in sweeps.settings.roots)
        yield f"{record.module}: there is no such sweep module below {roots}"
        return
    try:
        yield from differences(record, sweeps.definition(path))
    except Exception as error:  # noqa: BLE001 - a module raises what it pleases, and the others are to be compared too
        yield f"{record.module}: {reason(error)}" + (f" (recorded: {record.trouble})" if record.trouble else "")


def _path_of(sweeps: SweepSession, module: str) -> Path | None:
    if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", module):
        return None
    paths = [root.joinpath(*module.split(".")).with_suffix(".py") for root in sweeps.settings.roots]
    return next((path for path in paths if path.is_file()), None)
