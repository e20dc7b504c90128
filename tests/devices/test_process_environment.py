"""Environment variables that are set for a while."""

from __future__ import annotations

import os

import pytest

from pytest_ttnn_sweeps.devices.process_environment import EnvironmentChange


def test_the_environment_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set is restored, what was not set is unset, and a second time nothing is touched."""
    monkeypatch.setenv("TTNN_SWEEPS_SET", "before")
    monkeypatch.setenv("TTNN_SWEEPS_HIDDEN", "theirs")
    monkeypatch.delenv("TTNN_SWEEPS_NEW", raising=False)
    monkeypatch.delenv("TTNN_SWEEPS_ABSENT", raising=False)
    before = dict(os.environ)
    values = {
        "TTNN_SWEEPS_SET": "1",
        "TTNN_SWEEPS_HIDDEN": None,
        "TTNN_SWEEPS_NEW": "2",
        "TTNN_SWEEPS_ABSENT": None,
    }

    change = EnvironmentChange(values)

    assert {name: os.environ.get(name) for name in values} == values
    assert "TTNN_SWEEPS_HIDDEN" not in os.environ
    change.undo()
    assert dict(os.environ) == before
    monkeypatch.setenv("TTNN_SWEEPS_NEW", "later")
    change.undo()
    assert os.environ["TTNN_SWEEPS_NEW"] == "later"
