"""The process beside the tests that delivers, seen from the session: nothing heavy is imported or held up here.

A process of its own, because drivers, retries and slow servers must cost the vectors neither time nor memory nor locks
that a fork would copy, and because it can still deliver what is in the journal when the session is killed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_ttnn_sweeps.results.runs import RunDirectory
from pytest_ttnn_sweeps.results.secrets import masked, scrubbed, secrets_of

SEALED = b"sealed\n"
_GRACE_SECONDS = 10
"""What the process has, beyond the time for delivering, to say how far it came."""

# Without the working directory, where a project may have a file called like a library.
_START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; "
    "from pytest_ttnn_sweeps.results.delivery_process import main; sys.exit(main())"
)


@dataclass(frozen=True)
class Undelivered:
    """A destination, masked, that did not take the whole run, and why."""

    name: str
    error: str


class Courier:
    """Delivers a run to ``urls`` from a process of its own; relative paths in them count from ``base``."""

    def __init__(self, directory: RunDirectory, urls: Sequence[str], *, base: Path, seconds: float) -> None:
        self._urls = tuple(urls)
        self._seconds = seconds
        # Files, not pipes: nobody reads them before the end, and a library may have much to say.
        self._report = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process runs
        self._words = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=self._report,
            stderr=self._words,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            # A Ctrl-C at the terminal is for the session, which then tells this process.
            start_new_session=True,
        )
        # Through the pipe: a command line with passwords in it is everybody's to read.
        task = {"directory": str(directory.path), "urls": self._urls, "base": str(base), "seconds": seconds}
        self._send(json.dumps(task).encode("ascii") + b"\n")

    def finish(self) -> list[Undelivered]:
        """Wait until the sealed run is delivered, or the time is up; what was not delivered."""
        self._send(SEALED, last=True)
        try:
            self._process.wait(self._seconds + _GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        try:
            return self._read_report()
        finally:
            self._close()

    def _close(self) -> None:
        self._report.close()
        self._words.close()

    def abandon(self) -> None:
        """Leave it to deliver what is in the journal and to end by itself."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        # Its end is nobody's to wait for any more.
        self._process.returncode = 0
        self._close()

    def _send(self, data: bytes, *, last: bool = False) -> None:
        # A process that died tells why by its report.
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.write(data)
            self._process.stdin.flush()
            if last:
                self._process.stdin.close()

    def _read_report(self) -> list[Undelivered]:
        self._report.seek(0)
        try:
            reports = json.loads(self._report.read())
        except ValueError:
            self._words.seek(0)
            lines = self._words.read().decode(errors="replace").strip().splitlines()
            secrets = [secret for url in self._urls for secret in secrets_of(url)]
            reason = scrubbed(lines[-1], secrets) if lines else f"exit status {self._process.returncode}"
            return [Undelivered(masked(url), f"the delivering process failed: {reason}") for url in self._urls]
        return [Undelivered(name, facts["error"]) for name, facts in reports.items() if not facts["complete"]]
