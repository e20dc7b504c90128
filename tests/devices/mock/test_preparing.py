"""The directory that a mock device works in: what is in it, made by many at once, repaired, and refused."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml

from pytest_ttnn_sweeps.devices.mock import wheel as wheel_module
from pytest_ttnn_sweeps.devices.mock.boards import BOARDS
from pytest_ttnn_sweeps.devices.mock.preparing import cache_directory, prepare
from pytest_ttnn_sweeps.devices.mock.wheel import TESTED, MockError, Wheel, find_wheel

PREPARE = """
import sys
from pathlib import Path
from pytest_ttnn_sweeps.devices.mock import preparing
from pytest_ttnn_sweeps.devices.mock.wheel import Wheel
print("ready", flush=True)
sys.stdin.readline()
directory = preparing.prepare(Wheel("0.81.1", Path(sys.argv[1])), below=Path(sys.argv[2]))
assert directory.is_whole()
print(directory.path)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """What a wheel's package looks like, as far as it matters here."""
    package = tmp_path / "site-packages" / "ttnn"
    for directory in ("tt_metal/hw", "ttnn/cpp", "__pycache__", "runtime/hw/lib", "runtime/sfpi/compiler/bin"):
        (package / directory).mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "runtime/sfpi/compiler/bin/riscv-tt-elf-g++").write_text("the real one")
    return package


def files(below: Path) -> dict[str, str]:
    return {
        str(path.relative_to(below)): path.read_text() if path.is_file() else "" for path in sorted(below.rglob("*"))
    }


def test_links_lead_into_the_wheel_and_the_stand_in_is_beside_them(package: Path, tmp_path: Path) -> None:
    """The wheel is as it was, whatever compiler it has."""
    before = files(package)

    made = prepare(Wheel("0.81.1", package), below=tmp_path / "cache")

    assert files(package) == before
    assert (made.root / "tt_metal").resolve() == package / "tt_metal"
    assert (made.root / "runtime" / "hw").resolve() == package / "runtime" / "hw"
    assert sorted(path.name for path in made.root.iterdir()) == ["runtime", "tt_metal", "ttnn"]
    assert "stand-in" in made.compiler.read_text()
    assert not made.compiler.is_symlink()
    assert made.root / "runtime" / "sfpi" in made.compiler.parents


def test_an_installation_has_a_directory_of_its_own(package: Path, tmp_path: Path) -> None:
    """By path and version; the second time there is nothing to be made."""
    first = prepare(Wheel("0.81.1", package), below=tmp_path / "cache")
    (first.kernels / "kept").touch()
    again = prepare(Wheel("0.81.1", package), below=tmp_path / "cache")
    moved = package.rename(tmp_path / "moved")

    assert again.path == first.path
    assert (again.kernels / "kept").exists()
    assert prepare(Wheel("0.81.1", moved), below=tmp_path / "cache").path != first.path
    assert prepare(Wheel("0.82", moved), below=tmp_path / "cache").path.name.startswith("ttnn-0.82-")


def test_four_processes_at_once(package: Path, tmp_path: Path) -> None:
    """Each finds it whole, and nothing is left of their work but the one directory and its lock."""
    command = [sys.executable, "-c", PREPARE, str(package), str(tmp_path / "cache")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[0].strip() for process in processes]

    assert [process.returncode for process in processes] == [0] * 4
    assert len(set(told)) == 1
    assert {path.name for path in (tmp_path / "cache").iterdir()} <= {Path(told[0]).name, f"{Path(told[0]).name}.lock"}


@pytest.mark.parametrize("lost", ["n300.yaml", "root/runtime/sfpi/compiler/bin/riscv-tt-elf-g++", "kernels"])
def test_what_lost_a_file_is_made_anew(package: Path, tmp_path: Path, lost: str) -> None:
    """As by whatever removes old files from caches."""
    made = prepare(Wheel("0.81.1", package), below=tmp_path / "cache")
    path = made.path / lost
    path.rmdir() if path.is_dir() else path.unlink()

    again = prepare(Wheel("0.81.1", package), below=tmp_path / "cache")

    assert again.path == made.path
    assert again.is_whole()
    assert not list((tmp_path / "cache").glob("*.old"))


