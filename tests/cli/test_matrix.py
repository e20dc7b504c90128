"""``ttnn-sweeps matrix``: jobs that together run what one pytest run would, as JSON that a workflow can use."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import pytest
from sweep_tree import ADD, SweepTree

BIG = "parameters = {'big': {'a': range(30), 'b': range(10)}, 'small': {'a': [1], 'b': [1, 2]}}\n" + (
    "def run(a, b, *, device): pass\ndef invalidate_vector(vector): return vector['b'] == 3, 'three'\n"
)
BROKEN = "import nowhere\nparameters = {'s': {'a': [1]}}\ndef run(a, *, device): pass\n"


@pytest.fixture
def tree(pytester: pytest.Pytester) -> SweepTree:
    tree = SweepTree(pytester)
    tree.write("eltwise.add", ADD)
    tree.write("big", BIG)
    return tree


def command(tree: SweepTree, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from pytest_ttnn_sweeps.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, "matrix", *arguments],
        capture_output=True,
        text=True,
        cwd=tree.pytester.path,
        check=False,
    )


def jobs(tree: SweepTree, *arguments: str) -> list[dict[str, Any]]:
    done = command(tree, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "a step output is one line"
    include: list[dict[str, Any]] = json.loads(done.stdout)["include"]
    return include


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("--max-vectors", "100"), ()),
        (("--max-vectors", "5"), ("-k", "add or small")),
        (("--jobs", "4"), ()),
        (("--jobs", "1"), ()),
        (("--jobs", "3"), ("--sweep-sample", "20", "--sweep-where", "a>=2")),
    ],
)
def test_jobs_run_everything_once(tree: SweepTree, arguments: tuple[str, ...], options: tuple[str, ...]) -> None:
    """The arguments of the jobs, given to pytest, are the whole selection in parts, of the sizes that it says."""
    matrix = jobs(tree, *arguments, f"--pytest={shlex.join(options)}")

    parts = [tree.ids(*shlex.split(job["args"])) for job in matrix]

    assert sorted(node_id for part in parts for node_id in part) == sorted(tree.ids(*options))
    assert [len(part) for part in parts] == [job["vectors"] for job in matrix]
    assert len({job["name"] for job in matrix}) == len(matrix)


def test_a_big_suite_is_sharded_and_described(tree: SweepTree) -> None:
    """Each job says what it is, in plain texts; its name is fit for an artifact."""
    matrix = jobs(tree, "--max-vectors", "100")

    shards = [job for job in matrix if job["shard"]]
    assert [job["shard"] for job in shards] == [f"{n}/{len(shards)}" for n in range(1, len(shards) + 1)]
    assert {(job["modules"], job["suites"]) for job in shards} == {("big", "big")}
    (rest,) = [job for job in matrix if not job["shard"]]
    assert rest["modules"] == "big,eltwise.add"
    assert rest["args"] == "sweeps/big.py::small sweeps/eltwise/add.py"
    assert {type(value) for job in matrix for value in job.values()} <= {str, int}
    assert not any(set(job["name"]) & set('":<>|*?\r\n\\/') for job in matrix)


def test_the_matrix_is_the_same_every_time(tree: SweepTree) -> None:
    """Byte for byte, whatever Python's hashes are."""
    assert len({command(tree, "--jobs", "3").stdout for _ in range(3)}) == 1


def test_broken_modules_are_named_and_have_a_job(tree: SweepTree) -> None:
    """The failure shows in CI: on standard error of the planning and as a job that fails."""
    tree.write("broken", BROKEN)
    tree.write("odd", "parameters = {'s': {'a': 3}, 't': {'a': [1]}}\ndef run(a, *, device): pass\n")

    done = command(tree, "--jobs", "2")

    arguments = [shlex.split(job["args"]) for job in json.loads(done.stdout)["include"]]
    assert sum("sweeps/broken.py" in job for job in arguments) == 1
    assert sum("sweeps/odd.py" in job for job in arguments) == 1
    assert "sweeps/broken.py can't be collected" in done.stderr
    assert "ModuleNotFoundError: No module named 'nowhere'" in done.stderr
    assert "sweeps/odd.py::s can't be collected" in done.stderr


