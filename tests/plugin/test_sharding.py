"""``--sweep-shard`` and ``--sweep-dist=shard``: parts that together are the whole, run once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sweep_tree import ADD, SweepTree

FEW = "parameters = {'few': {'a': [1]}}\ndef run(a, *, device): pass\n"
MANY = "parameters = {'many': {'a': range(20), 'b': range(5)}}\ndef run(a, b, *, device): return a != 7, 'seven'\n"


def write(tree: SweepTree) -> None:
    tree.write("eltwise.add", ADD)
    tree.write("many", MANY)
    tree.write("few", FEW)


def over_shards(tree: SweepTree, count: int, *arguments: str) -> list[list[str]]:
    return [tree.ids("--sweep-shard", f"{number}/{count}", *arguments) for number in range(1, count + 1)]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--sweep-sample", "7"),
        ("--sweep-where", "a>=2"),
        ("-k", "many or few"),
        ("--sweep-keep-invalid",),
        ("--sweep-vector", "a,b,c,1"),
        ("sweeps/many.py::many",),
    ],
)
def test_shards_together_select_what_a_run_without_them_selects(tree: SweepTree, arguments: tuple[str, ...]) -> None:
    """A union without overlap, whatever selects besides; no shard has it all."""
    write(tree)
    rejecting = "def invalidate_vector(vector): return vector['b'] == 3, 'three'\n"
    tree.write("many", MANY + rejecting)

    whole, shards = tree.ids(*arguments), over_shards(tree, 3, *arguments)

    assert sorted(whole) == sorted(node_id for shard in shards for node_id in shard)
    assert all(len(shard) < len(whole) for shard in shards)


def test_named_vectors_are_parted_too(tree: SweepTree) -> None:
    """Node ids on the command line run in the shard that has them; the others don't miss them."""
    write(tree)
    named = tree.ids()[:30:3]

    shards = over_shards(tree, 4, *named)

    assert sorted(named) == sorted(node_id for shard in shards for node_id in shard)
    assert tree.run("--sweep-shard", "1/2", named[0][:-1] + "x").ret == pytest.ExitCode.USAGE_ERROR


def test_a_vector_that_does_not_exist_is_missed_by_its_shard_alone(tree: SweepTree) -> None:
    """The shard that would have it says so; for the others it is somebody else's."""
    write(tree)

    codes = [tree.run("--sweep-shard", f"{n}/2", "sweeps/few.py::few::0123456789ab").ret for n in (1, 2)]

    assert sorted(codes) == [pytest.ExitCode.OK, pytest.ExitCode.USAGE_ERROR]


def test_counts_say_what_was_left_to_others(tree: SweepTree) -> None:
    """Header and collection name the shard; what the shards have and leave adds up."""
    write(tree)
    left = []
    for number in (1, 2):
        result = tree.run("--collect-only", "--sweep-shard", f"{number}/2")
        result.stdout.fnmatch_lines([f"sweeps: shard {number}/2 of the vectors, by their ids"])
        (line,) = [line for line in result.outlines if line.endswith(" left to other shards")]
        left.append((int(line.split()[1]), int(line.split()[-5])))

    assert [sum(pair) for pair in left] == [109, 109]
    assert sum(have for have, _ in left) == 109


def test_a_shard_without_vectors_is_no_failure(tree: SweepTree) -> None:
    """One vector in two shards: a job matrix of both succeeds. A selection of nothing at all stays pytest's exit 5."""
    tree.write("few", FEW)

    results = [tree.run("--sweep-shard", f"{n}/2") for n in (1, 2)]

    assert [result.ret for result in results] == [pytest.ExitCode.OK] * 2
    (empty,) = [result for result in results if not result.parseoutcomes().get("passed")]
    empty.stdout.fnmatch_lines(["sweeps: 0 vectors *; 1 left to other shards"])
    assert tree.run("--sweep-shard", "1/2", "-k", "nobody").ret == pytest.ExitCode.NO_TESTS_COLLECTED
    tree.write("few", FEW.replace("[1]", "[]"))
    assert tree.run("--sweep-shard", "1/2").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_last_failed_is_parted_and_never_everything(tree: SweepTree) -> None:
    """A shard that has none of the failures runs nothing, where pytest would run all that it has."""
    write(tree)
    assert tree.run("--tb=no").parseoutcomes()["failed"] == 6

    outcomes = [tree.run("--lf", "--tb=no", "--sweep-shard", f"{number}/7") for number in range(1, 8)]

    assert sum(result.parseoutcomes().get("failed", 0) for result in outcomes) == 6
    assert not any("passed" in result.parseoutcomes() for result in outcomes)


