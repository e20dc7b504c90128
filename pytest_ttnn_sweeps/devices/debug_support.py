"""Whether what ``import ttnn`` gives has the profiler or the watcher that a run asks for."""

from __future__ import annotations

from pytest_ttnn_sweeps.devices.provider import Provider
from pytest_ttnn_sweeps.devices.wheel import profiler_refusal
from pytest_ttnn_sweeps.errors import SweepError


class UnsupportedDebugging(SweepError):
    """What an option asks for can't be had with this device, this build, or another option."""


def check_options(*, device_perf: bool, watcher: int | None) -> None:
    """Raise ``UnsupportedDebugging`` for options that can't mean what they say."""
    if watcher is not None and watcher < 0:
        msg = f"--sweep-watcher={watcher}: expected the seconds between two looks, from 1 on"
        raise UnsupportedDebugging(msg)
    if device_perf and watcher is not None:
        msg = (
            "--sweep-device-perf and --sweep-watcher: the watcher changes the kernels, and times under it mean "
            "nothing; give one of them"
        )
        raise UnsupportedDebugging(msg)


def check_watcher(provider: Provider) -> None:
    """Raise ``UnsupportedDebugging`` where there is nothing to watch."""
    if not provider.is_wheel:
        msg = "--sweep-watcher: the emulation has no kernels to watch; give --sweep-device ttnn"
        raise UnsupportedDebugging(msg)
    if provider.is_mock:
        msg = "--sweep-watcher: a mock device reads as zeros, which the watcher takes for corruption; it needs a device"
        raise UnsupportedDebugging(msg)


def check_device_perf(provider: Provider) -> None:
    """Raise ``UnsupportedDebugging`` where there is no device profiler; the wheel is asked in a process of its own."""
    if not provider.is_wheel:
        msg = "--sweep-device-perf: no device profiler on the emulation; give --sweep-device ttnn"
        raise UnsupportedDebugging(msg)
    refusal = profiler_refusal()
    if refusal is not None:
        msg = f"--sweep-device-perf: ttnn {provider.version}: {refusal}"
        raise UnsupportedDebugging(msg)
