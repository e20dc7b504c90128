"""The stand-in compiler: what it makes of each call that ttnn's builds make, and what it refuses."""

from __future__ import annotations

import os
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.devices.mock.compiler import COMPILER, compiler_script, kernel_elf

MOCK = {"TT_METAL_MOCK_CLUSTER_DESC_PATH": "/n150.yaml", "PATH": os.defpath}
FLAGS = ("-Os", "-std=c++17", "-g", "-Wall", "-mcpu=tt-wh", "-I.", "-I/else where", '-DNAME="a $(touch it) `x`"')
SHELLS = [path for path in ("/bin/dash", "/bin/bash", "/bin/sh") if Path(path).exists()]


@pytest.fixture(scope="module")
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bin") / COMPILER
    path.write_text(compiler_script(), encoding="utf-8")
    path.chmod(0o755)
    return path


def call(compiler: Path, *arguments: object, environ: dict[str, str] = MOCK) -> subprocess.CompletedProcess[str]:
    command = [str(compiler), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=compiler.parent, check=False)


def test_its_version_is_no_compilers(compiler: Path) -> None:
    """ttnn's cache directories are named by it, so that nothing built here is found where a compiler is."""
    done = call(compiler, "--version")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "riscv-tt-elf-g++ (ttnn-sweeps' stand-in, compiles nothing) 0.0.0\n"


def test_headers_and_objects_are_empty(compiler: Path, tmp_path: Path) -> None:
    """An object has a file of dependencies that names none."""
    header, made, dependencies = tmp_path / "pch.h.1.gch", tmp_path / "brisc k.o", tmp_path / "brisc.d"

    assert call(compiler, "-x", "c++-header", *FLAGS, "pch.h", "-o", header).returncode == 0
    done = call(compiler, *FLAGS, "-include", "x.h", "-c", "-o", made, "brisck.cc", "-MF", dependencies)

    assert (done.returncode, done.stderr) == (0, "")
    assert (header.read_bytes(), made.read_bytes()) == (b"", b"")
    assert dependencies.read_text() == f"{made}:\n"
    assert sorted(path.name for path in compiler.parent.iterdir()) == [COMPILER]


@pytest.mark.parametrize("kept", [("-Wl,--emit-relocs",), ()], ids=["kernel", "firmware"])
@pytest.mark.parametrize("shell", SHELLS)
def test_programs_are_the_elf(compiler: Path, tmp_path: Path, shell: str, kept: tuple[str, ...]) -> None:
    """Byte for byte, whichever shell it is that the system has."""
    made = tmp_path / "brisc.elf"
    arguments = ["-O3", *FLAGS, "-T/x/kernel_brisc.ld", *kept, "substitutes.o", "brisck.o", "-o", str(made)]

    done = subprocess.run([shell, str(compiler), *arguments], env=MOCK, capture_output=True, check=True)

    assert (done.stdout, done.stderr) == (b"", b"")
    assert made.read_bytes() == kernel_elf()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-v",),
        ("--version", "-v"),
        ("-c", "a.cc", "-o", "a.o"),
        ("-c", "a.cc", "-MF", "a.d"),
        ("-E", "a.cc", "-o", "a.i"),
        ("-S", "a.cc", "-o", "a.s", "-MF", "a.d"),
        ("-c", "-E", "a.cc", "-o", "a.o", "-MF", "a.d"),
        ("a.o", "-o", "a.elf"),
        ("-Ta.ld", "a.o"),
        ("-Ta.ld", "-c", "a.o", "-o", "a.elf", "-MF", "a.d"),
        ("-x", "c", "a.c", "-o", "a.o"),
        ("-x", "c++-header", "a.h"),
        ("@arguments", "-c", "a.cc", "-o", "a.o", "-MF", "a.d"),
        ("-c", "a.cc", "-MF", "a.d", "-o"),
        ("-c", "a.cc", "-o", "", "-MF", "a.d"),
    ],
    ids=" ".join,
)
def test_other_calls_are_refused(compiler: Path, arguments: tuple[str, ...]) -> None:
    """With the call, and without making anything: a build of something else must not succeed by accident."""
    done = call(compiler, *arguments)

    assert done.returncode == 1
    assert done.stderr.startswith("ttnn-sweeps' stand-in compiler: ")
    assert " ".join(arguments) in done.stderr
    assert [path.name for path in compiler.parent.iterdir()] == [COMPILER]


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "not on a mock device"),
        ({"TT_METAL_MOCK_CLUSTER_DESC_PATH": ""}, "not on a mock device"),
        ({**MOCK, "TT_METAL_SIMULATOR": "/sim"}, "not for a simulator"),
    ],
    ids=["hardware", "hardware again", "simulator"],
)
def test_nothing_is_built_for_anything_but_a_mock_device(compiler: Path, environ: dict[str, str], why: str) -> None:
    """Also where somebody puts it in the place of the compiler: without its version ttnn doesn't open a device."""
    done = call(compiler, "--version", environ=environ)

    assert (done.returncode, done.stdout) == (1, "")
    assert why in done.stderr


@settings(max_examples=25, deadline=None)
@given(words=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), max_size=6))
def test_no_words_are_taken_for_a_program(compiler: Path, words: list[str]) -> None:
    """Arguments are data to the shell: none is run, and none but the known calls succeed."""
    done = call(compiler, *words)

    assert done.returncode == (0 if words == ["--version"] else 1)
    assert [path.name for path in compiler.parent.iterdir()] == [COMPILER]


def test_the_elf_is_what_the_reader_of_kernels_wants() -> None:
    """Little-endian RISC-V, code in the first loaded segment, relocations kept; told from the bytes."""
    elf = kernel_elf()
    identity, (kind, machine, _, entry, segments, sections, _, _, _, count, _, number, names) = (
        elf[:16],
        struct.unpack_from("<HHIIIIIHHHHHH", elf, 16),
    )

    assert identity[:7] == b"\x7fELF\x01\x01\x01"
    assert (kind, machine, count) == (2, 243, 1)
    loaded, offset, address, _, stored, _, flags, _ = struct.unpack_from("<8I", elf, segments)
    assert (loaded, address, flags & 1) == (1, entry, 1)
    assert elf[offset : offset + stored] == bytes.fromhex("67800000")
    headers = [struct.unpack_from("<10I", elf, sections + 40 * index) for index in range(number)]
    text = elf[headers[names][4] :]
    found = {text[header[0] : text.index(b"\0", header[0])]: header for header in headers}
    assert set(found) == {b"", b".text", b".rela.text", b".symtab", b".strtab"}
    assert found[b".rela.text"][1] == 4
    assert found[b".rela.text"][7] == [header[0] for header in headers].index(found[b".text"][0])
    assert all(header[4] + header[5] <= len(elf) for header in headers)
