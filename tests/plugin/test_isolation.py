"""Where vectors run, and that a child process makes no difference to what pytest shows of them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from sweep_tree import ADD, SweepTree

EMULATED = ("--sweep-device=emulated", "-p", "no:cacheprovider")

ENDINGS = '''
import logging, sys, warnings
import pytest

class Odd(BaseException):
    """Of no kind that anybody expects."""

class Coded(RuntimeError):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code

    def __str__(self):
        return f"code {self.code}"

def check(value):
    left = {"a": 1, "b": value}
    assert left == {"a": 1, "b": 2}

def deep(how):
    try:
        check(3)
    except AssertionError as error:
        raise Coded(7, "hidden") from error

# As many of torch's: newer versions of pytest put handlers at each of them.
apart = logging.getLogger("sweep.apart")
apart.propagate = False

HOWS = ["returns", "false", "asserts", "chained", "odd", "quits", "fails", "fails plainly", "xfails", "skips", "says",
        "junk", "skip dict", "timed", "warns"]
parameters = {"s": {"how": HOWS}, "xfail_s": {"how": ["returns", "asserts"]}}

def mesh_device_fixture():
    print("opened")
    logging.getLogger("sweep.device").warning("opening")
    yield "the device", "label"
    print("closed")

def run(how, *, device):
    assert device == "the device"
    if how == "false": return [(False, "PCC 0.7 is below 0.99"), 10]
    if how == "asserts": check(3)
    if how == "chained": deep(how)
    if how == "odd": raise Odd("odd", 1)
    if how == "quits": sys.exit("quitting")
    if how == "fails": pytest.fail("failed by name")
    if how == "fails plainly": pytest.fail("without a traceback", pytrace=False)
    if how == "xfails": pytest.xfail("known")
    if how == "skips": pytest.skip("not today")
    if how == "junk": return [1.0, 0.0]
    if how == "skip dict": return {"skip": "not here"}
    if how == "timed": return [(True, "0.999"), 1500]
    if how == "says":
        print("to stdout")
        print("to stderr", file=sys.stderr)
        logging.getLogger("sweep.op").error("failed %s", "badly", exc_info=ValueError("why"))
        apart.error("said apart")
        return False, ""
    if how == "warns":
        warnings.warn("first of all", DeprecationWarning)
        warnings.warn(MyWarning("my own"))
    return True, "0.999"

class MyWarning(UserWarning):
    pass
'''


def text_of(result: pytest.RunResult) -> list[str]:
    """The terminal's lines without what differs from run to run."""
    lines = [re.sub(r"[\d.]+s\b|0x[0-9a-f]+|runs/[^/]*/", "", line) for line in result.outlines]
    return [line for line in lines if not re.match(r"rootdir|cachedir|plugins|.*slowest", line)]


@pytest.mark.parametrize("style", ["auto", "long", "short", "line", "native", "no"])
def test_a_child_shows_what_one_process_shows(tree: SweepTree, style: str) -> None:
    """Failures, skips, warnings, logs and captured output read the same, character for character, in every style."""
    tree.write("endings", ENDINGS, device=True)
    options = (*EMULATED, f"--tb={style}", "-rA", "-v")

    here, there = (tree.run_apart(*options, f"--sweep-isolation={mode}") for mode in ("none", "process"))

    assert text_of(there) == text_of(here)
    assert there.parseoutcomes() == {"passed": 3, "failed": 9, "skipped": 2, "xfailed": 2, "xpassed": 1, "warnings": 2}


@pytest.mark.parametrize("capture", ["fd", "sys", "no", "tee-sys"])
def test_output_goes_where_capture_says(tree: SweepTree, capture: str) -> None:
    """Captured sections of the right item, or the terminal as it comes."""
    tree.write("endings", ENDINGS, device=True)
    where = (*EMULATED, f"--capture={capture}", "-rA", "--sweep-where=how=says")

    here, there = (tree.run_apart(*where, f"--sweep-isolation={mode}") for mode in ("none", "process"))

    assert sorted(text_of(there)) == sorted(text_of(here))
    assert any("to stdout" in line for line in there.outlines)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_junit_and_properties_are_the_same(tree: SweepTree, workers: tuple[str, ...]) -> None:
    """The JUnit file, with properties that ``run`` itself records, doesn't depend on where vectors run."""
    tree.write(
        "recording",
        """
        import pytest
        record = None
        parameters = {"s": {"n": [1, 2, 3]}}

        @pytest.fixture(autouse=True)
        def keep(record_property):
            global record
            record = record_property

        def run(n, *, device):
            record("mine", n)
            record("object", {n})
            assert n != 2, "two"
        """,
    )
    files = []
    for mode in ("none", "process"):
        tree.run_apart(*EMULATED, *workers, f"--sweep-isolation={mode}", f"--junitxml={mode}.xml")
        text = (tree.pytester.path / f"{mode}.xml").read_text()
        files.append(
            sorted(re.findall(r'<property [^>]*>|<testcase classname="[^"]*" name="[^"]*"|<failure [^>]*>', text))
        )

    assert files[0] == files[1]
    assert sum('name="mine"' in line for line in files[1]) == 3


