"""The directory of ours that ttnn works in on a mock device: what it needs beside its wheel, and what it leaves.

The wheel itself and the caches that it uses for real devices aren't touched. ttnn looks for all of its data, the
compiler among them, below one directory, which may be another than its package: here that is a directory of links into
the wheel, with the stand-in in the compiler's place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from pytest_ttnn_sweeps.devices.mock.boards import BOARDS
from pytest_ttnn_sweeps.devices.mock.compiler import COMPILER, compiler_script
from pytest_ttnn_sweeps.devices.mock.wheel import MockError, Wheel

_COMPILER_PLACE = Path("root", "runtime", "sfpi", "compiler", "bin", COMPILER)


class MockDirectory:
    """What `prepare` has made: paths in one directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path / "root"
        """What ttnn calls its runtime root."""
        self.compiler = path / _COMPILER_PLACE
        self.kernels = path / "kernels"
        self.logs = path / "logs"

    def descriptor(self, board: str) -> Path:
        """The cluster descriptor of a board."""
        return self.path / f"{board}.yaml"

    def is_whole(self) -> bool:
        """Whether all of it is there: what cleans up old files may have taken some, a loss of power emptied some."""
        directories = self.root / "tt_metal", self.kernels, self.logs
        texts = self.compiler, *map(self.descriptor, BOARDS)
        return all(map(Path.is_dir, directories)) and all(path.is_file() and path.stat().st_size for path in texts)


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the directories of this user are: below ``XDG_CACHE_HOME``, else ``~/.cache``."""
    base = environ.get("XDG_CACHE_HOME", "")
    # The specification has relative ones ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "ttnn-sweeps" / "mock"


def prepare(wheel: Wheel, *, below: Path | None = None) -> MockDirectory:
    """The directory for ``wheel``, made where it isn't there yet; any number of processes may do so at once.

    Each installation of ttnn has its own, as has each version of the stand-in. Raises ``MockError`` where it can't be
    made or programs in it can't be started.
    """
    try:
        below = cache_directory() if below is None else below
        if any(map(str.isspace, str(below))):
            # ttnn cuts the compiler's command line at each.
            msg = f"{below} has a space in it"
            raise ValueError(msg)
        contents = "\n".join([compiler_script(), *(board.descriptor for board in BOARDS.values())])
        digest = hashlib.sha256(f"{wheel.package}\n{contents}".encode()).hexdigest()
        directory = MockDirectory(below / f"ttnn-{wheel.version}-{digest[:12]}")
        if not directory.is_whole():
            below.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(f"{directory.path}.lock"):
                if not directory.is_whole():
                    _make(wheel, directory.path)
    except (OSError, RuntimeError, ValueError) as error:
        msg = f"--sweep-device mock: can't be prepared: {error}; set XDG_CACHE_HOME to a directory for such files"
        raise MockError(msg) from None
    return directory


def _make(wheel: Wheel, path: Path) -> None:
    new = MockDirectory(Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=path.parent)))
    old = new.path.with_name(f"{new.path.name}.old")
    try:
        for made in (new.kernels, new.logs, new.compiler.parent):
            made.mkdir(parents=True)
        for entry in wheel.package.iterdir():
            if entry.is_dir() and entry.name not in ("runtime", "__pycache__"):
                (new.root / entry.name).symlink_to(entry)
        for entry in (wheel.package / "runtime").iterdir():
            if entry.name != "sfpi":
                (new.root / "runtime" / entry.name).symlink_to(entry)
        for name, board in BOARDS.items():
            new.descriptor(name).write_text(board.descriptor, encoding="utf-8")
        new.compiler.write_text(compiler_script(), encoding="utf-8")
        new.compiler.chmod(0o755)
        _try(new)
        if path.exists():
            # Half of one that lost files. Others may use it, so it goes in one step.
            path.rename(old)
        new.path.rename(path)
    finally:
        for left in (new.path, old):
            shutil.rmtree(left, ignore_errors=True)


def _try(made: MockDirectory) -> None:
    environ = {"PATH": os.defpath, "TT_METAL_MOCK_CLUSTER_DESC_PATH": str(made.descriptor("n150"))}
    done = subprocess.run([made.compiler, "--version"], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"{made.compiler} doesn't run: {done.stderr.strip()}"
        raise OSError(msg)
