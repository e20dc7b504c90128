"""The traced samples, and a ttnn that records what it is told to make."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pytest_ttnn_sweeps.traced import loader, registry, set_default_master

DATA = Path(__file__).parents[1] / "data"
SAMPLE = DATA / "traced_master_sample.json"
EVERY_SAMPLE = tuple(sorted(DATA.glob("*master*.json")))
CLASSES = (
    "CoreCoord CoreRange CoreRangeSet CoreGrid Shape ShardSpec NdShardSpec MemoryConfig UnaryWithParam "
    "WormholeComputeKernelConfig MatmulMultiCoreReuseMultiCastProgramConfig "
    "MatmulMultiCoreReuseMultiCast1DProgramConfig SDPAProgramConfig"
)
VERBATIM = DATA / "traced_configurations_verbatim.json"
PROJECT_MASTER = Path(__file__).parents[2] / "traced_operations" / "ttnn_operations_master.json"


@dataclass
class Made:
    """An object of the recording ttnn: class name and constructor arguments; ttnn's own objects compare like this."""

    name: str
    positional: tuple[Any, ...]
    keywords: dict[str, Any] = field(default_factory=dict)


def _recorder(name: str) -> Any:
    def make(*positional: Any, **keywords: Any) -> Made:
        if name == "CoreRange" and positional[0].positional > positional[1].positional:
            raise RuntimeError(
                "TT_THROW @ core_coord.cpp:9: tt::exception\ninfo:\nInvalid core range\nbacktrace:\n --- x"
            )
        for flag in ("fuse_batch", "fp32_dest_acc_en", "mcast_in0"):
            if not isinstance(keywords.get(flag, False), bool):
                raise TypeError(f"__init__(): incompatible function arguments: {flag}")
        return Made(name, positional, keywords)

    return make


@pytest.fixture
def ttnn(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module ``ttnn`` whose classes return what they were called with, as strict about flags as the real one."""
    module: Any = ModuleType("ttnn")
    members = {
        "DataType": "BFLOAT16 FLOAT32 UINT32 BFLOAT8_B BFLOAT4_B UINT8 UINT16 INT32",
        "Layout": "ROW_MAJOR TILE",
        "BufferType": "DRAM L1",
        "TensorMemoryLayout": "INTERLEAVED HEIGHT_SHARDED WIDTH_SHARDED BLOCK_SHARDED",
        "ShardOrientation": "ROW_MAJOR COL_MAJOR",
        "ShardDistributionStrategy": "ROUND_ROBIN_1D GRID_2D",
        "MathFidelity": "LoFi HiFi2 HiFi3 HiFi4",
        "ThrottleLevel": "NO_THROTTLE LEVEL_1",
        "UnaryOpType": "GELU SILU",
    }
    for name, names in members.items():
        setattr(module, name, enum.Enum(name, names))
    for name in CLASSES.split():
        setattr(module, name, _recorder(name))
    monkeypatch.setitem(sys.modules, "ttnn", module)
    return module


@pytest.fixture(autouse=True)
def no_master_but_the_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Every test begins as a fresh process does: no default master, nothing read, nothing warned."""
    monkeypatch.setattr(registry, "_used", {})
    monkeypatch.setattr(loader, "_warned", set())
    monkeypatch.delenv(registry.MASTER_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    set_default_master(None)


@pytest.fixture
def sample() -> SimpleNamespace:
    """The samples' paths."""
    return SimpleNamespace(v1=SAMPLE, every=EVERY_SAMPLE, verbatim=VERBATIM, project=PROJECT_MASTER, directory=DATA)
