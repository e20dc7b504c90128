"""Device sessions in pytest: shared, handed to ordinary tests, closed however the session ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from fake_board import FakeBoards
from sweep_tree import SweepTree

SIMPLE = """
parameters = {"s": {"a": [1, 2]}}

def run(a, *, device):
    return device.name == "0", device.name
"""

OWN = """
import ttnn
parameters = {"s": {"a": [1, 2]}}

def mesh_device_fixture():
    device = ttnn.open_device(device_id=0)
    yield device, "Wormhole_B0"
    ttnn.close_device(device)

def run(a, *, device):
    return device.name == "0", device.name
"""


def kinds(boards: FakeBoards) -> str:
    """What happened to the board, in order: o for open, c for close, ! for a collision."""
    words = [line.split()[0] for line in boards.log_file.read_text().splitlines()]
    return "".join({"open": "o", "close": "c", "collision": "!"}.get(word, "") for word in words)


def test_modules_share_the_default_device(tree: SweepTree, boards: FakeBoards) -> None:
    """Opened once for a row of modules, closed before a module that opens its own, and at the end."""
    for name, text in (("a", SIMPLE), ("b", SIMPLE), ("c", OWN), ("d", SIMPLE)):
        tree.write(name, text, device=True)

    tree.run_apart("--sweep-isolation=none").assert_outcomes(passed=8)

    assert kinds(boards) == "ocococ"


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_fixture_from_a_helper_is_the_modules(tree: SweepTree, boards: FakeBoards, isolation: str) -> None:
    """Real modules import theirs; each of them opens and closes it."""
    tree.write("helper", OWN.replace("parameters", "others"), device=True)
    for name in ("a", "b"):
        tree.write(name, "from sweeps.helper import mesh_device_fixture\n" + SIMPLE, device=True)

    tree.run_apart(f"--sweep-isolation={isolation}").assert_outcomes(passed=4)

    assert kinds(boards) == "ococ"


def test_ordinary_tests_get_the_sweeps_device(tree: SweepTree, boards: FakeBoards) -> None:
    """``ttnn_device`` is the session that sweeps share, also beside them in one file's tests."""
    tree.write("a", SIMPLE, device=True)
    tree.pytester.makepyfile(
        test_it="import ttnn\ndef test_it(ttnn_device): assert ttnn_device.name == '0'\n"
        "def test_two(ttnn_device): pass\n"
    )

    tree.run_apart("--sweep-isolation=none", "sweeps", "test_it.py").assert_outcomes(passed=4)

    assert kinds(boards) == "oc"


