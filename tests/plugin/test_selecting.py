"""Selecting: before expansion, before import, and never less than pytest would select."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from sweep_tree import ADD, SweepTree

from pytest_ttnn_sweeps import _compat

BOMB = "raise RuntimeError('imported')\n"


def selected(tree: SweepTree, *arguments: str) -> int:
    return len(tree.ids(*arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ("-k", "model_traced"),
        ("-k", "model_traced and not weekly"),
        ("-m", "model_traced"),
        ("--sweep-suite", "model_traced"),
        ("--sweep-suite", "model_*"),
        ("--sweep-module", "add"),
        ("sweeps/add.py",),
        ("sweeps/add.py::model_traced",),
    ],
)
def test_a_module_that_cannot_match_is_not_imported(tree: SweepTree, arguments: tuple[str, ...]) -> None:
    """Names that the source shows decide without an import."""
    tree.write("add", ADD)
    tree.write("other", "parameters = {'weekly': {'a': [1]}}\ndef run(a, *, device): pass\n" + BOMB)

    result = tree.run("--collect-only", "-q", *arguments)

    assert result.ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    "text",
    [
        "parameters = {'weekly': {'a': [1]}}\nparameters['model_traced'] = {'a': [1]}\n",
        "parameters = {'weekly': {'a': [1]}}\nparameters.update(model_traced={'a': [1]})\n",
        "parameters = {'weekly': {'a': [1]}} | {'model_traced': {'a': [1]}}\n",
        "parameters = {name: {'a': [1]} for name in ('weekly', 'model_' + 'traced')}\n",
        "parameters = {'weekly': {'a': [1]}}\nalias = parameters\nalias['model_traced'] = {'a': [1]}\n",
        "parameters = {'weekly': {'a': [1]}, **{'model_traced': {'a': [1]}}}\n",
        "if True:\n    parameters = {'model_traced': {'a': [1]}}\nelse:\n    parameters = {}\n",
        "globals().update(parameters={'model_traced': {'a': [1]}})\nparameters = globals()['parameters']\n",
    ],
)
def test_a_suite_that_the_source_hides_is_found(tree: SweepTree, text: str) -> None:
    """The plan may import too much and never drops: computed suite names are seen."""
    tree.write("hidden", text + "def run(a, *, device): pass\n")

    assert selected(tree, "-k", "model_traced") == 1


@pytest.mark.parametrize(
    "expression",
    ["add", "ADD", "eltwise", "model_traced", "not nightly", "nightly or model", "sweeps", "add and not model_traced"],
)
def test_keyword_expressions_select_what_pytest_selects(
    tree: SweepTree, monkeypatch: pytest.MonkeyPatch, expression: str
) -> None:
    """With and without the plan's pruning, ``-k`` gives the same items."""
    tree.write("eltwise.add", ADD)
    tree.write("matmul.mm", ADD.replace("model_traced", "forge"))

    pruned = tree.ids("-k", expression)
    monkeypatch.setattr(_compat, "compile_expression", lambda text: None)
    unpruned = tree.ids("-k", expression)

    assert pruned == unpruned
    assert pruned


def test_a_part_of_the_vector_id_is_a_keyword(tree: SweepTree) -> None:
    """Identifiers made of hexadecimal digits may be parts of ids, so nothing is pruned for them."""
    tree.write("add", ADD)
    node_id = tree.ids()[3]

    assert node_id in tree.ids("-k", node_id[-7:])


def test_marks_that_a_conftest_adds_to_items_are_seen(tree: SweepTree) -> None:
    """A hook may mark items after they are made; the plan leaves such marks open."""
    tree.pytester.makeini("[pytest]\nmarkers = slow: slow ones\n")
    tree.pytester.makeconftest(
        "def pytest_collection_modifyitems(items):\n    for item in items[:2]:\n        item.add_marker('slow')\n"
    )
    tree.write("add", ADD)

    assert selected(tree, "-m", "slow") == 2
    assert selected(tree, "-k", "slow") == 2


