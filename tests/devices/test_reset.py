"""Resetting a board: real commands that succeed, fail, hang, flood and leave children behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.devices.lease import Lease
from pytest_ttnn_sweeps.devices.reset import BoardReset, ResetCommandError, reset_command


def script(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "reset.py"
    path.write_text(text, encoding="utf-8")
    return [sys.executable, str(path)]


def test_a_reset_that_succeeds(tmp_path: Path) -> None:
    """The report has what both streams said."""
    command = script(tmp_path, "import sys; print('to out', flush=True); print('to err', file=sys.stderr)")

    report = BoardReset(command, timeout_s=30).run()

    assert report.ok
    assert report.output == "to out\nto err\n"
    assert "reset.py" in report.message
    assert "\n" not in report.message


def test_a_reset_that_fails(tmp_path: Path) -> None:
    """Exit status and output are told, and nothing is raised."""
    report = BoardReset(script(tmp_path, "print('no such board'); raise SystemExit(3)"), timeout_s=30).run()

    assert not report.ok
    assert report.message.startswith("reset failed with exit status 3: ")
    assert report.output == "no such board\n"


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """A missing program is a failed reset."""
    report = BoardReset([str(tmp_path / "tt-smi"), "-r"], timeout_s=30).run()

    assert not report.ok
    assert "No such file" in report.message


def test_a_reset_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    """The whole process group ends at the timeout, though it ignores polite signals; what it said is kept."""
    command = script(
        tmp_path,
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'pids')!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "print('started', flush=True)\n"
        "time.sleep(600)\n",
    )
    start = time.monotonic()

    report = BoardReset(command, timeout_s=2).run()

    assert not report.ok
    assert report.message.startswith("reset killed after 2 s: ")
    assert report.output == "started\n"
    assert time.monotonic() - start < 20
    assert all(ends(int(pid)) for pid in (tmp_path / "pids").read_text().split())


def ends(pid: int) -> bool:
    """Whether a process that was killed ends: nobody waits for a grandchild, and its end takes the kernel a moment."""
    deadline = time.monotonic() + 20
    while not (gone := is_gone(pid)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return gone


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that waits for its parent has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_a_flood_of_output_keeps_its_end(tmp_path: Path) -> None:
    """Bounded, and never in the command's way."""
    command = script(tmp_path, "import sys; sys.stdout.write('x' * 10_000_000); print('the end')")

    report = BoardReset(command, timeout_s=60).run()

    assert report.ok
    assert len(report.output) == 16_384
    assert report.output.endswith("xthe end\n")


def test_what_a_reset_leaves_running_does_not_hold_it_up(tmp_path: Path) -> None:
    """A command that is over is over, also where a child of it keeps the pipe open."""
    command = script(
        tmp_path,
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)\n",
    )

    report = BoardReset(command, timeout_s=60).run()

    assert report.ok
    os.kill(int(report.output), signal.SIGKILL)


def test_a_reset_has_no_terminal_and_sees_all_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't wait for an answer, Ctrl-C doesn't reach it, and ``TT_VISIBLE_DEVICES`` doesn't renumber its boards."""
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "2")
    command = script(
        tmp_path,
        "import os, sys\n"
        "own_group = os.getpgid(0) == os.getpid()\n"
        "print(repr(sys.stdin.read()), os.environ.get('TT_VISIBLE_DEVICES'), own_group, sys.argv[1])",
    )

    report = BoardReset([*command, "-r={devices}"], timeout_s=30, devices=["2", "5"]).run()

    assert report.output == "'' None True -r=2,5\n"


def test_interrupting_a_reset_ends_it(tmp_path: Path) -> None:
    """Ctrl-C while a reset runs kills it and goes on to pytest."""
    command = script(
        tmp_path,
        f"import os, signal, time\nopen({str(tmp_path / 'pids')!r}, 'w').write(str(os.getpid()))\n"
        "os.kill(os.getppid(), signal.SIGINT)\ntime.sleep(600)\n",
    )

    with pytest.raises(KeyboardInterrupt):
        BoardReset(command, timeout_s=60).run()

    assert is_gone(int((tmp_path / "pids").read_text()))


