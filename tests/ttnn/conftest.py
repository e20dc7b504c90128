"""The home of tests that need the real ttnn: they run on its mock device, and are skipped where there is no wheel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sweep_tree import SweepTree

from pytest_ttnn_sweeps.devices.mock.preparing import cache_directory
from pytest_ttnn_sweeps.devices.mock.wheel import find_wheel
from pytest_ttnn_sweeps.errors import SweepError

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    try:
        find_wheel()
    except SweepError as error:
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=f"needs the ttnn wheel ({error})"))


@pytest.fixture(scope="session", autouse=True)
def kernels() -> Iterator[None]:
    """One cache for all: pytester gives every test another home, which would have ttnn build its kernels anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(cache_directory().parent.parent))
        yield


@pytest.fixture
def tree(pytester: pytest.Pytester) -> SweepTree:
    return SweepTree(pytester)