def test_a_fixture_reaches_the_child(tree: SweepTree) -> None:
    """What fixtures do to environment and working directory, for one item or all, holds in its ``run``."""
    tree.write(
        "surroundings",
        """
        import os
        import pytest
        parameters = {"s": {"n": [1, 2, 3]}}

        @pytest.fixture(autouse=True)
        def surroundings(request, monkeypatch, tmp_path):
            monkeypatch.setenv("OF_ITEM", request.node.name)
            if request.node.vector["n"] == 2:
                monkeypatch.chdir(tmp_path)
                monkeypatch.setenv("ONLY_TWO", "yes")

        def run(n, *, device):
            assert os.environ["OF_ITEM"] in os.environ["PYTEST_CURRENT_TEST"]
            assert os.environ.get("ONLY_TWO") == ("yes" if n == 2 else None)
            return (os.getcwd() == os.environ["HOME_OF_RUN"]) == (n != 2), os.getcwd()
        """,
    )
    os.environ["HOME_OF_RUN"] = str(tree.pytester.path)
    try:
        tree.run(*EMULATED, "--sweep-isolation=process").assert_outcomes(passed=3)
    finally:
        del os.environ["HOME_OF_RUN"]


WHERE = """
import os
PYTEST = os.getpid()
parameters = {"s": {"n": [1, 2]}}

def run(n, *, device):
    print("ran in a child" if os.getpid() != PYTEST else "ran in pytest")
"""


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (("--sweep-isolation=process",), "a child"),
        (("--sweep-isolation=process", "--sweep-where=n=1"), "a child"),
        (("--sweep-isolation=none",), "pytest"),
        ((), "pytest"),
    ],
)
def test_isolation_is_chosen(tree: SweepTree, options: tuple[str, ...], where: str) -> None:
    """``process`` and ``none`` mean it; ``auto`` keeps the emulation in pytest's process."""
    tree.write("where", WHERE)

    result = tree.run_apart(*EMULATED, "-s", *options)

    assert any(f"ran in {where}" in line for line in result.outlines)
    assert result.ret == 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--pdb",), "*--sweep-isolation process with --pdb: the child has no terminal to debug at*"),
        (("--trace",), "*--sweep-isolation process with --trace: the child has no terminal*"),
        (("--sweep-isolation=prosess",), "*--sweep-isolation 'prosess': expected auto, process, none*"),
        (("--sweep-recycle=0",), "*--sweep-recycle 0: expected a number from 1 on*"),
        (("--sweep-repeat-check=1",), "*--sweep-repeat-check 1: expected a number from 2 on*"),
        (("--sweep-timeout=-1",), "*--sweep-timeout -1: expected a number from 0 on*"),
        (("--sweep-sample=0",), "*--sweep-sample 0: expected a number from 1 on*"),
        (("--sweep-master=none.json",), "*--sweep-master: there is no *none.json*"),
    ],
)
def test_options_that_cant_be_are_refused(tree: SweepTree, options: tuple[str, ...], text: str) -> None:
    """One line says what is wrong, before anything is collected."""
    tree.write("add", ADD)

    result = tree.run_apart(*EMULATED, "--sweep-isolation=process", *options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([text])


def test_a_breakpoint_in_a_child_says_what_to_do(tree: SweepTree) -> None:
    """A child has no terminal: a breakpoint that it meets is a failure that names the option, not a hang."""
    tree.write("stops", "parameters = {'s': {'n': [1, 2]}}\ndef run(n, *, device):\n    breakpoint()\n")

    result = tree.run_apart(*EMULATED, "--sweep-isolation=process")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*breakpoint() in a child process*--sweep-isolation none*"])


def test_a_conftests_device_keeps_vectors_here(tree: SweepTree) -> None:
    """A device that a conftest opens is pytest's process's: a child that is asked for by name is refused."""
    tree.write("add", ADD)
    tree.pytester.makeconftest(
        "import pytest\n@pytest.fixture(scope='module')\ndef sweep_device():\n    return 'own'\n"
    )

    tree.run_apart(*EMULATED, "--tb=no").assert_outcomes(passed=7, failed=1)
    result = tree.run_apart(*EMULATED, "--sweep-isolation=process")

    result.assert_outcomes(failed=8)
    result.stdout.fnmatch_lines(["*the device is open in pytest's process, by a conftest's sweep_device*"])


def test_the_device_opens_in_the_child_once_a_module(tree: SweepTree) -> None:
    """``mesh_device_fixture`` runs where the vectors do, around each module's, and again after a crash."""
    text = """
        import os
        PYTEST = os.getpid()
        parameters = {"s": {"how": ["ok", "CRASH", "ok again"]}}

        def mesh_device_fixture():
            assert os.getpid() != PYTEST
            print("open NAME")
            yield "device of NAME", "label"
            print("close NAME")

        def run(how, *, device):
            if how == "crash": os.abort()
            return device == "device of NAME", str(device)
        """
    for name in ("first", "second"):
        how = "crash" if name == "first" else "fine"
        tree.write(name, text.replace("NAME", name).replace("CRASH", how), device=True)

    result = tree.run_apart(*EMULATED, "-s", "-q", "--tb=no", "--sweep-isolation=process")

    result.assert_outcomes(passed=5, failed=1)
    said = re.findall(r"(?:open|close) \w+", result.stdout.str())
    assert said == ["open first", "open first", "close first", "open second", "close second"]


@pytest.mark.parametrize("line", ["assert False, 'needs a p150'", "1 / 0", "import os; os.abort()"])
def test_a_device_that_doesnt_open_reads_the_same(tree: SweepTree, line: str) -> None:
    """An unsuitable machine skips, an exception is an error of each item, and so is a crash."""
    tree.write(
        "closed",
        f"""
        parameters = {{"s": {{"n": [1, 2]}}}}
        def mesh_device_fixture():
            {line}
            yield None, ""
        def run(n, *, device): pass
        """,
        device=True,
    )
    options = (*EMULATED, "-rs", "--sweep-max-device-failures=0")

    there = tree.run_apart(*options, "--sweep-isolation=process")

    if "abort" in line:
        there.assert_outcomes(errors=2)
        there.stdout.fnmatch_lines(["*killed by SIGABRT*"])
    else:
        here = tree.run_apart(*options, "--sweep-isolation=none")
        assert text_of(there) == text_of(here)
        assert here.ret == there.ret


def test_a_teardown_that_fails_reads_the_same(tree: SweepTree) -> None:
    """What closing the device raises is an error at the teardown of the module's last item."""
    tree.write(
        "unclosable",
        """
        parameters = {"s": {"n": [1, 2]}}
        def mesh_device_fixture():
            yield None, ""
            raise RuntimeError("stuck")
        def run(n, *, device): pass
        """,
        device=True,
    )

    result = tree.run_apart(*EMULATED, "--sweep-isolation=process")

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown*", "*RuntimeError: stuck"])


def test_exitfirst_lastfailed_and_durations_work(tree: SweepTree) -> None:
    """pytest's own options mean what they mean."""
    tree.write("add", ADD)
    child = ("--sweep-device=emulated", "--sweep-isolation=process", "--tb=no")

    tree.run_apart(*child, "-x").assert_outcomes(passed=7, failed=1)
    tree.run_apart(*child, "--lf").assert_outcomes(failed=1)
    shown = tree.run_apart(*child, "--setup-show", "--durations=3", "-vv")
    shown.stdout.fnmatch_lines(["*SETUP*M sweep_device*", "*slowest 3 durations*", "*s call * sweeps/add.py::*"])


def test_the_same_numbers_are_drawn(tree: SweepTree) -> None:
    """A vector's random numbers are those of one process, after a restart too."""
    tree.write(
        "drawing",
        """
        import os, random
        parameters = {"s": {"n": [0, 1, 2, 3, 4]}}

        def run(n, *, device):
            print("drew", n, random.random())
            if n == 2 and os.environ.get("CRASHES"): os.abort()
        """,
    )

    def draws(*options: str) -> set[str]:
        result = tree.run_apart(*EMULATED, "-rA", *options)
        return {line for line in result.outlines if line.startswith("drew")}

    here = draws("--sweep-isolation=none")
    assert len(here) == 5
    assert draws("--sweep-isolation=process", "--sweep-recycle=2") == here
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRASHES", "1")
        assert draws("--sweep-isolation=process") == here


def test_recycling_and_giving_up(tree: SweepTree) -> None:
    """``--sweep-recycle`` changes the process; what a device that doesn't come back leaves is NOT_RUN."""
    tree.write(
        "wearing",
        """
        import os
        from pathlib import Path
        parameters = {"s": {"n": list(range(6))}}

        def mesh_device_fixture():
            if Path("broken").exists():
                raise RuntimeError("no chips")
            yield None, ""

        def run(n, *, device):
            with open("pids", "a") as file:
                print(os.getpid(), file=file)
            if n == 3:
                Path("broken").touch()
                os.abort()
        """,
        device=True,
    )

    result = tree.run_apart(
        *EMULATED, "--sweep-isolation=process", "--sweep-recycle=2", "-rs", "--sweep-max-device-failures=0"
    )

    result.assert_outcomes(passed=3, failed=1, skipped=2)
    result.stdout.fnmatch_lines(
        ["SKIPPED [[]2] *NOT RUN: the device did not come back in 3 attempts; the last one: *no chips"]
    )
    pids = Path(tree.pytester.path / "pids").read_text().split()
    assert [pids[0] == pids[1], pids[1] == pids[2], pids[2] == pids[3]] == [True, False, True]
