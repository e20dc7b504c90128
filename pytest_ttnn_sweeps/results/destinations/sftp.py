"""``sftp://user@host:port/dir``: the sealed run as one file on a server, and ``superset``, as tt-metal's uploads go.

Who the server is must be known: from ``~/.ssh/known_hosts``, the system's, or the file that ``SFTP_KNOWN_HOSTS`` names.
Who we are comes from the agent, from ``SFTP_PRIVATE_KEY`` (the key itself), ``SFTP_PRIVATE_KEY_PATH``, the keys in
``~/.ssh``, or ``SFTP_PASSWORD``. A password in the URL works too, and is shown nowhere.
"""

from __future__ import annotations

import io
import os
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

import paramiko

from pytest_ttnn_sweeps.results.destinations import Destination, DestinationError, Refused
from pytest_ttnn_sweeps.results.destinations.files import write_export
from pytest_ttnn_sweeps.results.reading import BUNDLE_SUFFIX, StoredRun, write_bundle
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun
from pytest_ttnn_sweeps.results.secrets import masked

_CONNECT_SECONDS = 15
_IDLE_SECONDS = 60
_SYSTEM_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts"


class SftpDestination(Destination):
    """Uploads ``<run id>.jsonl``, or with ``?format=oprun`` tt-metal's file of the run; whole or not at all."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        parts = urlsplit(url)
        self._host = parts.hostname
        if not self._host:
            msg = f"--sweep-to {masked(url)}: names no host; write sftp://user@host/dir"
            raise DestinationError(msg)
        self._port = parts.port or 22
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else os.environ.get("SFTP_PASSWORD")
        # As scp has it: /dir is absolute, /~/dir and nothing count from the user's home.
        path = unquote(parts.path)
        self._directory = path[3:] if path.startswith("/~/") else path.rstrip("/")
        self._format = parse_qs(parts.query).get("format", ["run"])[0]
        if self._format not in ("run", "oprun"):
            msg = f"--sweep-to {masked(url)}: format is run or oprun, not {self._format}"
            raise DestinationError(msg)
        self._client: paramiko.SSHClient | None = None

    def open(self, run: SweepRun) -> None:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        for path in (_SYSTEM_KNOWN_HOSTS, None):
            with suppress(OSError):
                client.load_system_host_keys(path)
        if known := os.environ.get("SFTP_KNOWN_HOSTS"):
            try:
                client.load_host_keys(known)
            except OSError as error:
                msg = f"SFTP_KNOWN_HOSTS {known}: {error.strerror}"
                raise Refused(msg) from None
        self._client = client
        assert self._host is not None, "checked when it was made"
        try:
            client.connect(
                self._host,
                self._port,
                self._user,
                self._password,
                pkey=_key_in_environment(),
                key_filename=os.environ.get("SFTP_PRIVATE_KEY_PATH"),
                timeout=_CONNECT_SECONDS,
                banner_timeout=_CONNECT_SECONDS,
                auth_timeout=_CONNECT_SECONDS,
            )
        except paramiko.BadHostKeyException:
            msg = f"{self._host} shows another host key than the known one; it may be another machine"
            raise Refused(msg) from None
        except paramiko.AuthenticationException as error:
            msg = f"{self._host} lets {self._user or 'this user'} not in: {error}"
            raise Refused(msg) from None
        except paramiko.SSHException as error:
            if "not found in known_hosts" in str(error):
                msg = f"{self._host} is not in known_hosts; add its key there, or name a file in SFTP_KNOWN_HOSTS"
                raise Refused(msg) from None
            raise

    def deliver(self, run: SweepRun, records: Sequence[SweepResult]) -> None:
        """Nothing: `finish` uploads all of them."""

    def finish(self, stored: StoredRun) -> None:
        assert self._client is not None, "open() comes first"
        with tempfile.TemporaryDirectory() as scratch, self._client.open_sftp() as sftp:
            channel = sftp.get_channel()
            if channel is not None:
                channel.settimeout(_IDLE_SECONDS)
            if self._format == "oprun":
                local = write_export(stored, Path(scratch))
                name = local.name
            else:
                local, name = Path(scratch, "run"), f"{stored.run.run_id}{BUNDLE_SUFFIX}"
                write_bundle(stored, local)
            try:
                self._put(sftp, local, name)
            except PermissionError:
                msg = f"{self._host}: {self._directory or '~'}: permission denied"
                raise Refused(msg) from None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def _put(self, sftp: paramiko.SFTPClient, local: Path, name: str) -> None:
        directory = PurePosixPath(self._directory) if self._directory else PurePosixPath(".")
        _make_directories(sftp, directory)
        temporary = str(directory / f".{name}.{uuid.uuid4().hex}.tmp")
        try:
            sftp.put(str(local), temporary)
            # Replaces what an earlier delivery of the run has put there, in one step.
            sftp.posix_rename(temporary, str(directory / name))
        except BaseException:
            with suppress(Exception):
                sftp.remove(temporary)
            raise


class SupersetDestination(SftpDestination):
    """``superset``: where ``SFTP_USERNAME``, ``SFTP_HOSTNAME``, ``SFTP_PORT`` and ``SFTP_REMOTE_DIR`` say."""

    def __init__(self, url: str) -> None:
        super().__init__(superset_url(os.environ))
        self.url = url


def superset_url(environ: Mapping[str, str]) -> str:
    """The URL that tt-metal's variables spell. Raises ``DestinationError`` where one that is needed isn't set."""
    missing = [name for name in ("SFTP_USERNAME", "SFTP_HOSTNAME") if not environ.get(name)]
    if missing:
        msg = f"--sweep-to superset: the environment variable {missing[0]} isn't set"
        raise DestinationError(msg)
    directory = environ.get("SFTP_REMOTE_DIR", "")
    path = directory if directory.startswith("/") else f"/~/{directory}" if directory else ""
    host = f"{environ['SFTP_USERNAME']}@{environ['SFTP_HOSTNAME']}:{environ.get('SFTP_PORT') or 22}"
    return f"sftp://{host}{path}?format=oprun"


def _key_in_environment() -> paramiko.PKey | None:
    text = os.environ.get("SFTP_PRIVATE_KEY")
    if not text:
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(io.StringIO(text.strip() + "\n"))
    msg = "SFTP_PRIVATE_KEY holds no private key that can be read"
    raise Refused(msg)


def _make_directories(sftp: paramiko.SFTPClient, directory: PurePosixPath) -> None:
    for path in (*reversed(directory.parents), directory):
        try:
            sftp.stat(str(path))
        except FileNotFoundError:
            with suppress(OSError):
                # Another job may just have made it; if not, uploading tells.
                sftp.mkdir(str(path))
