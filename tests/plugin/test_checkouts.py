"""Sweep trees as upstream's checkouts have them: their imports, their directories, their broken modules."""

from __future__ import annotations

import pytest
from sweep_tree import ADD, SweepTree

UPSTREAM = "tests/sweep_framework/sweeps"
HELPED = """
from tests.ttnn.helpers import VALUES
from models.common import MORE
from sweep_utils.shapes import SHAPES
parameters = {"s": {"a": VALUES + MORE, "shape": SHAPES}}

def run(a, shape, *, device):
    return True, ""
"""


@pytest.fixture
def checkout(tree: SweepTree) -> SweepTree:
    """A checkout with a sweep module and the helpers that it imports from three packages without ``__init__.py``."""
    tree.write("eltwise.relu", HELPED, root=UPSTREAM)
    root = tree.pytester.path
    for path, text in {
        "tests/ttnn/helpers.py": "VALUES = [1, 2]",
        "models/common.py": "MORE = [3]",
        "tests/sweep_framework/sweep_utils/shapes.py": "SHAPES = [[1, 32], [2, 32]]",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return tree


def test_helpers_are_found_without_configuration(checkout: SweepTree) -> None:
    """Modules import from the checkout's root and from the directory above the sweeps root."""
    checkout.run_apart(UPSTREAM).assert_outcomes(passed=6)


def test_helpers_are_found_where_the_rootdir_lies_inside_the_sweeps(
    checkout: SweepTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an ini file above, pytest takes the directory that it is called in for the rootdir."""
    (checkout.pytester.path / "tox.ini").unlink()
    monkeypatch.chdir(checkout.pytester.path / UPSTREAM / "eltwise")
    checkout.run_apart(".").assert_outcomes(passed=6)


def test_an_installed_package_of_the_same_name_does_not_shadow_helpers(
    checkout: SweepTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python prefers a regular ``tests`` package anywhere on its path to the checkout's, which has no ``__init__``."""
    installed = checkout.pytester.mkdir("site")
    (installed / "tests").mkdir()
    (installed / "tests" / "__init__.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    checkout.run_apart(UPSTREAM).assert_outcomes(passed=6)


def test_modules_are_imported_with_the_checkout_as_working_directory(
    tree: SweepTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trace file that a module opens by a path relative to the checkout is found from wherever pytest is called."""
    tree.write(
        "traces",
        """
        import pathlib
        parameters = {"s": {"line": pathlib.Path("tests/traces.txt").read_text().split()}}

        def run(line, *, device):
            return not pathlib.Path("tests").is_dir(), ""
        """,
        root=UPSTREAM,
    )
    (tree.pytester.path / "tests" / "traces.txt").write_text("one two")
    monkeypatch.chdir(tree.pytester.mkdir("elsewhere"))

    tree.run(f"--rootdir={tree.pytester.path}", f"../{UPSTREAM}").assert_outcomes(passed=2)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_broken_modules_are_errors_and_the_rest_runs(tree: SweepTree, workers: tuple[str, ...]) -> None:
    """One module that can't be imported, and one suite that can't be run, don't cost the others' results."""
    tree.write("bad", "import no_such_library\nparameters = {'s': {}}\ndef run(*, device): pass\n")
    tree.write("mismatch", "parameters = {'s': {'a': [1]}}\ndef run(b, *, device): pass\n")
    tree.write("good", ADD)

    result = tree.run_apart(*workers)

    result.assert_outcomes(errors=2, passed=7, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_broken_module_stops_a_run_that_shall_stop(tree: SweepTree) -> None:
    """``-x`` means what it says."""
    tree.write("bad", "import no_such_library\nparameters = {'s': {}}\ndef run(*, device): pass\n")
    tree.write("good", ADD)

    tree.run("-x").assert_outcomes(errors=1)


def test_a_broken_ordinary_test_stops_the_run_as_ever(tree: SweepTree) -> None:
    """What pytest does with other files' errors is left alone."""
    tree.write("good", ADD)
    tree.pytester.makepyfile(test_bad="import no_such_library")

    result = tree.run()

    result.assert_outcomes(errors=1)
    assert result.ret == pytest.ExitCode.INTERRUPTED


def test_a_forgotten_breakpoint_is_passed_over_where_nobody_can_answer(tree: SweepTree) -> None:
    """Collecting doesn't stop, and a warning says where the breakpoint is."""
    tree.write(
        "forgotten",
        """
        parameters = {"s": {"a": [1, 2, 3]}}

        def invalidate_vector(vector):
            breakpoint()
            return vector["a"] == 3, "three"

        def run(a, *, device):
            return True, ""
        """,
    )

    result = tree.run_apart()

    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*forgotten.py:5: UserWarning: breakpoint() ignored while collecting: no terminal*"])
