"""Whether the emulation stands where ttnn would, and says no in a way that can be told apart."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
import torch

from pytest_ttnn_sweeps import emulation
from pytest_ttnn_sweeps.emulation.operation import OPERATIONS


@pytest.fixture
def ttnn() -> Iterator[Any]:
    """The emulation installed, on an n150 again afterwards."""
    yield emulation.install()
    emulation.use_board("n150")


def _run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_upstreams_imports_work() -> None:
    """Every way in which upstream's sweep modules import ttnn finds it."""
    program = """
from pytest_ttnn_sweeps import emulation
emulation.install()
import ttnn
import ttnn.device
import ttnn._ttnn.tensor
import ttnn.operations.matmul, ttnn.operations.reduction
from ttnn import bfloat16, TILE_LAYOUT, Tensor
from ttnn._ttnn.tensor import DataType, Layout, BufferType, TensorMemoryLayout
from ttnn.types import MemoryConfig
import tt_lib
from tt_lib.utils import _nearest_32, tilize, untilize
print(ttnn.device.Device.__module__, ttnn._ttnn.tensor.DataType.BFLOAT16 is bfloat16)
"""

    assert _run(program) == "ttnn._ttnn.multi_device True\n"


def test_installing_again_changes_nothing(ttnn: ModuleType) -> None:
    """Two installations give one module."""
    assert emulation.install() is ttnn
    assert importlib.import_module("ttnn") is ttnn


def test_uninstalling_leaves_no_module() -> None:
    """After uninstalling nothing of ttnn is left, and it can be installed again."""
    program = (
        "import sys; from pytest_ttnn_sweeps import emulation\n"
        "emulation.install(); emulation.uninstall()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('ttnn', 'tt_lib')])\n"
        "emulation.install(); import ttnn; print(ttnn.__version__)"
    )

    assert _run(program) == "[]\n0.81.1+emulated\n"


def test_another_ttnn_is_left_alone() -> None:
    """The emulation doesn't replace a ttnn that has been imported."""
    program = (
        "import sys, types; sys.modules['ttnn'] = types.ModuleType('ttnn')\n"
        "from pytest_ttnn_sweeps import emulation\n"
        "try: emulation.install()\nexcept RuntimeError as error: print(error)"
    )

    assert "imported already" in _run(program)


def test_it_says_what_it_is(ttnn: Any) -> None:
    """The version tells the emulation from the wheel, and the module can be found like any other."""
    assert ttnn.__version__ == "0.81.1+emulated"
    assert importlib.util.find_spec("ttnn") is not None


@pytest.mark.parametrize(
    "name",
    ["transformer.nothing", "experimental.nothing", "no_such_operation", "device.nothing", "_ttnn.tensor.Nothing"],
)
def test_a_missing_name_is_not_emulated(ttnn: Any, name: str) -> None:
    """A name that isn't there raises NotEmulated with that name, an AttributeError for hasattr's sake."""
    *modules, last = name.split(".")
    home = ttnn
    for module in modules:
        home = getattr(home, module)

    assert not hasattr(home, last)
    with pytest.raises(emulation.NotEmulated, match=f"ttnn.{name} is not emulated") as refusal:
        getattr(home, last)
    assert isinstance(refusal.value, AttributeError)
    assert isinstance(refusal.value, NotImplementedError)


def test_missing_methods_are_not_emulated(ttnn: Any) -> None:
    """A method that a tensor or device hasn't is refused by name, too."""
    with pytest.raises(emulation.NotEmulated, match=r"Tensor\.extract_shard is not emulated"):
        ttnn.from_torch(torch.ones(2)).extract_shard(0)
    with pytest.raises(emulation.NotEmulated, match=r"MeshDevice\.create_submesh is not emulated"):
        ttnn.open_device(device_id=0).create_submesh(None)


def test_every_operation_can_be_reached(ttnn: Any) -> None:
    """The dotted name of each operation of the table leads to it."""
    for name, operation in OPERATIONS.items():
        if name.startswith("ttnn.Tensor."):
            continue
        found = ttnn
        for part in name.split(".")[1:]:
            found = getattr(found, part)
        assert found is operation


def test_operators_are_operations(ttnn: Any) -> None:
    """Python's operators on tensors give what torch's give."""
    device = ttnn.open_device(device_id=0)
    values = torch.tensor([[1.0, 2.0, 4.0]])
    tensor = ttnn.from_torch(values, dtype=ttnn.float32, layout=ttnn.TILE_LAYOUT, device=device)

    for found, expected in (
        (tensor + tensor, values + values),
        (tensor + 1.0, values + 1),
        (1.0 + tensor, values + 1),
        (tensor - 1.0, values - 1),
        (tensor * tensor, values * values),
        (3.0 * tensor, 3 * values),
        (tensor / 2.0, values / 2),
        (tensor[:, 1:3], values[:, 1:3]),
        (tensor[0], values[0]),
        (tensor > 1.5, (values > 1.5).float()),
        (tensor == 2.0, (values == 2).float()),
        (tensor.reshape(3, 1), values.reshape(3, 1)),
    ):
        assert torch.equal(ttnn.to_torch(found), expected)


def test_members_pickle(ttnn: Any) -> None:
    """Members of enumerations survive pickling, which is how test workers exchange them."""
    assert pickle.loads(pickle.dumps(ttnn.bfloat8_b)) is ttnn.bfloat8_b  # noqa: S301


def test_nearest_32(ttnn: Any) -> None:
    """``tt_lib.utils`` rounds up to whole tiles and leaves tensors alone, saying that it does."""
    utils = importlib.import_module("tt_lib.utils")

    assert [utils._nearest_32(size) for size in (0, 1, 32, 33)] == [0, 32, 32, 64]
    with pytest.deprecated_call():
        assert utils.tilize("anything") == "anything"


def test_boards() -> None:
    """A board decides the devices opened from then on; an unknown one is refused with the known ones."""
    found = {}
    for name in ("n300", "p150", "n150"):
        board = emulation.use_board(name)
        assert emulation.board_in_use() is board
        found[name] = (board.chips, board.columns, board.rows, board.arch_name)

    assert found == {
        "n150": (1, 8, 8, "wormhole_b0"),
        "n300": (2, 8, 7, "wormhole_b0"),
        "p150": (1, 13, 10, "blackhole"),
    }
    with pytest.raises(ValueError, match="no board 'n400'; the emulation has n150, n300, p150"):
        emulation.use_board("n400")


def test_asking_for_install_is_cheap() -> None:
    """Whoever only imports the package waits for no torch."""
    loaded = _run("import sys, json, pytest_ttnn_sweeps.emulation; print(json.dumps(sorted(sys.modules)))")

    assert not {"torch", "numpy", "pandas", "pytest"} & set(json.loads(loaded))
