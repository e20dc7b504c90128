"""The fixture that gives an item its device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_ttnn_sweeps.collection.nodes import SweepModule
from pytest_ttnn_sweeps.collection.session import DEVICES
from pytest_ttnn_sweeps.devices.session import DeviceSessions, DeviceUnsuitable


@pytest.fixture(scope="module")
def sweep_device(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The device that a sweep module's vectors run on.

    What the module's ``mesh_device_fixture`` yields, or device 0, which modules share. A fixture of this name in a
    conftest replaces it.
    """
    sessions = request.config.stash.setdefault(DEVICES, DeviceSessions())
    node = request.node
    fixture = node.definition.mesh_device_fixture if isinstance(node, SweepModule) else None
    try:
        session = sessions.acquire(fixture)
    except DeviceUnsuitable as unsuitable:
        pytest.skip(str(unsuitable))
    yield session.device
    sessions.release(session)
