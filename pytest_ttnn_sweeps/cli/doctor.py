"""``ttnn-sweeps doctor``: what this machine has for running sweeps."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import re
import shlex
from collections import defaultdict
from typing import Any

from pytest_ttnn_sweeps import __version__
from pytest_ttnn_sweeps.devices.health import preflight
from pytest_ttnn_sweeps.devices.lease import Claims, host_devices, lock_directory
from pytest_ttnn_sweeps.devices.mock.preparing import prepare
from pytest_ttnn_sweeps.devices.mock.wheel import find_wheel
from pytest_ttnn_sweeps.devices.provider import Provider, choose
from pytest_ttnn_sweeps.devices.reset import BoardReset, reset_command
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import MasterError, default_master_path, read_master
from pytest_ttnn_sweeps.traced.describe import counted

_NAME = "pytest-ttnn-sweeps"
_PACKAGES = ("pytest", "pytest-xdist", "pytest-timeout", "filelock", "torch", "numpy", "pandas", "pydantic", "ttnn")
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+).*;.*extra\s*==\s*[\"']([^\"']+)[\"']")


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser("doctor", help="Say what this machine has for running sweeps")
    parser.add_argument("--device", default="auto", metavar="PROVIDER", help="As --sweep-device (default: auto)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one fact a line; 1 where something isn't in order: the traced master, a device, the reset command."""
    provider = choose(options.device)
    devices = host_devices() if provider.has_board else ()
    rows = [
        (_NAME, f"{__version__}, Python {platform.python_version()}, {platform.platform()}"),
        ("import ttnn gives", provider.describe()),
        *preflight(provider, devices=devices),
    ]
    if provider.is_prepared:
        rows.append(("files of the mock device", str(prepare(find_wheel()).path)))
    status = 0
    for fact in _busy(devices):
        rows.append(("in use", fact))
        status = 1
    try:
        rows.append(("reset command", _reset(provider, devices)))
    except SweepError as error:
        rows.append(("reset command", str(error)))
        status = 1
    rows += [(package, _version(package)) for package in _PACKAGES]
    rows += [(f"extra {extra}", fact) for extra, fact in _extras()]
    path = default_master_path()
    try:
        rows.append(("traced master", _master(path) if path else "none found from here upwards"))
    except MasterError as error:
        rows.append(("traced master", str(error)))
        status = 1
    width = max(len(name) for name, _ in rows)
    for name, fact in rows:
        print(f"{name.ljust(width)}  {fact}")
    return status


def _busy(devices: tuple[str, ...]) -> list[str]:
    """Who has which of the devices."""
    if not devices:
        return []
    claims = Claims(lock_directory())
    try:
        return claims.take(devices, len(devices))[1]
    finally:
        claims.release()


def _reset(provider: Provider, devices: tuple[str, ...]) -> str:
    command = reset_command(None, has_board=provider.has_board, devices=devices, boards=len(host_devices({})))
    if command is not None:
        return shlex.join(BoardReset(command, timeout_s=0, devices=devices).command)
    return "none found: no tt-smi on the PATH" if provider.has_board else "none needed"


def _extras() -> list[tuple[str, str]]:
    """The package's extras, as its installed metadata lists them, and what of each is installed."""
    try:
        requirements = importlib.metadata.requires(_NAME) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    packages: dict[str, list[str]] = defaultdict(list)
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        if match is not None and match[2] != "dev":
            packages[match[2]].append(match[1])
    facts = []
    for extra, names in packages.items():
        versions = {name: _version(name) for name in names}
        lacks = "not installed" in versions.values()
        advice = f"; pip install '{_NAME}[{extra}]'" if lacks else ""
        facts.append((extra, ", ".join(f"{name} {version}" for name, version in versions.items()) + advice))
    return facts


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _master(path: Any) -> str:
    counts = read_master(path).operations
    return f"{path}: {counted(sum(counts.values()), 'configuration')} of {counted(len(counts), 'operation')}"
