"""``ttnn-sweeps doctor``: what this machine has for running sweeps."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
from typing import Any

from pytest_ttnn_sweeps import __version__
from pytest_ttnn_sweeps.devices.provider import choose
from pytest_ttnn_sweeps.traced import MasterError, default_master_path, read_master

_PACKAGES = ("pytest", "pytest-xdist", "pytest-timeout", "torch", "numpy", "pandas", "pydantic", "ttnn")


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser("doctor", help="Say what this machine has for running sweeps")
    parser.add_argument("--device", default="auto", metavar="PROVIDER", help="As --sweep-device (default: auto)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one fact a line; 1 where the traced master can't be read."""
    rows = [
        ("pytest-ttnn-sweeps", f"{__version__}, Python {platform.python_version()}, {platform.platform()}"),
        ("import ttnn gives", choose(options.device).describe()),
        *((package, _version(package)) for package in _PACKAGES),
    ]
    status = 0
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


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _master(path: Any) -> str:
    counts = read_master(path).operations
    return f"{path}: {sum(counts.values())} configurations of {len(counts)} operations"
