"""A real SFTP server as a destination; server and client are different implementations."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncssh
import pytest
from postgres import free_port
from records import body, write_run
from replaying import ended, replay

from pytest_ttnn_sweeps.results.destinations import DestinationError
from pytest_ttnn_sweeps.results.destinations.sftp import superset_url
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.runs import RunDirectory

PASSWORD = "Geheim@tresor"
Start = Callable[..., int]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a key that the server lets in, and the server's files."""
    (tmp_path / ".ssh").mkdir(mode=0o700)
    (tmp_path / "served").mkdir()
    for name in ("host", "other_host", "user"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(tmp_path / name)
        key.write_public_key(tmp_path / f"{name}.pub")
        (tmp_path / name).chmod(0o600)
    return tmp_path


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts a server and gives its port; its host key is known unless ``known`` is False."""
    processes: list[subprocess.Popen[str]] = []

    def start(*, known: bool | str = True, **options: object) -> int:
        files = {"root": str(home / "served"), "host_key": str(home / "host"), "authorized": str(home / "user.pub")}
        command = [sys.executable, str(Path(__file__).with_name("sftp_server.py")), json.dumps({**files, **options})]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        processes.append(process)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        if known:
            shown = (home / f"{known if isinstance(known, str) else 'host'}.pub").read_text()
            (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {shown}")
        return port

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def environ(home: Path, **more: str) -> dict[str, str]:
    own = {"HOME": str(home), "SSH_AUTH_SOCK": "", "SFTP_KNOWN_HOSTS": str(home / "known_hosts"), **more}
    return own if "SFTP_PASSWORD" in more else {"SFTP_PRIVATE_KEY_PATH": str(home / "user"), **own}


def upload(directory: RunDirectory, home: Path, port: int, path: str = "/in/box", **more: str) -> tuple[int, str]:
    (home / "known_hosts").touch()
    return ended(replay(directory, f"sftp://me@127.0.0.1:{port}{path}", environ=environ(home, **more)))


def test_the_run_is_uploaded_as_one_file_and_again_changes_nothing(home: Path, start: Start) -> None:
    """Directories are made, no temporary name stays, what is read back is the run."""
    directory = write_run(home / "runs", [body(number) for number in range(50)])
    port = start()

    for _ in range(2):
        assert upload(directory, home, port)[0] == 0

        (uploaded,) = (home / "served" / "in" / "box").iterdir()
        assert uploaded.name == f"{directory.run_id}.jsonl"
        assert open_run(uploaded).run == open_run(directory).run
        assert list(open_run(uploaded).records()) == list(open_run(directory).records())


def test_keys_and_passwords_come_from_the_environment(home: Path, start: Start) -> None:
    """The key itself, or a password; a wrong one is told at once, and shown nowhere."""
    directory = write_run(home / "runs", [body()])
    port = start(password=PASSWORD)

    assert upload(directory, home, port, SFTP_PRIVATE_KEY=(home / "user").read_text(), SFTP_PRIVATE_KEY_PATH="")[0] == 0
    assert upload(directory, home, port, SFTP_PASSWORD=PASSWORD)[0] == 0
    code, output = upload(directory, home, port, SFTP_PASSWORD="Wrong-Geheim")
    assert code == 1
    assert "not in: Authentication failed" in output
    assert "Geheim" not in output + directory.delivery.read_text()


def test_a_password_in_the_url_is_never_shown(home: Path, start: Start) -> None:
    """It works, and where it doesn't it is masked."""
    directory = write_run(home / "runs", [body()])
    port = start(password=PASSWORD)
    own = environ(home, SFTP_PASSWORD="")

    good = ended(replay(directory, f"sftp://me:Geheim%40tresor@127.0.0.1:{port}/in", environ=own))
    bad = ended(replay(directory, f"sftp://me:Geheim%40falsch@127.0.0.1:{port}/in", environ=own))

    assert good[0] == 0, good
    assert bad[0] == 1
    assert "sftp://me:***@127.0.0.1" in bad[1]
    assert "Geheim" not in good[1] + bad[1] + directory.delivery.read_text()


def test_an_unknown_host_and_another_hosts_key_are_refused(home: Path, start: Start) -> None:
    """Nothing is sent to whoever answers."""
    directory = write_run(home / "runs", [body()])

    code, output = upload(directory, home, start(known=False))
    assert code == 1
    assert "127.0.0.1 is not in known_hosts" in output
    code, output = upload(directory, home, start(known="other_host"))
    assert code == 1
    assert "shows another host key than the known one" in output
    assert list((home / "served").iterdir()) == []


def test_denied_writing_is_told_at_once(home: Path, start: Start) -> None:
    """And what is refused stays in the journal, for a server that takes it."""
    directory = write_run(home / "runs", [body()])

    code, output = upload(directory, home, start(deny=True))

    assert code == 1
    assert "/in/box: permission denied" in output
    assert upload(directory, home, start())[0] == 0


def test_a_full_disk_leaves_nothing_in_part(home: Path, start: Start) -> None:
    """No file under the run's name, and none under a temporary one."""
    directory = write_run(home / "runs", [body(number) for number in range(3000)])

    code, output = upload(directory, home, start(full=100_000))

    assert code == 1
    assert "not delivered to" in output
    assert list((home / "served" / "in" / "box").iterdir()) == []
    assert upload(directory, home, start())[0] == 0


def test_a_server_that_dies_while_it_takes_the_file_gets_it_from_the_next_try(home: Path, start: Start) -> None:
    """What it left under a temporary name is not taken for the run."""
    directory = write_run(home / "runs", [body(number) for number in range(3000)])

    code, _ = upload(directory, home, start(die_after=100_000))

    assert code == 1
    names = [path.name for path in (home / "served" / "in" / "box").iterdir()]
    assert not [name for name in names if not name.startswith(".")]
    assert upload(directory, home, start())[0] == 0
    assert open_run(home / "served" / "in" / "box" / f"{directory.run_id}.jsonl").run.is_sealed


def test_nobody_listening_and_nobody_answering(home: Path) -> None:
    """Told after a few tries, or when the time is up."""
    directory = write_run(home / "runs", [body()])
    code, output = upload(directory, home, free_port())
    assert code == 1
    assert "Unable to connect" in output
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        command = [sys.executable, "-m", "pytest_ttnn_sweeps.cli", "replay", str(directory.path), "--timeout", "1"]
        done = subprocess.run(
            [*command, "--to", f"sftp://me@127.0.0.1:{port}/x"], capture_output=True, text=True, check=False, timeout=40
        )
    assert done.returncode == 1
    # A slow machine may need all of the time to get there.
    assert "still busy" in done.stderr or "the time for delivering was up" in done.stderr


def test_a_slow_server_gets_it_in_its_time(home: Path, start: Start) -> None:
    """Slow is no failure."""
    directory = write_run(home / "runs", [body(number) for number in range(300)])

    assert upload(directory, home, start(stall=0.2))[0] == 0


def test_four_jobs_upload_at_once(home: Path, start: Start) -> None:
    """Into a directory that is not there yet; two of them the same run."""
    runs = [write_run(home / "runs", [body(number) for number in range(200)]) for _ in range(3)]
    url = f"sftp://me@127.0.0.1:{start()}/new/dir"

    ends = [ended(job) for job in [replay(run, url, environ=environ(home)) for run in (*runs, runs[0])]]

    assert [code for code, _ in ends] == [0] * 4, ends
    names = {path.name for path in (home / "served" / "new" / "dir").iterdir()}
    assert names == {f"{run.run_id}.jsonl" for run in runs}


def test_superset_uploads_tt_metals_file_where_its_variables_say(home: Path, start: Start) -> None:
    """Under the name and in the form that its consumers know."""
    directory = write_run(home / "runs", [body(number) for number in range(3)])
    port = start()
    own = {"SFTP_USERNAME": "me", "SFTP_HOSTNAME": "127.0.0.1", "SFTP_PORT": str(port), "SFTP_REMOTE_DIR": "drop"}

    code, output = ended(replay(directory, "superset", environ=environ(home, **own)))

    assert code == 0, output
    (uploaded,) = (home / "served" / "drop").iterdir()
    assert uploaded.name.startswith("oprun_")
    assert len(json.loads(uploaded.read_text())["tests"]) == 3


def test_superset_without_its_variables_is_told() -> None:
    """By the name of the first one that is missing."""
    with pytest.raises(DestinationError, match="SFTP_HOSTNAME isn't set"):
        superset_url({"SFTP_USERNAME": "me"})