def test_ordinary_tests_get_a_device_where_there_is_no_sweep(pytester: pytest.Pytester) -> None:
    """The fixture is there in any project; the emulation serves it, and goes when the session does."""
    pytester.makepyfile(
        "def test_it(ttnn_device):\n"
        "    import ttnn\n"
        "    assert 'emulated' in ttnn.__version__\n"
        "    assert ttnn_device.compute_with_storage_grid_size().x == 8\n"
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_a_device_that_is_asked_for_late_stays_open_for_its_module(tree: SweepTree, boards: FakeBoards) -> None:
    """``request.getfixturevalue`` shows in no list of fixtures."""
    tree.write("a", SIMPLE, device=True)
    tree.pytester.makepyfile(
        test_it="""
        def test_one(request): assert not request.getfixturevalue("ttnn_device").card.closed
        def test_two(): pass
        def test_three(request): assert not request.getfixturevalue("ttnn_device").card.closed
        """
    )

    tree.run_apart("--sweep-isolation=none", "sweeps", "test_it.py").assert_outcomes(passed=5)

    assert kinds(boards) == "ococ"


def test_a_device_that_cannot_be_had_is_one_line(pytester: pytest.Pytester) -> None:
    """What was asked for by name and isn't there is a mistake in the use."""
    pytester.makepyfile("def test_it(ttnn_device): pass\n")

    result = pytester.runpytest_subprocess("--sweep-device=ttnn")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --sweep-device ttnn: the ttnn wheel isn't installed*"])


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_projects_own_device_fixture_is_left_alone(tree: SweepTree, boards: FakeBoards, isolation: str) -> None:
    """It isn't replaced, and finds the card free: what sweeps share is closed before it opens."""
    tree.write("a", SIMPLE, device=True)
    tree.pytester.makepyfile(
        test_it="""
        import pytest, ttnn

        @pytest.fixture
        def device():
            device = ttnn.open_device(device_id=0)
            yield device
            ttnn.close_device(device)

        def test_it(device): assert device.name == "0"
        """
    )

    tree.run_apart(f"--sweep-isolation={isolation}", "sweeps", "test_it.py").assert_outcomes(passed=3)

    assert kinds(boards) == "ococ"


def test_a_conftest_may_give_the_device(tree: SweepTree) -> None:
    """A fixture called ``sweep_device`` replaces ours, for ``ttnn_device`` too."""
    tree.write("a", SIMPLE, device=True)
    tree.pytester.makeconftest(
        "import pytest\nclass Device:\n    name = '0'\n@pytest.fixture\ndef sweep_device(): return Device()\n"
    )

    tree.run("--sweep-device=emulated").assert_outcomes(passed=2)


BROKEN = """
import ttnn
parameters = {"s": {"a": [1, 2]}, "xfail": {"a": [1, 2, 3]}}

def mesh_device_fixture():
    device = ttnn.open_device(device_id=0)
    yield device.is_grayskull(), "?"

def run(a, *, device): pass
"""


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_fixture_that_raises_is_an_error_of_the_items(tree: SweepTree, boards: FakeBoards, isolation: str) -> None:
    """With its own traceback; nothing has run, nothing was expected, and the device doesn't stay open."""
    tree.write("broken", BROKEN, device=True)
    tree.write("fine", SIMPLE, device=True)

    result = tree.run_apart(f"--sweep-isolation={isolation}")

    result.assert_outcomes(errors=5, passed=2)
    result.stdout.fnmatch_lines(["*broken.py:7: *", "E *AttributeError: *is_grayskull*"])
    result.stdout.fnmatch_lines(["broken::s * 2 * 0 * 0 * 0 * 0 * NOT_RUN 2", "broken::xfail * NOT_RUN 3"])
    result.stdout.no_fnmatch_line("*devices/session.py:[0-9]*")
    assert "!" not in kinds(boards)


DEAD = """
parameters = {"s": {"a": [1, 2, 3]}}

def mesh_device_fixture():
    raise RuntimeError("No chips detected in the cluster")
    yield

def run(a, *, device): pass
"""


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_devices_that_do_not_open_stop_the_run(tree: SweepTree, boards: FakeBoards, isolation: str) -> None:
    """A module counts once, however many vectors it has; a mistake in a module or in a conftest doesn't count."""
    for name, text in (("a", DEAD), ("b", BROKEN), ("c", BROKEN), ("d", DEAD), ("e", SIMPLE)):
        tree.write(name, text, device=True)
    options = (f"--sweep-isolation={isolation}", "--sweep-max-device-failures=2", "--tb=no")

    result = tree.run_apart(*options)

    result.stdout.fnmatch_lines(
        ["not reached 4x: 2 of the last 2 vectors failed on the device, *sweeps/d.py::*: NOT_RUN; *"]
    )
    for name in "abcd":
        tree.write(name, SIMPLE, device=True)
    tree.pytester.makeconftest("import pytest\n@pytest.fixture(autouse=True)\ndef bad(): raise RuntimeError('mine')\n")
    result = tree.run_apart(*options)
    result.assert_outcomes(errors=10)


UNSUITABLE = """
import ttnn
parameters = {"s": {"a": [1, 2]}}

def mesh_device_fixture():
    device = ttnn.open_device(device_id=0)
    assert ttnn.get_arch_name() == "blackhole", "needs a p150"
    yield device, "p150"
    ttnn.close_device(device)

def run(a, *, device): pass
"""


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_fixture_that_asserts_skips_and_lets_go_of_its_device(
    tree: SweepTree, boards: FakeBoards, isolation: str
) -> None:
    """Most real fixtures open the device to look at it, and never close what doesn't suit them."""
    tree.write("a_unsuitable", UNSUITABLE, device=True)
    tree.write("fine", SIMPLE, device=True)

    result = tree.run_apart(f"--sweep-isolation={isolation}", "-rs")

    result.assert_outcomes(skipped=2, passed=2)
    result.stdout.fnmatch_lines(["SKIPPED *needs a p150*"])
    assert "!" not in kinds(boards)


def test_two_yields_close_the_device(tree: SweepTree, boards: FakeBoards) -> None:
    """Two real modules yield once for each architecture and close the device after that."""
    tree.write("twice", OWN.replace('"Wormhole_B0"\n', '"Wormhole_B0"\n    yield device, "Blackhole"\n'), device=True)

    tree.run_apart("--sweep-isolation=none").assert_outcomes(passed=2)

    assert kinds(boards) == "oc"


@pytest.mark.parametrize("text", [SIMPLE, OWN])
@pytest.mark.parametrize("how", ["-x", "interrupt"])
def test_devices_are_closed_however_the_session_ends(tree: SweepTree, boards: FakeBoards, text: str, how: str) -> None:
    """After the first failure, and on Ctrl-C in the middle of a vector."""
    ending = "raise RuntimeError" if how == "-x" else "signal.raise_signal(signal.SIGINT)"
    tree.write("a", text.replace("    return", f"    import signal\n    {ending}\n    return"), device=True)

    result = tree.run_apart("--sweep-isolation=none", *(["-x"] if how == "-x" else []))

    assert result.ret == (pytest.ExitCode.TESTS_FAILED if how == "-x" else pytest.ExitCode.INTERRUPTED)
    assert kinds(boards) == "oc"


def test_ctrl_c_at_the_terminal_closes_the_device(tree: SweepTree, boards: FakeBoards) -> None:
    """The signal comes from outside, while a vector waits."""
    tree.write(
        "a",
        SIMPLE.replace("    return", "    print('waiting', flush=True)\n    import time; time.sleep(60)\n    return"),
        device=True,
    )
    command = [sys.executable, "-m", "pytest", "-p", "ttnn_sweeps", "-s", "--sweep-isolation=none"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tree.pytester.path)
    assert process.stdout is not None
    for line in process.stdout:
        if "waiting" in line:
            break
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert kinds(boards) == "oc"
    assert "NOT_RUN" not in output


def test_trouble_at_the_last_close_is_a_line(tree: SweepTree, boards: FakeBoards) -> None:
    """The results of the session aren't lost to it."""
    tree.write("a", SIMPLE, device=True)
    tree.pytester.makeconftest(
        "import ttnn\ndef broken(device): raise RuntimeError('stuck')\nttnn.close_device = broken\n"
    )

    result = tree.run_apart("--sweep-isolation=none")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["sweeps: closing the device raised RuntimeError: stuck"])
    assert result.ret == 0


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_the_first_device_is_described(tree: SweepTree, boards: FakeBoards, isolation: str) -> None:
    """Label and grid of what was opened, before the first vector, once; ``-q`` keeps quiet."""
    for name in "ab":
        tree.write(name, OWN, device=True)

    lines = tree.run_apart(f"--sweep-isolation={isolation}").outlines

    (opened,) = [at for at, line in enumerate(lines) if line == "sweeps: opened Wormhole_B0, grid 8x7"]
    assert opened < next(at for at, line in enumerate(lines) if "50%" in line)
    tree.run_apart(f"--sweep-isolation={isolation}", "-q").stdout.no_fnmatch_line("*opened*")


def test_the_header_tells_what_is_known_of_the_devices(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board, and variables that somebody may have forgotten, without what may be secret."""
    monkeypatch.setenv("TT_METAL_WATCHER", "120")
    monkeypatch.setenv("TT_METAL_DPRINT_FILE", "/home/me/dprint")
    tree.write("a", SIMPLE, device=True)

    result = tree.run("--sweep-device=emulated:p150", "--collect-only")

    result.stdout.fnmatch_lines(
        [
            "sweeps: EMULATED *",
            "sweeps: board p150, blackhole, grid 13x10",
            "sweeps: debug variables TT_METAL_DPRINT_FILE TT_METAL_WATCHER=120",
        ]
    )
