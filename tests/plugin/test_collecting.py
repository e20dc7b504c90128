"""Sweep files become native nodes: which files, in which tree, with which names, and what goes wrong."""

from __future__ import annotations

import textwrap

import pytest
from sweep_tree import ADD, SweepTree

HELPER = "raise RuntimeError('imported')\nparameters = {}\n"


def test_a_file_is_a_module_its_suites_are_classes_and_vectors_are_functions(tree: SweepTree) -> None:
    """The tree is Module > Class > Function, so everything that knows pytest knows sweeps."""
    tree.write("eltwise.add", ADD)
    items, _ = tree.pytester.inline_genitems("-p", "ttnn_sweeps")

    kinds = [type(node).__mro__ for node in items[0].listchain()]

    assert pytest.Module in kinds[-3]
    assert pytest.Class in kinds[-2]
    assert pytest.Function in kinds[-1]
    assert len(items) == 8


def test_node_ids_are_path_suite_and_twelve_hexadecimal_digits(tree: SweepTree) -> None:
    """A node id has no brackets and no index: it survives an edit of the suite."""
    tree.write("eltwise.add", ADD)

    ids = tree.ids()

    assert len(ids) == 8
    for node_id in ids:
        path, suite, vector = node_id.split("::")
        assert path == "sweeps/eltwise/add.py"
        assert suite in ("nightly", "model_traced")
        assert len(vector) == 12
        assert set(vector) <= set("0123456789abcdef")


def test_ids_do_not_depend_on_other_values_or_on_their_order(tree: SweepTree) -> None:
    """A vector keeps its id when values are added, removed or moved, and when the suite is renamed."""
    tree.write("add", ADD)
    before = {node_id.rpartition("::")[2] for node_id in tree.ids("-k", "nightly")}
    tree.write("add", ADD.replace("[1, 2, 3]", "[7, 3, 2]").replace("nightly", "weekly"))

    after = {node_id.rpartition("::")[2] for node_id in tree.ids("-k", "weekly")}

    assert len(before & after) == 4


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_two_files_of_one_name_do_not_clash(tree: SweepTree, mode: str) -> None:
    """Sweep files are imported under their dotted path, whatever the import mode."""
    tree.write("unary.relu", ADD)
    tree.write("binary.relu", ADD.replace("nightly", "weekly"))

    result = tree.run("--import-mode", mode, "--tb=no")

    assert result.parseoutcomes()["passed"] + result.parseoutcomes()["failed"] == 16


def test_a_helper_beside_sweeps_is_not_imported(tree: SweepTree) -> None:
    """Only files that bind both names are sweep modules; the others stay unread by Python."""
    tree.write("add", ADD)
    tree.pytester.path.joinpath("sweeps", "helper.py").write_text(HELPER, encoding="utf-8")

    result = tree.run("--tb=no")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=7, failed=1)


def test_a_file_named_on_the_command_line_is_collected_once(tree: SweepTree) -> None:
    """The explicit path of a sweep file gives one collector, inside the sweeps root and outside of it."""
    inside = tree.write("add", ADD)
    outside = tree.write("sub", ADD, root="elsewhere")

    assert len(tree.ids(str(inside))) == 8
    assert len(tree.ids(str(outside))) == 8


def test_files_outside_the_roots_are_left_alone(tree: SweepTree) -> None:
    """A file that looks like a sweep module is none outside the sweeps roots."""
    tree.write("add", ADD, root="elsewhere")

    assert tree.run().ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_ini_names_other_roots(tree: SweepTree) -> None:
    """``sweep_roots`` says where sweep modules lie."""
    tree.pytester.makeini("[pytest]\nsweep_roots = ops/sweeps\n")
    tree.write("add", ADD, root="ops/sweeps")

    assert {node_id.partition("::")[0] for node_id in tree.ids()} == {"ops/sweeps/add.py"}


def test_an_ordinary_test_file_in_the_tree_stays_one(tree: SweepTree) -> None:
    """``test_*.py`` below a sweeps root that is no sweep module is collected as pytest does without us."""
    tree.write("add", ADD)
    tree.pytester.path.joinpath("sweeps", "test_it.py").write_text("def test_it(): pass\n", encoding="utf-8")

    assert "sweeps/test_it.py::test_it" in tree.ids()


