"""What tt-metal's watcher has found, read from its log and from what a process under it wrote.

The forms are those of tt-metal's ``watcher_device_reader.cpp`` and ``watcher_server.cpp`` from 2024 on and of ttnn
0.81.1. The watcher writes the state of every core to its log, dump by dump; of an assert or an illegal NOC transaction
it tells the process's log, and ends the process there and then, so that the dump stays unfinished. Only those forms are
findings: a text that mentions the watcher, or an assert, is none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CORE = (
    r"Device (?P<device>\d+) (?P<kind>\w+) core\(x= *(?P<x>\d+),y= *(?P<y>\d+)\)"
    r"(?: (?:virtual|phys)\(x= *\d+,y= *\d+\))*"
)
# What `core: RISC what` says. A line of a dump has waypoints in that place, which are followed by a comma or by rmsg.
_FAULTS = r"tripped |detected an? |accessed |using noc|core overflowed |hardware fault "
_OF_CORE = re.compile(rf"{_CORE}: +(?P<risc>[a-z]\w*) (?P<what>(?:{_FAULTS}).*)")
_OF_DRAM = re.compile(rf"^{_CORE}: watcher error - (?P<what>.*)", re.MULTILINE)
_OF_LINK = re.compile(r"Watcher (?P<what>detected that active eth link on virtual core .* went down after training\.)")
_OF_STACK = re.compile(
    r"^\t(?P<risc>\w+) highest stack usage: (?P<what>\d+ bytes free, on core (?P<core>\S+), running kernel .*)"
    r" \(OVERFLOW\)$",
    re.MULTILINE,
)
# The watcher's own exceptions about state that it can't make sense of; `detected tripped assert` says less than the
# line of the core.
_THROWN = re.compile(
    r"TT_(?:THROW|FATAL|ASSERT) @ [^\n]*watcher_[^\n]*\ninfo:\n(?P<what>.+?)(?=\nbacktrace:|\Z)", re.DOTALL
)
_LOGGER_SUFFIX = re.compile(r" \(watcher_\w+\.cpp:\d+\)$")
_DUMP = re.compile(r"^Dump #(\d+) at [\d.]+s$", re.MULTILINE)
# Waiting for work: the state between programs.
_IDLE = re.compile(r": +GW, *W(?:, *W)*  rmsg:")
_MOST_LINES = 60


@dataclass(frozen=True)
class Finding:
    """One thing that the watcher found."""

    what: str
    """In the watcher's own words."""
    device: int | None = None
    core: str = ""
    """``worker core (0,0)``, logical coordinates; as the watcher writes it where it gives no others."""
    risc: str = ""
    """``brisc``, ``ncrisc``, ``trisc0``, ``erisc``, ..."""

    def __str__(self) -> str:
        where = [f"device {self.device}" if self.device is not None else "", self.core, self.risc]
        place = ", ".join(part for part in where if part)
        return f"{place}: {self.what}" if place else self.what


def findings_in(text: str) -> list[Finding]:
    """The findings in a piece of ``watcher.log`` or of a process's output, each once, in their order."""
    found: list[tuple[int, Finding]] = []
    for pattern in (_OF_CORE, _OF_DRAM):
        for match in pattern.finditer(text):
            risc = match.groupdict().get("risc") or ""
            core = f"{match['kind']} core ({match['x']},{match['y']})"
            found.append((match.start(), Finding(_plain(match["what"]), int(match["device"]), core, risc)))
    for match in _OF_STACK.finditer(text):
        what = f"stack overflow: {match['what']}"
        found.append((match.start(), Finding(what, core=f"core {match['core']}", risc=match["risc"])))
    found += [(match.start(), Finding(_plain(match["what"]))) for match in _OF_LINK.finditer(text)]
    if not found:
        found = [(match.start(), Finding(_plain(match["what"]))) for match in _THROWN.finditer(text)]
    return list(dict.fromkeys(finding for _, finding in sorted(found, key=lambda pair: pair[0])))


def last_dump(log: str) -> str:
    """The last dump in a piece of ``watcher.log`` without the cores that wait for work; empty where there is none.

    What it begins and doesn't complete ended with the process, at the core after the last line.
    """
    starts = list(_DUMP.finditer(log))
    if not starts:
        return ""
    lines = log[starts[-1].start() :].splitlines()
    if f"Dump #{starts[-1][1]} completed" not in "\n".join(lines):
        lines.append("(the watcher did not complete this dump)")
    busy = [line for line in lines if not _IDLE.search(line)]
    idle = len(lines) - len(busy)
    if idle:
        busy.append(f"({idle} cores that wait for work are left out)")
    if len(busy) > _MOST_LINES:
        busy[_MOST_LINES // 2 : -_MOST_LINES // 2] = [f"... {len(busy) - _MOST_LINES} lines left out ..."]
    return "\n".join(busy)


def _plain(what: str) -> str:
    return _LOGGER_SUFFIX.sub("", " ".join(what.split()))
