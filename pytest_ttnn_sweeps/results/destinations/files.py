"""``files:DIR``: tt-metal's ``results_export`` files, a JSON array for each module and one object for the run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pytest_ttnn_sweeps.results.destinations import Destination, DestinationError, Refused
from pytest_ttnn_sweeps.results.destinations.optest import module_file, op_run, op_test, run_file
from pytest_ttnn_sweeps.results.reading import StoredRun
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun
from pytest_ttnn_sweeps.results.runs import read_json, write_json

_AT_ONCE = 1000
_MOST_SECONDS = 10_000


class FilesDestination(Destination):
    """Writes the files when the run is over; until then the journal is what there is.

    A file appears whole or not at all. One that is there for another run of the same second stays, and ours is called
    by the next second. A list beside them, whose name begins with a dot, remembers which files are this run's.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        path = unquote(url.partition(":")[2])
        path = path.removeprefix("//") if path.startswith("//") else path
        if not path:
            msg = "--sweep-to files: names no directory; write files:DIR"
            raise DestinationError(msg)
        self._directory = Path(path)

    def deliver(self, run: SweepRun, records: Sequence[SweepResult]) -> None:
        """Nothing: `finish` writes all of them."""

    def finish(self, stored: StoredRun) -> None:
        try:
            write_export(stored, self._directory)
        except PermissionError as error:
            msg = f"{self._directory}: {error.strerror}"
            raise Refused(msg) from None


def write_export(stored: StoredRun, directory: Path) -> Path:
    """Write the files of a run into ``directory``; the path of the run's file. Memory for a thousand records."""
    directory.mkdir(parents=True, exist_ok=True)
    listing = directory / f".{stored.run.run_id}.files.json"
    names: dict[str, str] = dict(read_json(listing)) if listing.exists() else {}
    scratch = directory / f".{stored.run.run_id}.{os.getpid()}.tmp"
    scratch.mkdir(exist_ok=True)
    try:
        starts = _write_modules(stored, scratch)
        claims = _Claims(directory, names, listing)
        for number, (module, start) in enumerate(starts.items()):
            claims.give(scratch / str(number), module, start, partial(module_file, module))
        _write_run(stored, scratch / "run")
        return claims.give(scratch / "run", "", stored.run.started_at, partial(run_file, stored.run))
    finally:
        for path in scratch.iterdir():
            path.unlink()
        with suppress(OSError):
            scratch.rmdir()


def _write_modules(stored: StoredRun, scratch: Path) -> dict[str, datetime]:
    """Write each module's array to a numbered file; the modules in that order with the start of their first vector."""
    starts: dict[str, datetime] = {}
    records = stored.final_records()
    while batch := list(islice(records, _AT_ONCE)):
        texts: dict[str, list[str]] = {}
        for record in batch:
            start = starts.get(record.module)
            starts[record.module] = record.started_at if start is None else min(start, record.started_at)
            texts.setdefault(record.module, []).append(_indented(op_test(record, stored.run), 2))
        numbers = {module: number for number, module in enumerate(starts)}
        for module, own in texts.items():
            path = scratch / str(numbers[module])
            with path.open("a", encoding="utf-8") as file:
                file.write("[\n" if file.tell() == 0 else ",\n")
                file.write(",\n".join(own))
    for number in range(len(starts)):
        with (scratch / str(number)).open("a", encoding="utf-8") as file:
            file.write("\n]")
    return starts


def _write_run(stored: StoredRun, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        head = json.dumps(op_run(stored.run), indent=2, ensure_ascii=False).removesuffix("\n}")
        file.write(f'{head},\n  "tests": [')
        file.writelines(_joined(_indented(op_test(record, stored.run), 4) for record in stored.final_records()))
        file.write("\n  ]\n}")


def _joined(texts: Iterator[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f",\n{text}" if number else f"\n{text}"


def _indented(data: dict[str, Any], spaces: int) -> str:
    text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
    return "\n".join(f"{' ' * spaces}{line}" for line in text.split("\n"))


@dataclass
class _Claims:
    """Gives written files their names in ``directory``, and remembers them in ``listing``."""

    directory: Path
    names: dict[str, str]
    listing: Path

    def give(self, written: Path, key: str, start: datetime, name_at: Callable[[datetime], str]) -> Path:
        """Name a file as this run has named it before, or after the first second from ``start`` that is free."""
        with written.open("rb") as file:
            os.fsync(file.fileno())
        if key in self.names:
            final = self.directory / self.names[key]
            os.replace(written, final)
            return final
        for seconds in range(_MOST_SECONDS):
            final = self.directory / name_at(start + timedelta(seconds=seconds))
            try:
                # Unlike a rename, a link never replaces what another run has put there meanwhile.
                os.link(written, final)
            except FileExistsError:
                continue
            self.names[key] = final.name
            write_json(self.listing, self.names)
            return final
        msg = f"{self.directory}: no name is free for {name_at(start)}"
        raise DestinationError(msg)