def test_embedded_tests_are_collected_only_when_asked_for(tree: SweepTree) -> None:
    """One file gives one kind of item, unless ``sweep_collect_tests`` is set."""
    tree.write("add", ADD + "\n\ndef test_own():\n    assert True\n")
    assert not any("test_own" in node_id for node_id in tree.ids())
    tree.pytester.makeini("[pytest]\nsweep_collect_tests = true\n")

    assert "sweeps/add.py::test_own" in tree.ids()


def test_fixtures_of_the_file_and_autouse_fixtures_serve_items(tree: SweepTree) -> None:
    """An autouse fixture in the sweep file or in a conftest runs around every vector."""
    tree.write(
        "add",
        """
        import pytest
        parameters = {"nightly": {"a": [1, 2]}}
        seen = []

        @pytest.fixture(autouse=True)
        def note(request):
            seen.append(request.node.name)

        def run(a, *, device):
            return len(seen) == a, "autouse ran"
        """,
    )

    tree.run().assert_outcomes(passed=2)


def test_a_conftest_may_replace_the_device_fixture(tree: SweepTree) -> None:
    """``sweep_device`` can be overridden by name, as any fixture can."""
    tree.pytester.makeconftest(
        "import pytest\n@pytest.fixture(scope='module')\ndef sweep_device():\n    yield 'mine'\n"
    )
    tree.write(
        "add", "parameters = {'s': {}}\ndef run(*, device):\n    return device == 'mine', str(device)\n", device=True
    )

    tree.run().assert_outcomes(passed=1)


def test_zipped_keys_generators_empty_suites_and_duplicates(tree: SweepTree) -> None:
    """Every declaration that real modules use gives the vectors that it means."""
    tree.write(
        "shapes",
        """
        parameters = {
            "zipped": {"a, b": [(1, 2), (3, 4)], "c": [0, 1]},
            "generator": {"a": [1, 2], "b": (x for x in range(3)), "c": [0]},
            "empty_values": {"a": [], "b": [1], "c": [0]},
            "no_parameters": {},
            "twice": {"a": [1, 1, 2], "b": [0], "c": [0]},
        }

        def run(a=0, b=0, c=0, *, device):
            return True, ""
        """,
    )

    ids = tree.ids()
    result = tree.run()

    suites = [node_id.split("::")[1] for node_id in ids]
    assert {suite: suites.count(suite) for suite in suites} == {
        "zipped": 4,
        "generator": 6,
        "no_parameters": 1,
        "twice": 2,
    }
    result.stdout.fnmatch_lines(["*13 vectors in 5 suites of 1 module; 1 duplicate*"])


def test_invalid_vectors_are_counted_by_reason_and_make_no_items(tree: SweepTree) -> None:
    """``invalidate_vector`` decides; its reasons are in the summary."""
    tree.write("add", ADD + "\ndef invalidate_vector(v):\n    return v['a'] == 2, 'two is odd here'\n")

    result = tree.run("--tb=no")

    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*6 vectors*; 2 invalid", "*add::nightly * 6 * 2 *", "invalid 2x: two is odd here"])


def test_kept_invalid_vectors_are_skips_at_the_sweep_file(tree: SweepTree) -> None:
    """``--sweep-keep-invalid`` makes them items, skipped with the reason, before any fixture."""
    tree.pytester.makeconftest("import pytest\n@pytest.fixture(scope='module')\ndef sweep_device():\n    1 / 0\n")
    tree.write("add", ADD + "\ndef invalidate_vector(v):\n    return True, 'never'\n", device=True)

    result = tree.run("--sweep-keep-invalid", "-rs")

    result.assert_outcomes(skipped=8)
    result.stdout.fnmatch_lines(["SKIPPED * sweeps/add.py:*: INVALID VECTOR: never"])


def test_xfail_suites_carry_the_mark(tree: SweepTree) -> None:
    """A suite called ``xfail...`` is expected to fail, strictly only where the ini file says so."""
    tree.write("bad", "parameters = {'xfail-2': {'a': [1, 2]}}\ndef run(a, *, device):\n    return a == 1, 'PCC 0.5'\n")

    tree.run().assert_outcomes(xfailed=1, xpassed=1)
    tree.pytester.makeini("[pytest]\nxfail_strict = true\n")
    tree.run().assert_outcomes(xfailed=1, failed=1)


