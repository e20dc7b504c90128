"""The options and ini keys as pytest has them, and what they come to in one run.

Imported in every pytest run: standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.options import OPTIONS, Option

if TYPE_CHECKING:
    import pytest


def add_options(parser: pytest.Parser) -> None:
    """Register the table with pytest."""
    group = parser.getgroup("ttnn-sweeps", "TTNN sweeps")
    for option in OPTIONS:
        if option.on_command_line:
            group.addoption(option.flag, dest=option.ini, help=option.help, **_argument(option))
        if option.in_ini:
            kinds: Mapping[str, Any] = {"list": "linelist", "flag": "bool"}
            parser.addini(option.ini, option.help, type=kinds.get(option.kind, "string"), default=_ini_default(option))


def _argument(option: Option) -> dict[str, Any]:
    if option.kind == "flag":
        return {"action": "store_true", "default": None}
    argument: dict[str, Any] = {"metavar": option.metavar, "default": None}
    if option.kind == "list":
        argument |= {"action": "append"}
        return argument
    if option.kind == "count":
        argument |= {"type": int}
    if option.const is not None:
        argument |= {"nargs": "?", "const": option.const}
    return argument


def _ini_default(option: Option) -> Any:
    if option.kind == "list":
        return list(option.default) if isinstance(option.default, tuple) else []
    return option.default if option.kind == "flag" else ""


@dataclass(frozen=True)
class Settings:
    """The options of a run, parsed; field names are option names."""

    roots: tuple[Path, ...]
    collect_tests: bool
    suite: tuple[str, ...]
    module: tuple[str, ...]
    skip_module: tuple[str, ...]
    vector: tuple[str, ...]
    where: tuple[str, ...]
    vectors: Path | None
    sample: int | None
    shard: str | None
    dist: str | None
    seed: int
    max_elements: int
    keep_invalid: bool
    ide: int | None
    device: str
    validate_only: bool
    torch_device: str
    share_device: bool
    isolation: str
    timeout: int | None
    open_timeout: int
    skip_on_timeout: bool
    recycle: int | None
    repeat_check: int | None
    perf: bool
    repeat: int | None
    warmup: int | None
    device_perf: bool
    device_side_setup: bool
    memory: bool
    watcher: int | None
    accuracy: bool
    require: tuple[str, ...]
    reset_command: str | None
    reset_timeout: int
    max_device_failures: str
    master: Path | None
    trace: str | None
    trace_failed: bool
    trace_operations: Path | None
    trace_include: tuple[str, ...]
    trace_exclude: tuple[str, ...]
    results_dir: Path
    to: tuple[str, ...]
    resume: str | None
    only_status: tuple[str, ...]
    delivery_timeout: int
    delivery_warns: bool
    report: Path | None

    @classmethod
    def from_config(cls, config: pytest.Config) -> Settings:
        """The settings of ``config``; the command line wins over the ini file, the ini file over defaults."""
        values: dict[str, Any] = {option.name: _value(option, config) for option in OPTIONS}
        values["roots"] = _roots(config)
        for name in ("master", "trace_operations"):
            values[name] = config.rootpath / values[name] if values[name] else None
        values["results_dir"] = config.rootpath / values["results_dir"]
        for name in ("vectors", "report"):
            values[name] = config.invocation_params.dir / values[name] if values[name] else None
        return cls(**values)

    def check(self) -> None:
        """Raise ``SweepError`` for an option that can't mean what it says, whatever the session is like."""
        for option in OPTIONS:
            number = getattr(self, option.name)
            if option.least is not None and number is not None and number < option.least:
                msg = f"{option.flag} {number}: expected a number from {option.least} on"
                raise SweepError(msg)
        if self.warmup is not None and not (self.perf or self.repeat):
            msg = "--sweep-warmup: nothing is timed after it; add --sweep-perf or --sweep-repeat N"
            raise SweepError(msg)
        # A run that traces may make it.
        if self.master is not None and self.trace is None and not self.master.exists():
            msg = f"--sweep-master: there is no {self.master}"
            raise SweepError(msg)


def concern(config: pytest.Config) -> bool:
    """Whether the run has to do with sweeps: a sweeps root exists, or an option of ours is given."""
    given = (option for option in OPTIONS if option.on_command_line)
    return any(config.getoption(option.ini) is not None for option in given) or any(
        root.is_dir() for root in _roots(config)
    )


def _roots(config: pytest.Config) -> tuple[Path, ...]:
    """The sweeps roots; one of several parts is also found where the rootdir lies inside it."""
    roots = []
    for name in config.getini("sweep_roots"):
        # A single name, as in ~/sweeps/project, says nothing about what lies below.
        above = config.rootpath.parents if len(Path(name).parts) > 1 else ()
        around = next((parent / name for parent in above if config.rootpath.is_relative_to(parent / name)), None)
        roots.append(around or config.rootpath / name)
    return tuple(roots)


def _value(option: Option, config: pytest.Config) -> Any:
    value = config.getoption(option.ini) if option.on_command_line else None
    if value is None and option.in_ini:
        value = config.getini(option.ini)
    if option.kind == "list":
        parts = [part for text in value or () for part in (text.split(",") if option.splits else [text])]
        return tuple(part.strip() for part in parts if part.strip())
    if option.kind == "flag":
        return bool(value)
    if value is None or (value == "" and option.const != ""):
        return option.default
    return int(value) if option.kind == "count" else value