@pytest.mark.parametrize("shard", ["0/4", "5/4", "a/b", "3"])
def test_a_wrong_shard_is_a_usage_error(tree: SweepTree, shard: str) -> None:
    """One line with the grammar."""
    tree.write("few", FEW)

    result = tree.run("--sweep-shard", shard)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --sweep-shard '{shard}': expected NUMBER/COUNT*"])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--sweep-dist", "load"), "ERROR: --sweep-dist 'load': expected shard*"),
        (("--sweep-dist=shard", "--dist=worksteal"), "ERROR: --sweep-dist=shard and --dist=worksteal are two ways*"),
    ],
)
def test_a_wrong_distribution_is_a_usage_error(tree: SweepTree, arguments: tuple[str, ...], line: str) -> None:
    """One line, before any worker has work."""
    tree.write("few", FEW)

    result = tree.run_apart(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([line])


def reports(path: Path) -> Counter[str]:
    """How often each test is in a JUnit file."""
    return Counter(f"{case.get('classname')}.{case.get('name')}" for case in ElementTree.parse(path).iter("testcase"))


@pytest.mark.parametrize("shard", [None, "2/2"])
def test_workers_run_parts_of_their_own(tree: SweepTree, shard: str | None) -> None:
    """Each vector and each ordinary test once; counts, summary and JUnit are those of one process."""
    write(tree)
    tree.pytester.makepyfile(test_plain="import pytest\n@pytest.mark.parametrize('n', range(9))\ndef test_it(n): pass")
    arguments = ["--tb=no", "-v", *(["--sweep-shard", shard] if shard else [])]

    alone = tree.run_apart("--junitxml=alone.xml", *arguments)
    shared = tree.run_apart("-n3", "--sweep-dist=shard", "--junitxml=shared.xml", *arguments)

    assert shared.parseoutcomes() == alone.parseoutcomes()
    assert shared.ret == alone.ret
    assert reports(Path("shared.xml")) == reports(Path("alone.xml"))
    assert set(reports(Path("shared.xml")).values()) == {1}
    total = sum(reports(Path("alone.xml")).values())
    (line,) = [line for line in shared.outlines if re.match(r"3 workers \[", line)]
    sizes = [int(size) for size in re.findall(r"\d+", line)]
    assert sizes[-1] == total == sum(sizes[1:-1])
    assert all(size < total for size in sizes[1:-1])
    assert any("[100%]" in line for line in shared.outlines)
    assert summary(shared) == summary(alone)
    assert any("left to other shards" in line for line in shared.outlines) == (shard is not None)


def summary(result: pytest.RunResult) -> list[str]:
    """The lines of the sweeps' own table."""
    start = next(at for at, line in enumerate(result.outlines) if " sweeps " in line and line.startswith("="))
    end = next(at for at in range(start + 1, len(result.outlines)) if result.outlines[at].startswith("="))
    return [line for line in result.outlines[start + 1 : end] if not line.startswith("shard ")]


def test_a_crashed_worker_costs_its_vector_alone(tree: SweepTree) -> None:
    """Who replaces it takes its part over: one failure, every other vector once."""
    tree.write(
        "many",
        "import os, signal\n" + MANY.replace("return a != 7", "return a != 7 or b != 2 or os.kill(os.getpid(), 9)"),
    )

    result = tree.run_apart("-n2", "--sweep-dist=shard", "--tb=no", "--junitxml=shared.xml")

    result.assert_outcomes(passed=99, failed=1)
    found = reports(Path("shared.xml"))
    assert sum(found.values()) == len(found) == 100


def test_two_crashes_are_replaced_part_by_part(tree: SweepTree) -> None:
    """Each replacement has the part of the worker that it replaces."""
    tree.write(
        "many", "import os\n" + MANY.replace("return a != 7", "return b != 2 or a not in (3, 7, 11) or os._exit(3)")
    )

    result = tree.run_apart("-n3", "--sweep-dist=shard", "--tb=no")

    result.assert_outcomes(passed=97, failed=3)


def test_workers_stop_at_the_first_failure(tree: SweepTree) -> None:
    """``-x`` leaves what hasn't started: other workers end soon too, not with their part."""
    tree.write(
        "slow",
        """
        import time
        parameters = {"slow": {"a": range(400)}}
        def run(a, *, device):
            time.sleep(0.05)
            return a != 3, "three"
        """,
    )

    outcomes = tree.run_apart("-n2", "--sweep-dist=shard", "-x", "--tb=no").parseoutcomes()

    assert outcomes["failed"] == 1
    assert outcomes.get("passed", 0) < 100


def test_last_failed_works_with_parts(tree: SweepTree) -> None:
    """The failures of all workers are remembered, and run again by those that have them."""
    write(tree)
    first = tree.run_apart("-n2", "--sweep-dist=shard", "--tb=no").parseoutcomes()

    again = tree.run_apart("-n2", "--sweep-dist=shard", "--tb=no", "--lf")

    assert again.parseoutcomes() == {"failed": first["failed"]}


def test_named_vectors_go_to_their_workers(tree: SweepTree) -> None:
    """Node ids are parted; no worker misses what another has, and none runs everything instead."""
    write(tree)
    named = tree.ids()[2:9]

    result = tree.run_apart("-n2", "--sweep-dist=shard", "--tb=no", *named)

    assert sum(result.parseoutcomes().values()) == 7


def test_a_broken_module_is_one_error_with_parts(tree: SweepTree) -> None:
    """Every worker fails to import it; it is said once."""
    write(tree)
    tree.write("broken", "import nowhere\nparameters = {'few': {'a': [1]}}\ndef run(a, *, device): pass\n")

    result = tree.run_apart("-n2", "--sweep-dist=shard")

    assert result.parseoutcomes()["errors"] == 1


def test_skipped_modules_are_neither_imported_nor_run(tree: SweepTree) -> None:
    """``--sweep-skip-module`` takes dotted names and what lies below them."""
    write(tree)
    tree.write("eltwise.unary.bomb", FEW + "raise RuntimeError('imported')\n")
    everything = tree.ids("sweeps/many.py", "sweeps/few.py")

    assert set(tree.ids("--sweep-skip-module", "eltwise")) == set(everything)
    assert set(tree.ids("--sweep-skip-module", "eltwise.*,few")) == set(tree.ids("sweeps/many.py"))
    assert tree.ids("--sweep-module", "eltwise", "--sweep-skip-module", "eltwise.unary") == tree.ids(
        "sweeps/eltwise/add.py"
    )


def test_a_skipped_module_that_is_not_there_is_a_usage_error(tree: SweepTree) -> None:
    """A typo would run what was to be left out."""
    write(tree)

    result = tree.run("--sweep-skip-module", "eltwis")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --sweep-skip-module 'eltwis' leaves out nothing; there is eltwise.add"])
