"""What speaks against running the installed ttnn on a mock device, and where its package is."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from pytest_ttnn_sweeps.devices.wheel import NOT_INSTALLED, installed_wheel
from pytest_ttnn_sweeps.errors import SweepError

TESTED = ("0.81.1",)
"""The releases of ttnn that are known to run on the mock device."""


class MockError(SweepError):
    """The mock device that was asked for can't be had."""


@dataclass(frozen=True)
class Wheel:
    """An installed ttnn."""

    version: str
    package: Path
    """The directory of its package."""


def find_wheel() -> Wheel:
    """The installed ttnn that can run on a mock device. Raises ``MockError`` where there is none, with the reason."""
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        msg = f"--sweep-device mock: there is ttnn for Linux on x86-64 alone, this is {system} on {machine}"
        raise MockError(msg)
    distribution = installed_wheel()
    if distribution is None:
        msg = f"--sweep-device mock: {NOT_INSTALLED}"
        raise MockError(msg)
    version = distribution.version
    if version not in TESTED:
        msg = f"--sweep-device mock: ttnn {version} is untested on a mock device; pip install 'ttnn=={TESTED[-1]}'"
        raise MockError(msg)
    package = Path(str(distribution.locate_file("ttnn"))).absolute()
    if not (package / "tt_metal").is_dir() or not (package / "runtime" / "hw").is_dir():
        msg = f"--sweep-device mock: {package} isn't the package of the wheel; pip install 'ttnn=={version}'"
        raise MockError(msg)
    return Wheel(version, package)