def test_names_are_quoted_for_a_shell(tree: SweepTree) -> None:
    """A path is one argument to a shell, whatever it is made of, and never an option or a command."""
    path = tree.write("odd", ADD)
    path.rename(path.with_name("it's $(touch pwned) & more.py"))

    (job,) = jobs(tree, "--jobs", "1")

    printed = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {job['args']}"],
        capture_output=True,
        text=True,
        cwd=tree.pytester.path,
        check=True,
    )
    assert "sweeps/it's $(touch pwned) & more.py" in printed.stdout.splitlines()
    assert not (tree.pytester.path / "pwned").exists()


def test_recorded_durations_balance_the_jobs(tree: SweepTree) -> None:
    """Few slow vectors weigh as much as many fast ones, and a limit in seconds parts them."""
    tree.write("slow", "parameters = {'s': {'a': range(3)}}\ndef run(a, *, device): pass\n")
    tree.write("fast", "parameters = {'s': {'a': range(90)}}\ndef run(a, *, device): pass\n")
    ids = tree.ids("sweeps/slow.py", "sweeps/fast.py")
    seconds = {node_id: 10.0 if "slow" in node_id else 0.1 for node_id in ids}
    tree.pytester.path.joinpath(".test_durations").write_text(json.dumps(seconds), encoding="utf-8")
    paths = ("sweeps/slow.py", "sweeps/fast.py", "--durations", ".test_durations")

    (fast, slow), parted = jobs(tree, *paths, "--jobs", "2"), jobs(tree, *paths, "--max-seconds", "20")

    assert (fast["modules"], fast["seconds"]) == ("fast", 9.0)
    assert (slow["modules"], slow["seconds"]) == ("slow", 30.0)
    assert sum(job["seconds"] for job in parted) == pytest.approx(39)
    assert max(job["seconds"] for job in parted) <= 20


def test_a_junit_file_of_a_run_is_understood(tree: SweepTree) -> None:
    """The names that pytest gives to test cases are found again, those of all suites."""
    tree.run("--junitxml=run.xml")
    cases = ElementTree.parse(tree.pytester.path / "run.xml").iter("testcase")
    recorded = sum(float(case.get("time", "nan")) for case in cases)

    (job,) = jobs(tree, "--jobs", "1", "--durations", "run.xml")

    assert job["seconds"] == pytest.approx(recorded, abs=0.051)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "one of the arguments --max-vectors --max-seconds --jobs is required"),
        (("--max-seconds", "3"), "ttnn-sweeps: --max-seconds goes by recorded durations"),
        (("--max-vectors", "3", "--durations", "x"), "ttnn-sweeps: --max-vectors goes by numbers"),
        (("--jobs", "0"), "argument --jobs: '0': expected a number from 1 on"),
        (("--max-seconds", "x"), "argument --max-seconds: 'x': expected a number of seconds above 0"),
        (("--jobs", "2", "--durations", "nowhere.json"), "--durations nowhere.json: No such file or directory\n"),
        (("--jobs", "2", "--pytest=-k 'a"), "ttnn-sweeps: --pytest"),
        (("--jobs", "2", "--pytest=--sweep-shard 1/2"), "ttnn-sweeps: --sweep-shard is what the matrix gives"),
        (("--jobs", "2", "--pytest=sweeps/big.py"), "among pytest's options is a path"),
        (("--jobs", "2", "--pytest=--no-such-option"), "unrecognized arguments: --no-such-option"),
        (("--jobs", "2", "--pytest=--sweep-suite nobody"), "--sweep-suite 'nobody' selects nothing"),
        (("--jobs", "2", "--pytest=-k nobody"), "ttnn-sweeps: no sweep vectors are selected"),
        (("--max-vectors", "1", "--max-jobs", "3"), "ttnn-sweeps: a limit of 1 takes more jobs, and 3 is the most"),
        (("nowhere", "--jobs", "2"), "file or directory not found: nowhere"),
    ],
)
def test_a_mistake_is_said_without_a_traceback(tree: SweepTree, arguments: tuple[str, ...], words: str) -> None:
    """Exit status 2, the words on standard error, and no half a matrix."""
    done = command(tree, *arguments)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