def test_no_board_is_reset_under_a_process_that_has_it_open(tmp_path: Path) -> None:
    """The reset holds the device; where somebody else does, there is none."""
    lease, other = (Lease(["0"], tmp_path, timeout_s=0.1) for _ in range(2))
    mark = tmp_path / "mark"
    board = BoardReset(["touch", str(mark)], timeout_s=30)
    other.acquire()

    report = board.run(lease)

    assert not report.ok
    assert report.message.startswith("no reset: device 0 is still held by process ")
    assert not mark.exists()
    other.release()
    assert board.run(lease).ok
    assert mark.exists()
    other.acquire()
    other.release()


class TestCommand:
    """Which command resets."""

    @staticmethod
    def tools(*names: str) -> Callable[[str], str | None]:
        return lambda name: f"/bin/{name}" if name in names else None

    def test_tt_smi_resets_the_devices_alone(self) -> None:
        """The default leaves other users' boards up."""
        command = reset_command(None, has_board=True, devices=["1"], environ={}, which=self.tools("tt-smi"))

        assert command is not None
        assert BoardReset(command, timeout_s=1, devices=["1", "3"]).command == ("/bin/tt-smi", "-r", "1,3")

    @pytest.mark.parametrize(("devices", "command"), [(32, ("/bin/tt-smi", "-glx_reset_auto")), (1, None)])
    def test_a_galaxy_is_reset_as_one(self, devices: int, command: tuple[str, ...] | None) -> None:
        """Its boards can't be reset one by one, and a worker that has one of them must not reset the others'."""
        names = [str(number) for number in range(devices)]

        found = reset_command(None, has_board=True, devices=names, boards=32, environ={}, which=self.tools("tt-smi"))

        assert found == command

    def test_the_environment_comes_before_the_default_and_the_option_before_both(self) -> None:
        """CI sets the variable for each machine; who types an option means it."""
        environ = {"TT_SMI_RESET_COMMAND": "tt-smi -r 'a b'"}

        assert reset_command(None, has_board=True, devices=[], environ=environ, which=self.tools("tt-smi")) == (
            *("tt-smi", "-r", "a b"),
        )
        assert reset_command("mine {devices}", has_board=True, devices=[], environ=environ) == ("mine", "{devices}")

    def test_nothing_is_reset_without_a_board(self) -> None:
        """Beside an emulated or mock device there may be a real one that is none of our business; asking is asking."""
        environ = {"TT_SMI_RESET_COMMAND": "tt-smi -r"}

        assert reset_command(None, has_board=False, devices=[], environ=environ, which=self.tools("tt-smi")) is None
        assert reset_command("mine", has_board=False, devices=[], environ=environ) == ("mine",)

    @pytest.mark.parametrize("text", ["none", "", "  "])
    def test_none_is_no_reset(self, text: str) -> None:
        """In the option and in the environment."""
        assert reset_command(text, has_board=True, devices=[], environ={}, which=self.tools("tt-smi")) is None
        environ = {"TT_SMI_RESET_COMMAND": "none"}
        assert reset_command(None, has_board=True, devices=[], environ=environ, which=self.tools("tt-smi")) is None

    def test_without_a_tool_there_is_none(self) -> None:
        """A machine without tt-smi resets nothing, and says so by None."""
        assert reset_command(None, has_board=True, devices=["0"], environ={}, which=self.tools()) is None

    def test_an_open_quotation_is_the_users_mistake(self) -> None:
        """One line that shows the text and where it is from."""
        with pytest.raises(ResetCommandError, match=r"--sweep-reset-command .*No closing quotation"):
            reset_command("tt-smi 'x", has_board=True, devices=[], environ={})
        with pytest.raises(ResetCommandError, match=r"TT_SMI_RESET_COMMAND .*No closing quotation"):
            reset_command(None, has_board=True, devices=[], environ={"TT_SMI_RESET_COMMAND": "'"})
