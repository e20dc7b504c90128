"""The fixtures that give items their device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_ttnn_sweeps.collection import SESSION
from pytest_ttnn_sweeps.collection.nodes import SweepModule
from pytest_ttnn_sweeps.devices.session import DeviceUnsuitable


@pytest.fixture(scope="module")
def sweep_device(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The device that a sweep module's vectors run on.

    What the module's ``mesh_device_fixture`` yields, or device 0, which modules share. A fixture of this name in a
    conftest replaces it.
    """
    node = request.node
    devices = request.config.stash[SESSION].devices.isolation(request.session).devices_for(node)
    fixture = node.definition.mesh_device_fixture if isinstance(node, SweepModule) else None
    try:
        session = devices.open(fixture)
    except DeviceUnsuitable as unsuitable:
        pytest.skip(str(unsuitable))
    sweeps = request.config.stash[SESSION]
    if devices is sweeps.devices.local:
        sweeps.devices.note_opened(session.describe())
    sweeps.devices.is_held = True
    yield session.device
    sweeps.devices.is_held = False
    devices.release(session)
