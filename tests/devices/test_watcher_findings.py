from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.devices.watcher_findings import Finding, findings_in, last_dump

DATA = Path(__file__).parents[1] / "data" / "watcher"

FOUND = {
    "assert_output.txt": Finding(
        "tripped an assert on line 231. Note that file name reporting is not yet implemented, and the reported line "
        "number for the assert may be from a different file. Current kernel: ttnn/cpp/ttnn/operations/experimental/"
        "ccl/all_gather_async/device/kernels/minimal_default_writer.cpp.",
        0,
        "worker core (1,0)",
        "brisc",
    ),
    "noc_output.txt": Finding(
        "using noc0 tried to unicast write 16 bytes from local L1[0x01c6c0] to Tensix core w/ virtual coords "
        "(x=18,y=18) L1[addr=0x00180000] (NOC target address overflow).",
        1,
        "acteth core (0,4)",
        "erisc",
    ),
    "mock_stderr.txt": Finding(
        "Watcher read invalid watcher.enable on Device 0 worker core(x= 0,y= 0) virtual(x=18,y=18). Read 0, valid "
        "values are watcher_enable_msg_t::WatcherEnabled and watcher_enable_msg_t::WatcherDisabled."
    ),
    "stack_overflow.log": Finding(
        "stack overflow: 0 bytes free, on core (x=2,y=2), running kernel eltwise_sfpu.cpp",
        core="core (x=2,y=2)",
        risc="trisc1",
    ),
    "dram.log": Finding("unexpected run state", 0, "dram core (17,12)"),
}


def text(name: str) -> str:
    return (DATA / name).read_text()


@pytest.mark.parametrize("name", FOUND)
def test_what_the_watcher_tells_is_a_finding(name):
    """Device, core, RISC and words of each recorded or composed finding are read, once, and nothing besides."""
    assert findings_in(text(name)) == [FOUND[name]]
    assert findings_in(text("clean.log") + text(name) + text(name)) == [FOUND[name]]


@pytest.mark.parametrize("name", ["clean.log", "unfinished.log", "mock_test_mode.log"])
def test_states_are_no_findings(name):
    """Dumps of healthy cores, a stack that is nearly full and a dump that was cut off hold no finding."""
    assert findings_in(text(name)) == []


@pytest.mark.parametrize(
    "mention",
    [
        "PCC 0.98 below 0.99; Watcher was on",
        "AssertionError: brisc tripped an assert on line 7",
        "Watcher detected tripped assert and stopped device.",
        "Device 0: brisc tripped an assert on line 7.",
        "info:\nWatcher found corruption at L1[0] on core 1-1",
        "	brisc highest stack usage: 0 bytes free, on core (x=1,y=1), running kernel a.cpp",
    ],
)
def test_a_mere_mention_is_no_finding(mention):
    """Words of the watcher's outside of its own forms are no finding."""
    assert findings_in(mention) == []


@pytest.mark.parametrize(
    "line",
    [
        "Device 0 ethnet core(x= 0,y=10) virtual(x=24,y=17): ierisc tripped an assert on line 4. Current kernel: a.",
        "Device 12 worker core(x= 0,y= 0) phys(x= 1,y= 1): trisc0 tripped an assert on line 7. Current kernel: a.cpp.",
        "Device 0 worker core(x= 1,y= 9) virtual(x= 2,y=11) phys(x= 2,y= 3): ncrisc accessed unique runtime arg index "
        "out of bounds. Current kernel: a.cpp.",
        "Device 0 worker core(x= 1,y= 9) virtual(x= 2,y=11): brisc detected an inter-kernel data race due to kernel "
        "completing with pending NOC transactions (missing NOC reads flushed barrier). Current kernel: a.cpp.",
        "Device 0 worker core(x= 1,y= 9) virtual(x= 2,y=11): ncrisc core overflowed L1 with access to 0x180000 of "
        "length 4 (read or write past the end of local memory).",
        "Watcher detected that active eth link on virtual core 25-16 (noc0 core: 9-0) went down after training.",
    ],
)
def test_every_form_of_the_sources(line):
    """The forms that tt-metal's sources have had from 2024 on are findings, bare and behind a logger's prefix."""
    (bare,) = findings_in(line)
    (logged,) = findings_in(f"2026-01-20 12:59:58.640 | warning  | Metal | {line} (watcher_device_reader.cpp:800)")

    assert bare == logged
    assert line.endswith(bare.what)


def test_a_finding_reads_as_one_line():
    """The text that goes into a record names device, core, RISC, and what."""
    assert str(FOUND["noc_output.txt"]).startswith("device 1, acteth core (0,4), erisc: using noc0 tried to unicast")
    assert str(FOUND["mock_stderr.txt"]).startswith("Watcher read invalid")


def test_last_dump_shows_the_cores_that_do_something():
    """Of several dumps the last one is shown, without idle cores, and says whether it was completed."""
    log = text("clean.log") + text("unfinished.log")

    shown = last_dump(log)

    assert shown.startswith("Dump #4 at 32.400s\n")
    assert "CWFW,CRBW,   R,   R,   R" in shown
    assert "GW,   W" not in shown
    assert shown.endswith("(the watcher did not complete this dump)\n(1 cores that wait for work are left out)")
    assert "did not complete" not in last_dump(text("clean.log"))
    assert last_dump("At 0.7s starting\n") == ""


def test_last_dump_is_short():
    """A dump of a thousand busy cores is cut in its middle."""
    line = "Device 0 worker core(x= 1,y= 0) virtual(x= 2,y= 2): CWFW,CRBW,R,R,R  rmsg:D0G|BNT\n"

    assert len(last_dump("Dump #1 at 1.000s\n" + line * 1000).splitlines()) <= 61


@given(st.text())
def test_any_text_can_be_read(noise):
    """No text makes the reader fail, and what surrounds a finding doesn't hide it."""
    findings_in(noise), last_dump(noise)

    assert FOUND["dram.log"] in findings_in(f"{noise}\n{text('dram.log')}\n{noise}")