def test_suite_names_that_would_break_node_ids_are_made_safe(tree: SweepTree) -> None:
    """Brackets, separators and foreign letters in suite names don't reach node ids, which stay selectable."""
    tree.write("odd", "parameters = {'a::b[0]/ü @x': {'v': [1]}, 'a b 0 x': {'v': [2]}}\ndef run(v, *, device): pass\n")

    ids = tree.ids()

    assert len(ids) == 2
    assert len(set(ids)) == 2
    for node_id in ids:
        assert tree.ids(node_id) == [node_id]


def test_marks_come_from_suite_and_category(tree: SweepTree) -> None:
    """``-m`` knows ``sweep``, the suite and the category, under ``--strict-markers`` too."""
    tree.write("eltwise.add", ADD)
    tree.write("matmul.mm", ADD)

    assert len(tree.ids("-m", "sweep", "--strict-markers")) == 16
    assert len(tree.ids("-m", "eltwise and model_traced", "--strict-markers")) == 2


def test_a_suite_named_like_a_mark_with_a_meaning_just_runs(tree: SweepTree) -> None:
    """A suite called ``skip`` or ``timeout`` is a suite."""
    tree.write("m", "parameters = {'skip': {'a': [1]}, 'timeout': {'a': [1]}}\ndef run(a, *, device): pass\n")

    tree.run().assert_outcomes(passed=2)


def test_assertions_are_rewritten_in_directory_runs_and_for_explicit_paths(tree: SweepTree) -> None:
    """A plain ``assert`` in ``run`` shows its operands however the file was found."""
    path = tree.write("add", "parameters = {'s': {'a': [3]}}\ndef run(a, *, device):\n    assert a + 1 == 7\n")

    for arguments in ((), (str(path),)):
        tree.run(*arguments).stdout.fnmatch_lines(["E*assert (3 + 1) == 7"])