def test_module_marks_are_seen(tree: SweepTree) -> None:
    """``pytestmark`` of a sweep module marks its items."""
    tree.pytester.makeini("[pytest]\nmarkers = slow: slow ones\n")
    tree.write("add", "import pytest\npytestmark = pytest.mark.slow\n" + ADD)
    tree.write("sub", ADD)

    assert selected(tree, "-m", "slow") == 8


def test_one_node_id_runs_alone(tree: SweepTree) -> None:
    """A node id from the output selects its vector; an unknown one is pytest's own error."""
    tree.write("add", ADD)
    node_id = tree.ids()[3]

    assert tree.ids(node_id) == [node_id]
    assert tree.run(node_id[:-1] + "x").ret == pytest.ExitCode.USAGE_ERROR


def test_many_node_ids_and_deselect(tree: SweepTree) -> None:
    """Lists of node ids, of several suites, and ``--deselect`` compose."""
    tree.write("add", ADD)
    ids = tree.ids()

    assert tree.ids(*ids[2:7]) == ids[2:7]
    assert set(tree.ids("sweeps/add.py", ids[0])) == set(ids)
    assert tree.ids("--deselect", ids[0]) == ids[1:]


def test_last_failed_runs_only_what_failed(tree: SweepTree) -> None:
    """``--lf`` imports only the modules with failures and runs only the vectors that failed."""
    tree.write("add", ADD)
    tree.write("fine", "parameters = {'s': {'a': [1, 2]}}\ndef run(a, *, device): pass\n")
    tree.run("--tb=no").assert_outcomes(passed=9, failed=1)
    tree.write("fine", "parameters = {'s': {'a': [1, 2]}}\ndef run(a, *, device): pass\n" + BOMB)

    tree.run("--lf", "--tb=no").assert_outcomes(failed=1)


def test_last_failed_runs_everything_when_the_failures_are_gone(tree: SweepTree) -> None:
    """A failing vector that was edited away leaves ``--lf`` with nothing to prefer: pytest then runs all, so do we."""
    tree.write("add", ADD)
    tree.write("fine", "parameters = {'s': {'a': [1, 2]}}\ndef run(a, *, device): pass\n")
    tree.run("--tb=no").assert_outcomes(passed=9, failed=1)
    tree.write("add", ADD.replace("(5, 50)", "(5, 5)"))

    tree.run("--lf").assert_outcomes(passed=10)


def test_failed_first_and_stepwise(tree: SweepTree) -> None:
    """``--ff`` puts failures first; ``--sw`` stops at a failure and goes on there."""
    tree.write("add", ADD.replace("< 50", "not in (13, 22)"))
    tree.run("--tb=no").assert_outcomes(passed=6, failed=2)

    result = tree.run("--ff", "-v", "--tb=no")
    order = [line.split()[1] for line in result.outlines if line.startswith("sweeps/")]
    assert order[:2] == ["FAILED", "FAILED"]
    tree.run("--sw", "--tb=no").assert_outcomes(passed=3, failed=1)
    tree.write("add", ADD.replace("< 50", "!= 13"))
    tree.run("--sw", "--tb=no").assert_outcomes(passed=1, failed=1)


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        (["a=1"], 2),
        (["a!=1", "b=20"], 2),
        (["a>=2"], 6),
        (["a<2"], 2),
        (["b==40"], 1),
        (["a = 2", "b=20"], 1),
    ],
)
def test_where_selects_by_parameter(tree: SweepTree, conditions: list[str], count: int) -> None:
    """``--sweep-where`` narrows the product, zipped keys included."""
    tree.write("add", ADD)

    assert selected(tree, *(part for text in conditions for part in ("--sweep-where", text))) == count


