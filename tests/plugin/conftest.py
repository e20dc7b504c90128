"""Fixtures of the tests that drive the plugin."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from fake_board import FakeBoards
from sweep_tree import SweepTree

# pytester forgets what a run inside this process has imported, and torch, numpy and sqlalchemy can't be imported twice.
with suppress(ImportError):
    import torch  # noqa: F401
with suppress(ImportError):
    import numpy  # noqa: F401
with suppress(ImportError):
    import alembic.command  # noqa: F401
    import sqlalchemy.dialects.postgresql
    import sqlalchemy.dialects.sqlite  # noqa: F401


@pytest.fixture
def tree(pytester: pytest.Pytester) -> SweepTree:
    return SweepTree(pytester)


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeBoards:
    return FakeBoards(tmp_path / "boards", monkeypatch)