BAD_INPUT = {
    "syntax error": ("parameters = {'s': {}}\ndef run(:\n", "sweeps/bad.py:2: SyntaxError: *"),
    "parameters is a list": (
        "parameters = [1]\ndef run(*, device): pass\n",
        "sweeps/bad.py: 'parameters' is a list; expected a dict*",
    ),
    "suite is a list": (
        "parameters = {'s': [1]}\ndef run(*, device): pass\n",
        "sweeps/bad.py: suite 's' is a list; expected a dict of parameter name to values",
    ),
    "values are a text": (
        "parameters = {'s': {'a': 'bf16'}}\ndef run(a, *, device): pass\n",
        "sweeps/bad.py: suite 's': 'a' is a str; expected a list of values. Wrap it: *bf16*",
    ),
    "zipped row too short": (
        "parameters = {'s': {'a,b': [(1, 2), (3,)]}}\ndef run(a, b, *, device): pass\n",
        "*suite 's': row 1 of the zipped key 'a,b' is (3,); expected 2 values",
    ),
    "value without codec": (
        "parameters = {'s': {'a': [lambda: 1]}}\ndef run(a, *, device): pass\n",
        "*suite 's': 'a': a value of type builtins.function can't be stored; *",
    ),
    "run lacks a parameter": (
        "parameters = {'s': {'a': [1]}}\ndef run(b, *, device): pass\n",
        "*suite 's': run() takes no parameter 'a'; it takes b, device",
    ),
    "suite lacks a parameter": (
        "parameters = {'s': {'a': [1]}}\ndef run(a, b, *, device): pass\n",
        "*suite 's': run() needs 'b', which the suite doesn't declare; *",
    ),
    "bare bool from invalidate_vector": (
        "parameters = {'s': {'a': [1]}}\ninvalidate_vector = lambda v: False\ndef run(a, *, device): pass\n",
        "*suite 's': invalidate_vector returned False; expected a pair (is_invalid, reason)*",
    ),
    "run is no function": ("parameters = {'s': {}}\nrun = 3\n", "sweeps/bad.py: 'run' is 3; expected a function*"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_line_with_place_and_remedy(tree: SweepTree, case: str) -> None:
    """A user's mistake is one line, no traceback; other modules are collected all the same."""
    text, line = BAD_INPUT[case]
    tree.write("bad", text, device=True)
    tree.write("good", ADD)

    result = tree.run("--continue-on-collection-errors", "--tb=short")

    result.assert_outcomes(errors=1, passed=7, failed=1)
    result.stdout.fnmatch_lines([line])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_ttnn_sweeps*:[0-9]*")


def test_an_import_error_shows_its_own_traceback_only(tree: SweepTree) -> None:
    """What a module raises on import is one collection error, from the module's own line on."""
    tree.write("bad", "import no_such_library\nparameters = {'s': {}}\ndef run(*, device): pass\n")

    result = tree.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["sweeps/bad.py can't be imported", '*bad.py", line 1, in <module>', "*ModuleNotFoundError: *no_such_library*"]
    )
    result.stdout.no_fnmatch_line("*vectors/module.py*")


def test_a_module_that_skips_itself_is_skipped(tree: SweepTree) -> None:
    """``pytest.skip(allow_module_level=True)`` and ``importorskip`` work in sweep modules."""
    tree.write("gone", "import pytest\npytest.skip('not here', allow_module_level=True)\n" + textwrap.dedent(ADD))

    tree.run("-rs").stdout.fnmatch_lines(["SKIPPED * not here"])


def test_parameters_are_reproducible_across_processes(tree: SweepTree) -> None:
    """Unseeded random parameters give the same vectors in every process and whatever was imported before."""
    text = (
        "import random\nparameters = {'s': {'a': [random.random() for _ in range(5)]}}\ndef run(a, *, device): pass\n"
    )
    tree.write("a_first", text)
    tree.write("b_second", text.replace("'s'", "'t'"))

    ids = tree.ids()
    again = [line for line in tree.run_apart("--collect-only", "-q", "sweeps/b_second.py").outlines if "::" in line]

    assert [i.rpartition("::")[2] for i in ids[:5]] == [i.rpartition("::")[2] for i in ids[5:]]
    assert again == ids[5:]


def test_hash_randomisation_and_working_directory_change_nothing(
    tree: SweepTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are the same for every PYTHONHASHSEED and from every directory below the rootdir."""
    tree.write("add", ADD.replace("[10, 20]", "['x', 'y']").replace("a + b < 50", "True"))
    collected = []
    for seed, directory in (("0", "."), ("1", "."), ("2", "sweeps")):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        with monkeypatch.context() as context:
            context.chdir(tree.pytester.path / directory)
            result = tree.run_apart("--collect-only", "-q")
        collected.append([line for line in result.outlines if "::" in line])

    assert collected[0] == collected[1] == collected[2]
    assert len(collected[0]) == 8


def test_an_editor_gets_a_small_tree_that_says_so(tree: SweepTree) -> None:
    """``--sweep-ide N`` shows N vectors a suite and the ones that failed last."""
    tree.write("add", "parameters = {'s': {'a': list(range(100))}}\ndef run(a, *, device):\n    return a != 70, ''\n")
    assert tree.run("--tb=no").ret == pytest.ExitCode.TESTS_FAILED

    result = tree.run("--collect-only", "--sweep-ide", "5")

    assert sum("<SweepItem" in line for line in result.outlines) == 6
    result.stdout.fnmatch_lines(["*94 hidden by --sweep-ide*"])


def test_vs_code_collecting_gets_the_small_tree_by_itself(tree: SweepTree) -> None:
    """The limit is on when VS Code's own plugin collects, and only then."""
    tree.write("add", "parameters = {'s': {'a': list(range(100))}}\ndef run(a, *, device): pass\n")
    tree.pytester.makepyfile(vscode_pytest="")
    tree.pytester.syspathinsert()

    assert len(tree.ids("-p", "vscode_pytest")) == 20
    tree.run("-p", "vscode_pytest").assert_outcomes(passed=100)


def test_items_tell_their_suites_line(tree: SweepTree) -> None:
    """``location`` is the file and the line that declares the suite: editors jump there."""
    tree.write("add", ADD)
    items, _ = tree.pytester.inline_genitems("-p", "ttnn_sweeps", "-k", "model_traced")

    path, line, title = items[0].location

    assert path == "sweeps/add.py"
    assert line == 3
    assert title == f"model_traced.{items[0].name}"


def test_verbose_collection_shows_parameters(tree: SweepTree) -> None:
    """``--collect-only -v`` lists each vector's parameters below it; without ``-v`` the tree is bare."""
    tree.write("add", ADD)

    verbose = tree.run("--collect-only", "-v", "-k", "model_traced")
    bare = tree.run("--collect-only", "-k", "model_traced")

    verbose.stdout.fnmatch_lines(["*<SweepItem *>", "*a = 4", "*b = 40", "*<SweepItem *>", "*a = 5", "*b = 50"])
    bare.stdout.no_fnmatch_line("*a = 4*")
