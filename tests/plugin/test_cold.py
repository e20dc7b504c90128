"""What the plugin costs a run that has no sweeps."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest
from sweep_tree import ADD, SweepTree

from pytest_ttnn_sweeps.traced import default_master_path

HEAVY = ("torch", "ttnn", "numpy", "pandas", "pydantic", "pydantic_core", "sqlalchemy", "alembic", "loguru")


def imported(pytester: pytest.Pytester, *arguments: str) -> set[str]:
    pytester.makepyfile("def test_it(): pass")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", "-q", *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=pytester.path,
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_a_run_without_sweeps_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """Loading the plugin imports no torch, ttnn, numpy, pandas or pydantic, and none of the package's rooms."""
    # hypothesis's own pytest plugin may import numpy or pandas; it isn't ours.
    modules = imported(pytester, "-p", "no:hypothesispytest")

    assert "pytest_ttnn_sweeps.options" in modules
    assert not modules & set(HEAVY)
    rooms = {name for name in modules if name.startswith("pytest_ttnn_sweeps.")}
    assert rooms <= {
        "pytest_ttnn_sweeps.plugin",
        "pytest_ttnn_sweeps.hookspecs",
        "pytest_ttnn_sweeps.options",
        "pytest_ttnn_sweeps.settings",
        "pytest_ttnn_sweeps._compat",
        "pytest_ttnn_sweeps.errors",
        "pytest_ttnn_sweeps.collection",
    }


def test_an_existing_sweeps_tree_that_is_not_selected_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """Even with sweeps around, nothing heavy is imported before one of them is."""
    pytester.mkdir("sweeps").joinpath("relu.py").write_text(
        "import torch\nparameters = {'nightly': {}}\ndef run(*, device): pass\n", encoding="utf-8"
    )

    modules = imported(pytester, "-p", "no:hypothesispytest", "-k", "test_it")

    assert "pytest_ttnn_sweeps.collection.session" in modules
    assert not modules & set(HEAVY)


def test_recording_and_delivering_import_nothing_heavy(tree: SweepTree) -> None:
    """Vectors run, are recorded and reach a database, and the session itself needs neither models nor drivers."""
    tree.write("add", ADD.replace("a + b < 50", "True"))

    modules = imported(tree.pytester, "-p", "no:hypothesispytest", "--sweep-to=sqlite:///x.db")

    assert (tree.pytester.path / "x.db").is_file()
    assert "pytest_ttnn_sweeps.results.courier" in modules
    assert not modules & set(HEAVY)


def test_ttnn_is_not_made_importable_for_runs_without_sweeps(pytester: pytest.Pytester) -> None:
    """A project's own `try: import ttnn` sees what it would see without us."""
    pytester.makepyfile(
        "import importlib.util\ndef test_it():\n    assert 'pytest_ttnn_sweeps.emulation' not in "
        "str(importlib.util.find_spec('ttnn'))\n"
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_session_leaves_the_process_as_it_was(tree: SweepTree) -> None:
    """The default master, ``sys.path``, the import finders and the garbage collector are as before."""

    def state() -> tuple[object, ...]:
        return default_master_path(), list(sys.path), list(sys.meta_path), gc.isenabled(), gc.get_freeze_count()

    tree.write("add", ADD)
    tree.run("--tb=no")
    before = state()
    tree.pytester.makefile(".json", elsewhere="{}")

    tree.run("--tb=no", "--sweep-master", "elsewhere.json")

    assert state() == before
