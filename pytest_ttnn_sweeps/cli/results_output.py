"""Tables in the terminal, JSON, or comma-separated values: the same rows in three forms."""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_ttnn_sweeps.results.analysis.visible import cut, visible, visible_line

_WIDTH_OF_A_FILE = 200
_LONGEST_CELL = 600
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass
class Table:
    """Rows to show; a cell is a text, a number, or None for nothing."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    footer: Sequence[object] | None = None
    quantities: Collection[str] = ()
    """Columns of numbers with their units, which are texts and stand as numbers do."""


def add_formats(parser: argparse.ArgumentParser, *, csv_rows: str, limit: tuple[str, int] = ("--limit", 40)) -> None:
    """Add ``--json``, ``--csv``, whose rows are ``csv_rows``, and how many rows to show: an option and its default."""
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_const", const="json", dest="format", help="Print JSON")
    formats.add_argument(
        "--csv",
        action="store_const",
        const="csv",
        dest="format",
        help=f"Print {csv_rows} as comma-separated values, with a ' before texts that a spreadsheet would calculate",
    )
    parser.add_argument(
        limit[0],
        type=_limit,
        default=limit[1],
        metavar="N",
        help=f"Show at most N rows of a table in the terminal; 0 shows all (default: {limit[1]})",
    )


def show_tables(lines: Sequence[str], tables: Sequence[Table], *, limit: int) -> None:
    """Print lines, then tables."""
    # Only here: other forms, and other commands, don't wait for its import.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    _tolerate_any_text()
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_FILE
    for line in lines:
        console.print(Text(visible(line)), soft_wrap=True)
    for table in tables:
        if not table.rows:
            continue
        shown = table.rows[:limit] if limit else table.rows
        rich = RichTable(title=Text(table.title, style="bold"), title_justify="left", box=SIMPLE_HEAD)
        rich.show_footer = table.footer is not None
        for at, column in enumerate(table.columns):
            cells = [row[at] for row in shown]
            is_number = all(isinstance(cell, (int, float)) or cell is None for cell in cells)
            is_number = is_number or column in table.quantities
            footer = Text(_shown(table.footer[at])) if table.footer is not None else Text("")
            justify: Any = "right" if is_number else "left"
            rich.add_column(Text(column), footer, justify=justify, no_wrap=is_number, overflow="fold")
        for row in shown:
            rich.add_row(*(Text(_shown(cell), style=_style(cell)) for cell in row))
        console.print(rich)
        if len(shown) < len(table.rows):
            console.print(Text(f"  ... and {len(table.rows) - len(shown)} more rows (--limit 0 shows them)\n"))


def print_json(data: object) -> None:
    """Print JSON; NaN and infinities are the texts that records have for them."""
    print(json.dumps(_plain(data), indent=2))


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print comma-separated values with a header."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    _tolerate_any_text()
    writer.writerow([csv_cell(column) for column in columns])
    for row in rows:
        writer.writerow([csv_cell(cell) for cell in row])


def csv_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: texts that begin like one get a ``'`` before them."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = visible(value if isinstance(value, str) else json.dumps(_plain(value)))
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 or not math.isfinite(value) else f"{value:.0f}"
    return cut(visible_line(str(value)), _LONGEST_CELL)


def _style(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "red" if value.startswith("FAIL_") else "green" if value == "PASS" else ""


def _plain(data: object) -> object:
    if isinstance(data, float) and not math.isfinite(data):
        return "NaN" if math.isnan(data) else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(item) for item in data]
    return data


def _tolerate_any_text() -> None:
    # A terminal that takes ASCII alone shows an escape for what it can't; better than no table at all.
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _limit(text: str) -> int:
    if not text.isdecimal():
        msg = f"{text!r} is no number of rows; write 40, or 0 for all"
        raise argparse.ArgumentTypeError(msg)
    return int(text)
