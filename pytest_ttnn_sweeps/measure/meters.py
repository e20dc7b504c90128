"""From the options of a run to the meters that they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.settings import Settings


def meters(settings: Settings) -> list[object]:
    """The package's own meters: objects that implement the hooks of `hookspecs`; none where none is asked for.

    A meter is imported with the option that asks for it: a run that measures nothing loads nothing of it.
    """
    found: list[object] = []
    if settings.perf or settings.repeat:
        from pytest_ttnn_sweeps.measure.times import HostTimes

        found.append(HostTimes())
    if settings.perf:
        from pytest_ttnn_sweeps.measure.roofline.meter import RooflineMeter

        found.append(RooflineMeter())
    if settings.device_perf:
        from pytest_ttnn_sweeps.measure.device_perf.meter import DeviceTime, wants_device_side_setup

        found.append(DeviceTime(device_side_setup=wants_device_side_setup(settings.device_side_setup)))
    if settings.memory:
        from pytest_ttnn_sweeps.measure.memory import MemoryMeter

        found.append(MemoryMeter())
    if settings.watcher is not None:
        from pytest_ttnn_sweeps.measure.watcher import Watcher

        found.append(Watcher())
    return found