def test_a_condition_leaves_out_suites_without_the_parameter(tree: SweepTree) -> None:
    """A suite that lacks the parameter has no vector that meets the condition, whatever selects vectors besides."""
    tree.write("add", ADD)
    tree.write("bare", "parameters = {'bare': {}}\ndef run(*, device): pass\n")
    (bare,) = tree.ids("sweeps/bare.py")

    assert selected(tree, "--sweep-where", "a=1") == 2
    result = tree.run("--sweep-where", "a=1", bare)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: not found: *{bare}"])


def test_a_sample_is_reproducible_bounded_and_valid(tree: SweepTree) -> None:
    """N per suite, the same ones every time, all of them valid, in suite order, without visiting the rest."""
    tree.write(
        "big",
        """
        wide = range(1000)
        parameters = {"huge": {"a": wide, "b": wide, "c": wide}, "small": {"a": [1], "b": [2], "c": [3]}}
        calls = []
        def invalidate_vector(vector):
            calls.append(1)
            assert len(calls) < 1000
            return vector["a"] % 2 == 1 and vector["b"] != 2, "odd"
        def run(a, b, c, *, device): pass
        """,
    )

    ids = tree.ids("--sweep-sample", "10")

    assert len(ids) == 11
    assert ids == tree.ids("--sweep-sample", "10")
    assert ids != tree.ids("--sweep-sample", "10", "--sweep-seed", "1")


def test_vectors_are_selected_by_prefix_and_by_traced_name(tree: SweepTree) -> None:
    """``--sweep-vector`` takes the beginning of an id, several of them, or a configuration's name."""
    tree.write(
        "traced",
        "parameters = {'model_traced': {'x,traced_config_name': [(1, 'op_traced_aa11'), (2, 'op_traced_bb22')]}}\n"
        "def run(x, traced_config_name, *, device): pass\n",
    )
    tree.write("add", ADD)
    ids = [node_id.rpartition("::")[2] for node_id in tree.ids("sweeps/add.py")]

    assert selected(tree, "--sweep-vector", ids[0][:8]) == 1
    assert selected(tree, "--sweep-vector", f"{ids[0]},{ids[1]}") == 2
    assert selected(tree, "--sweep-vector", "op_traced_bb22") == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--sweep-suite", "nigthly"), "ERROR: --sweep-suite 'nigthly' selects nothing; there is nightly"),
        (("--sweep-module", "ad"), "ERROR: --sweep-module 'ad' selects nothing; there is add"),
        (("--sweep-where", "aa=1"), "ERROR: --sweep-where 'aa' selects nothing; there is a*"),
        (("--sweep-vector", "zz"), "ERROR: --sweep-vector 'zz' selects nothing: no vector id begins so*"),
        (("--sweep-where", "a"), "ERROR: --sweep-where 'a': expected NAME=VALUE*"),
        (("--sweep-where", "a<x"), "ERROR: --sweep-where 'a<x': 'x' is no number*"),
        (("--sweep-device", "moon"), "ERROR: --sweep-device 'moon': expected auto, ttnn, mock, mock:BOARD, *"),
        (("--sweep-device", "emulated:n1"), "ERROR: --sweep-device 'emulated:n1': no board 'n1'; there is n150*"),
        pytest.param(
            ("--sweep-torch-device", "moon"),
            "ERROR: --sweep-torch-device 'moon': torch can't use it here: *moon",
            marks=pytest.mark.skipif(find_spec("torch") is None, reason="needs torch"),
        ),
    ],
)
def test_a_selection_that_names_nothing_is_a_usage_error(
    tree: SweepTree, arguments: tuple[str, ...], line: str
) -> None:
    """A typo is one line with the nearest names and exit code 4, not an empty success."""
    tree.write("add", ADD)

    result = tree.run(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([line])
    result.stderr.no_fnmatch_line("*Traceback*")


def test_the_same_typo_is_an_error_under_xdist(tree: SweepTree) -> None:
    """Workers find it, the controller says it."""
    tree.write("add", ADD)

    result = tree.run_apart("-n2", "--sweep-suite", "nigthly")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["ERROR: --sweep-suite 'nigthly' selects nothing*"])
