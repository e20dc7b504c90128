"""The command that runs one vector again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun
from pytest_ttnn_sweeps.results.stored_text import original_text

# Options of the run without which the vector would be another one, or would be run otherwise.
_SWEEP_OPTIONS = ("device", "seed", "master", "vectors", "max-elements", "timeout", "isolation")
_KEPT = ("-c", "--rootdir", "-o", "-p", "--import-mode", *(f"--sweep-{name}" for name in _SWEEP_OPTIONS))
_JOINED = ("-c", "-o", "-p")
"""Short options, whose value may follow without a space."""


def rerun_command(record: SweepResult, run: SweepRun) -> str:
    """A line for a POSIX shell, to be run in the project's root directory; empty where the node isn't known."""
    if not record.node_id:
        return ""
    return " ".join(["pytest", *map(quoted, kept_options(run)), quoted(_argument(original_text(record.node_id)))])


def kept_options(run: SweepRun) -> list[str]:
    """The options of the run's last session that a vector's rerun needs too."""
    kept: list[str] = []
    arguments = iter(run.sessions[-1].command[1:])
    for argument in arguments:
        name = argument.partition("=")[0]
        if name in _KEPT:
            kept.append(argument)
            if name == argument:
                kept.extend(value for value in [next(arguments, None)] if value is not None)
        elif argument.startswith(_JOINED) and not argument.startswith("--"):
            kept.append(argument)
    return kept


def quoted(text: str) -> str:
    """One word of a shell's line; what can't be seen is spelled out, so that pasting it does nothing unforeseen."""
    if text.isprintable():
        return shlex.quote(text)
    raw = text.encode("utf-8", "surrogateescape" if _is_escaped(text) else "surrogatepass")
    return "$'" + "".join(_byte(byte) for byte in raw) + "'"


def _argument(node_id: str) -> str:
    return f"./{node_id}" if node_id.startswith("-") else node_id


def _is_escaped(text: str) -> bool:
    return all("\udc80" <= character <= "\udcff" for character in text if "\ud800" <= character <= "\udfff")


def _byte(byte: int) -> str:
    character = chr(byte)
    if character in "'\\":
        return f"\\{character}"
    return character if 32 <= byte < 127 else f"\\x{byte:02x}"


def words(command: Sequence[str]) -> str:
    """A command line as a shell takes it."""
    return " ".join(map(quoted, command))