@pytest.mark.parametrize("emptied", ["n300.yaml", "root/runtime/sfpi/compiler/bin/riscv-tt-elf-g++"])
def test_what_has_an_empty_file_is_made_anew(package: Path, tmp_path: Path, emptied: str) -> None:
    """As after a loss of power; ttnn would say no more than that the format of its compiler is wrong."""
    made = prepare(Wheel("0.81.1", package), below=tmp_path / "cache")
    made.path.joinpath(emptied).write_bytes(b"")

    assert prepare(Wheel("0.81.1", package), below=tmp_path / "cache").path == made.path
    assert made.path.joinpath(emptied).stat().st_size


def test_a_place_that_can_not_be_used_is_told(package: Path, tmp_path: Path) -> None:
    """One line: why, and which variable names another place."""
    (tmp_path / "file").touch()

    for below, why in ((tmp_path / "file" / "x", "Not a directory"), (tmp_path / "a b", "has a space in it")):
        with pytest.raises(MockError) as raised:
            prepare(Wheel("0.81.1", package), below=below)
        assert why in str(raised.value)
        assert "set XDG_CACHE_HOME to" in str(raised.value)
        assert "\n" not in str(raised.value)


def test_the_directory_is_the_users_cache() -> None:
    """As the XDG specification has it: relative paths don't count."""
    home = Path.home() / ".cache"

    assert cache_directory({"XDG_CACHE_HOME": "/c"}) == Path("/c/ttnn-sweeps/mock")
    assert cache_directory({"XDG_CACHE_HOME": "c"}) == home / "ttnn-sweeps" / "mock"
    assert cache_directory({}) == home / "ttnn-sweeps" / "mock"


@pytest.mark.parametrize("board", BOARDS)
def test_descriptors_are_of_their_boards(board: str) -> None:
    """What tt-metal reads names each chip in every table."""
    described = yaml.safe_load(BOARDS[board].descriptor)

    chips = set(described["arch"])
    assert set(described["harvesting"]) == set(described["chip_unique_ids"]) == chips
    (entry,) = described["boards"]
    facts = {name: value for part in entry for name, value in part.items()}
    assert (facts["board_type"], set(facts["chips"])) == (board, chips)
    assert len(chips) == (2 if board == "n300" else 1)
    linked = {end["chip"] for link in described["ethernet_connections"] for end in link}
    assert linked == (chips if len(chips) > 1 else set())


@pytest.fixture
def installed(package: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes the package an installed one of the tested version; its metadata."""
    info = package.parent / f"ttnn-{TESTED[-1]}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ttnn\nVersion: {TESTED[-1]}\n")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(wheel_module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(wheel_module.platform, "machine", lambda: "x86_64")
    return info / "METADATA"


def test_the_installed_wheel_is_found_without_being_imported(installed: Path, package: Path) -> None:
    """By its metadata, which tell where it is."""
    assert find_wheel() == Wheel(TESTED[-1], package)
    assert "ttnn" not in sys.modules or sys.modules["ttnn"].__file__ != str(package / "__init__.py")


def refusal() -> str:
    with pytest.raises(MockError) as raised:
        find_wheel()
    text = str(raised.value)
    assert text.startswith("--sweep-device mock: ")
    assert "\n" not in text
    return text


def test_without_the_wheel_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that installs it."""
    monkeypatch.setattr(wheel_module.platform, "system", lambda: "Linux")
    monkeypatch.setattr(wheel_module.platform, "machine", lambda: "x86_64")

    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", missing)

    assert "isn't installed; pip install 'pytest-ttnn-sweeps[ttnn]'" in refusal()


def test_an_untested_release_is_refused(installed: Path) -> None:
    """With the one that is tested."""
    installed.write_text("Metadata-Version: 2.1\nName: ttnn\nVersion: 9.9\n")

    assert f"ttnn 9.9 is untested on a mock device; pip install 'ttnn=={TESTED[-1]}'" in refusal()


def test_a_checkout_is_refused(installed: Path, package: Path) -> None:
    """Its data are elsewhere."""
    os.rename(package / "tt_metal", package / "elsewhere")

    assert "isn't the package of the wheel" in refusal()


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "aarch64")])
def test_other_platforms_are_refused(monkeypatch: pytest.MonkeyPatch, system: str, machine: str) -> None:
    """Before anything is looked for."""
    monkeypatch.setattr(wheel_module.platform, "system", lambda: system)
    monkeypatch.setattr(wheel_module.platform, "machine", lambda: machine)

    assert refusal().endswith(f"for Linux on x86-64 alone, this is {system} on {machine}")
