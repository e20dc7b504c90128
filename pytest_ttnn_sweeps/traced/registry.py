"""Which master is meant, and which configuration a name means.

Every master that a loader of this process reads is remembered, so that the names which one sweep module got resolve in
any other module at any later time. A name carries the hash of its configuration, so it means the same in every master.
Every run of the plugin imports this module, so it imports what reads masters only when one is read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ttnn_sweeps.traced.errors import TracedNameError
from pytest_ttnn_sweeps.traced.names import ID_DIGITS, SEPARATOR, find_operation, near_operations

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
    from pytest_ttnn_sweeps.traced.master import Master

MASTER_LOCATION = Path("traced_operations") / "ttnn_operations_master.json"
"""Where the default master lies, below the working directory or a directory above it."""
MASTER_VARIABLE = "TTNN_MASTER_JSON_PATH"


class _Defaults:
    """What ``set_default_master`` said; the environment and the working directory are asked each time."""

    path: Path | None = None
    below: Path | None = None


_used: dict[Path, Master] = {}
"""The masters that loaders read, as they were then: their names resolve even if the file is gone."""


def set_default_master(
    path: str | os.PathLike[str] | None, *, below: str | os.PathLike[str] | None = None
) -> tuple[Path | None, Path | None]:
    """Make ``path`` the master of every loader that isn't given one, before the environment and the search.

    ``None`` returns to the search, which then begins at ``below`` instead of the working directory. Returns the path
    and the directory that were set before.
    """
    former = _Defaults.path, _Defaults.below
    _Defaults.path = None if path is None else Path(path).resolve()
    _Defaults.below = None if below is None else Path(below).resolve()
    return former


def default_master_path() -> Path | None:
    """The default master: what ``set_default_master`` said, else ``TTNN_MASTER_JSON_PATH``, else the nearest
    ``traced_operations/ttnn_operations_master.json`` in the starting directory or one above it, else None.
    """
    if _Defaults.path is not None:
        return _Defaults.path
    named = os.environ.get(MASTER_VARIABLE)
    if named:
        return Path(named)
    start = (_Defaults.below or Path.cwd()).resolve()
    candidates = (directory / MASTER_LOCATION for directory in (start, *start.parents))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def master_in_use() -> Master | None:
    """The default master, if this process has read it."""
    path = default_master_path()
    return None if path is None else _used.get(path.resolve())


def use_master(path: Path) -> Master:
    """The master at ``path``, remembered for the resolution of names. Raises ``MasterError``."""
    from pytest_ttnn_sweeps.traced.master import read_master

    master = read_master(path)
    _used[master.path] = master
    return master


def find_configuration(name: str) -> TracedConfiguration:
    """The configuration called ``<operation>_traced_<id>`` or, by its place in its master, ``<operation>_traced_<i>``.

    Raises ``TracedNameError`` with near names where there is none, and where a place means different configurations in
    the masters of this process.
    """
    operation_name, separator, key = name.rpartition(SEPARATOR)
    is_place = key.isdecimal() and len(key) < ID_DIGITS
    found: dict[str, TracedConfiguration] = {}
    near: list[str] = []
    for master in _masters():
        operation = find_operation(operation_name, master.operations) if separator else None
        if operation is None:
            near += near_operations(operation_name or name, master.operations)
            continue
        configurations = master.configurations(operation)
        if is_place:
            matches = configurations[int(key) : int(key) + 1]
        else:
            matches = tuple(configuration for configuration in configurations if configuration.id == key)
        found.update((configuration.content_hash, configuration) for configuration in matches)
        near += [configuration.name for configuration in configurations[:3]]
    if len(found) > 1:
        names = ", ".join(configuration.name for configuration in found.values())
        msg = f"{name!r} is ambiguous, the masters in use have {names}; give one of these names"
        raise TracedNameError(msg)
    if not found:
        known = f"near names: {', '.join(dict.fromkeys(near))}" if near else "no master in use has a similar name"
        msg = f"no traced configuration is called {name!r}; {known}; names have the form <operation>_traced_<id>"
        raise TracedNameError(msg)
    return next(iter(found.values()))


def resolve_name(name: str) -> str:
    """The stable name that ``name`` is an alias of (``add_traced_0``); anything else is returned as it is."""
    key = name.rpartition(SEPARATOR)[2]
    if key == name or not key.isdecimal() or len(key) >= ID_DIGITS:
        return name
    try:
        return find_configuration(name).name
    except TracedNameError:
        return name


def _masters() -> list[Master]:
    default = default_master_path()
    if default is not None:
        use_master(default)
    return list(_used.values())
