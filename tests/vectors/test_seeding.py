"""A block sees the same random numbers in every process, whatever was imported or drawn before."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
import traceback
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from textwrap import dedent

import numpy
import pytest
import torch

from pytest_ttnn_sweeps.vectors.seeding import seed_generators, seeded


def draws() -> tuple[float, float, float]:
    return random.random(), float(numpy.random.rand()), float(torch.rand(()))


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory to put modules in, which are forgotten after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in repr(module)]:
        del sys.modules[name]


def in_new_process(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_block_draws_what_its_seed_gives() -> None:
    """One seed, one series; another seed, another series."""
    series = []
    for seed in (0, 0, 1, 2**32 - 1):
        with seeded(seed):
            series.append(draws())
    assert series[0] == series[1]
    assert len(set(series)) == 3
    seed_generators(0)
    assert draws() == series[0]


@pytest.mark.parametrize("failing", [False, True])
def test_states_are_put_back(failing: bool) -> None:
    """After the block, even one that raises, all three generators go on as if it had not been."""
    seed_generators(3)
    expected = draws()
    seed_generators(3)
    finders = list(sys.meta_path)
    try:
        with seeded(0):
            draws()
            if failing:
                raise KeyError
    except KeyError:
        pass
    assert sys.meta_path == finders
    assert draws() == expected


def test_blocks_nest() -> None:
    """A block within a block has its own series and leaves the outer one where it was."""
    with seeded(1):
        outer = [draws(), draws()]
    with seeded(2):
        inner = draws()
    with seeded(1):
        assert draws() == outer[0]
        with seeded(2):
            assert draws() == inner
        assert draws() == outer[1]


PROGRAM = """
    import random, sys
    {before}
    from pytest_ttnn_sweeps.vectors.seeding import seeded
    with seeded(5):
        {within}
        import numpy, torch
        print(random.random(), numpy.random.rand(), torch.rand(()).item())
"""


@pytest.mark.parametrize(
    ("before", "within"),
    [
        ("import torch, numpy; torch.rand(3); numpy.random.rand(3); random.random()", ""),
        ("import numpy", ""),
        ("", "import torch"),
        ("", "import importlib.util as u; u.find_spec('torch'); u.find_spec('numpy')"),
        ("", "import pytest_ttnn_sweeps.testing"),
        ("", "from random import random as r; import colorsys, decimal"),
    ],
)
def test_libraries_are_seeded_when_the_block_imports_them(before: str, within: str) -> None:
    """A fresh process draws what this one draws, whether numpy and torch were loaded, probed for, or come by others."""
    with seeded(5):
        expected = " ".join(map(str, (random.random(), numpy.random.rand(), torch.rand(()).item())))
    assert in_new_process(PROGRAM.format(before=before, within=within)).strip() == expected


def test_libraries_that_the_block_imports_get_their_own_state_back() -> None:
    """numpy and torch, first imported inside nested blocks, obey the outer block in it and no block after both."""
    outputs = [
        in_new_process(
            f"""
            from pytest_ttnn_sweeps.vectors.seeding import seeded
            with seeded({outer}):
                with seeded(2):
                    import numpy, torch
                    print(numpy.random.rand(), torch.rand(()).item())
                print(numpy.random.rand(), torch.rand(()).item())
            print(numpy.random.rand())
            """
        ).splitlines()
        for outer in (1, 1, 3)
    ]
    inner, outer, after = zip(*outputs)
    assert len(set(inner)) == 1
    assert outer[0] == outer[1] != outer[2]
    assert len(set(after)) == 3
    with seeded(1):
        assert outer[0] == f"{numpy.random.rand()} {torch.rand(()).item()}"


def test_importing_a_module_that_draws_does_not_move_the_block(modules: Path) -> None:
    """A block's own numbers are the same whether its imports draw, reseed, or were loaded before."""
    (modules / "drawing.py").write_text("import random, numpy\nVALUE = random.random(), numpy.random.rand()\n")
    (modules / "reseeding.py").write_text("import random, torch\nrandom.seed(7); torch.manual_seed(7)\n")
    with seeded(0):
        expected = draws()
    values = []
    for _ in range(2):
        with seeded(0):
            drawing = importlib.import_module("drawing")
            importlib.import_module("reseeding")
            assert draws() == expected
        values.append(drawing.VALUE)
        del sys.modules["drawing"]
    with seeded(0):
        draws()
        values.append(importlib.import_module("drawing").VALUE)
    assert len(set(values)) == 1


def test_an_import_that_fails_does_not_move_the_block(modules: Path) -> None:
    """A module that draws and then raises leaves the block's numbers, and the next import, as they were."""
    (modules / "failing.py").write_text("import random\nrandom.random()\nraise KeyError\n")
    with seeded(0):
        expected = draws()
    with seeded(0):
        for _ in range(2):
            with pytest.raises(KeyError):
                importlib.import_module("failing")
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("no_module_of_this_name")
        assert draws() == expected


def test_imported_modules_keep_their_own_loaders(modules: Path) -> None:
    """Packages, data files and submodules work as ever, and nothing of the block stays behind in them."""
    (modules / "package").mkdir()
    (modules / "package" / "__init__.py").write_text(
        "import pkgutil\nfrom . import part\nDATA = pkgutil.get_data(__name__, 'data.txt')\nLOADER = __loader__\n"
    )
    (modules / "package" / "part.py").write_text("NAME = __spec__.loader.get_source(__name__)\n")
    (modules / "package" / "data.txt").write_text("data")
    (modules / "namespace").mkdir()
    with seeded(0):
        package = importlib.import_module("package")
        namespace = importlib.import_module("namespace")
        importlib.import_module("_ctypes_test" if "_ctypes_test" in sys.modules else "colorsys")
    assert package.DATA == b"data"
    assert package.LOADER is package.__spec__.loader is package.__loader__
    assert type(package.__loader__).__name__ == "SourceFileLoader"
    assert package.part.NAME.startswith("NAME")
    assert list(namespace.__path__) == [str(modules / "namespace")]


def test_finders_of_every_kind_are_asked() -> None:
    """Finders without ``find_spec`` and specs without loader, which may stand on ``sys.meta_path``, do no harm."""

    class Ancient:
        pass

    class Bare:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            return ModuleSpec(name, None, is_package=True) if name == "bare" else None

    sys.meta_path[:0] = [Ancient, Bare]  # type: ignore[list-item]
    try:
        with seeded(0):
            assert importlib.import_module("bare").__name__ == "bare"
    finally:
        del sys.meta_path[:2]
        sys.modules.pop("bare", None)


def test_seeding_asks_no_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeding once per vector must not format the stack for CUDA, XPU and others, as ``torch.manual_seed`` does."""
    monkeypatch.setattr(traceback, "format_stack", lambda: pytest.fail("the stack was formatted"))
    seed_generators(3)
    assert torch.initial_seed() == 3


def test_seeding_imports_nothing() -> None:
    """Neither torch nor numpy is loaded by seeding, and a library that is blocked is left alone."""
    in_new_process(
        """
        import sys
        sys.modules["numpy"] = None
        from pytest_ttnn_sweeps.vectors.seeding import seeded
        with seeded(0):
            pass
        assert "torch" not in sys.modules
        """
    )
