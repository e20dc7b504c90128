"""A stand-in for the RISC-V compiler that ttnn starts for each kernel, and that its wheel doesn't bring along.

A mock device runs no kernel, but ttnn builds them all the same and reads back what came of it. The stand-in makes
the least that ttnn accepts. Kernels that it "built" must never reach a device: it refuses to work where no mock device
is asked for, and its version, from which ttnn derives the names of its cache directories, is no compiler's.
"""

from __future__ import annotations

import struct

COMPILER = "riscv-tt-elf-g++"
"""The name of the program."""
_ENTRY = 0x1_0000
_RETURN = 0x0000_8067
_RISCV = 243
_R_RISCV_RELAX = 51
_NAMES = b"\0.text\0.rela.text\0.symtab\0.strtab\0_start\0"

_SCRIPT = r"""#!/bin/sh
# Stands in for Tenstorrent's compiler on a mock device. It compiles nothing: objects are empty, and every firmware and
# kernel is the same ELF file that returns at once. Written by pytest-ttnn-sweeps.
refuse() {
    echo "ttnn-sweeps' stand-in compiler: $1" >&2
    exit 1
}
[ -n "$TT_METAL_MOCK_CLUSTER_DESC_PATH" ] || refuse "not on a mock device (TT_METAL_MOCK_CLUSTER_DESC_PATH isn't set)"
[ -z "$TT_METAL_SIMULATOR" ] || refuse "not for a simulator (TT_METAL_SIMULATOR is set)"
call="$*"
form='' output='' dependencies=''
[ "$#" = 1 ] && [ "$1" = --version ] && form=version
while [ $# -gt 0 ]; do
    case $1 in
    -o | -MF | -x) [ $# -gt 1 ] || refuse "nothing follows $1: $call" ;;
    esac
    case $1 in
    -o) output=$2 && shift ;;
    -MF) dependencies=$2 && shift ;;
    -x) form=$form,$2 && shift ;;
    -c) form=$form,object ;;
    -T?*.ld) form=$form,program ;;
    -E | -S | -M | -MM | @*) form=$form,unknown ;;
    esac
    shift
done
# printf and redirections are the shell's own: no process is started.
case $form:${output:+o}:${dependencies:+d} in
version::) echo "riscv-tt-elf-g++ (ttnn-sweeps' stand-in, compiles nothing) 0.0.0" ;;
,c++-header:o:) : >"$output" ;;
,object:o:d) : >"$output" && printf '%s:\n' "$output" >"$dependencies" ;;
,program:o:) printf '@ELF@' >"$output" ;;
*) refuse "knows the calls of ttnn's kernel builds alone, and not: $call" ;;
esac
"""


def compiler_script() -> str:
    """The text of the stand-in, for a POSIX shell."""
    return _SCRIPT.replace("@ELF@", "".join(f"\\{byte:03o}" for byte in kernel_elf()))


def kernel_elf() -> bytes:
    """An executable for 32-bit RISC-V that returns at once, as ttnn's reader of kernels wants it.

    It wants the first loaded segment to be code, and relocations to have been kept; it skips those that only allow a
    linker to relax.
    """
    code = struct.pack("<I", _RETURN)
    contents = {
        ".text": code,
        ".rela.text": struct.pack("<IIi", _ENTRY, _R_RISCV_RELAX, 0),
        ".symtab": bytes(16) + struct.pack("<IIIBBH", _NAMES.index(b"_start"), _ENTRY, len(code), 0x12, 0, 1),
        ".strtab": _NAMES,
    }
    # type, flags, address, link, info, alignment, size of an entry
    kinds = {
        ".text": (1, 6, _ENTRY, 0, 0, 16, 0),
        ".rela.text": (4, 0x40, 0, 3, 1, 4, 12),
        ".symtab": (2, 0, 0, 4, 1, 4, 16),
        ".strtab": (3, 0, 0, 0, 0, 1, 0),
    }
    body, headers = b"", bytes(40)
    start = 0x60  # beyond the two headers, and aligned as the code wants to be
    for name, content in contents.items():
        kind, flags, address, link, info, alignment, entry = kinds[name]
        place = (start + len(body), len(content))
        index = _NAMES.index(name.encode() + b"\0")
        headers += struct.pack("<10I", index, kind, flags, address, *place, link, info, alignment, entry)
        body += content + bytes(-len(content) % 4)
    identity = b"\x7fELF" + bytes([1, 1, 1]) + bytes(9)
    sections = len(kinds) + 1
    header = identity + struct.pack(
        "<HHIIIIIHHHHHH", 2, _RISCV, 1, _ENTRY, 52, start + len(body), 0, 52, 32, 1, 40, sections, sections - 1
    )
    segment = struct.pack("<8I", 1, start, _ENTRY, _ENTRY, len(code), len(code), 5, 16)
    return (header + segment).ljust(start, b"\0") + body + headers
