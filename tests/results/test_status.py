from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.results import (
    Outcome,
    Status,
    classify,
    is_xfail_suite,
    normalise,
    outcome_of_exception,
    outcome_of_fault,
    outcome_of_skip,
)

ERRORS = {
    error["case"]: error["text"]
    for error in json.loads((Path(__file__).parents[1] / "data" / "ttnn_error_texts.json").read_text())
}

RECORDED = {
    "l1_too_small": Status.FAIL_L1_OUT_OF_MEM,
    "l1_small_not_reserved": Status.FAIL_L1_OUT_OF_MEM,
    "op_buffers_matmul": Status.FAIL_L1_OUT_OF_MEM,
    "op_buffers_clash": Status.FAIL_L1_OUT_OF_MEM,
    "dram_too_small": Status.FAIL_ASSERT_EXCEPTION,
    "shard_not_tile": Status.FAIL_ASSERT_EXCEPTION,
    "matmul_inner": Status.FAIL_ASSERT_EXCEPTION,
    "wrong_signature": Status.FAIL_ASSERT_EXCEPTION,
    "sharded_without_spec": Status.FAIL_ASSERT_EXCEPTION,
    "add_shapes": Status.FAIL_ASSERT_EXCEPTION,
}

# Messages that a mock device never raises, composed from the format strings in ttnn 0.81.1 and tt-metal's sources.
COMPOSED = {
    "Out of Memory: Not enough space after considering dependencies to allocate 64 B L1 across 2 banks (32 B per "
    "bank), bank size is 16 B": Status.FAIL_L1_OUT_OF_MEM,
    "Out of Memory: Not enough space after considering dependencies to allocate 64 B DRAM across 2 banks (32 B per "
    "bank), bank size is 16 B": Status.FAIL_ASSERT_EXCEPTION,
    "Out of Memory: Not enough space to allocate 64 B TRACE buffer across 2 banks": Status.FAIL_ASSERT_EXCEPTION,
    "Statically allocated circular buffers on core range [0-0 - 1-0] grow to 23174496 B which is beyond max L1 size of "
    "1499136 B": Status.FAIL_L1_OUT_OF_MEM,
    "Statically allocated circular buffers in program 2 clash with L1 buffers on core range [0-0 - 7-7]. L1 buffer "
    "allocated at 163840 and static circular buffer region ends at 398688": Status.FAIL_L1_OUT_OF_MEM,
    "Watcher detected tripped assert and stopped device.": Status.FAIL_WATCHER,
    "Watcher found corruption at L1[0] on core 1-1: read 7": Status.FAIL_WATCHER,
    "Watcher data corruption, noc assert state on core 1-1 unknown failure code: 9.": Status.FAIL_WATCHER,
    "Command Queue could not finish: device hang due to illegal NoC transaction. See watcher.log for details.": (
        Status.FAIL_WATCHER
    ),
    "Device 0: Aborting wait due to watcher error: core 1-1": Status.FAIL_WATCHER,
    "Watcher failed to create log file": Status.FAIL_ASSERT_EXCEPTION,
    "Both Watcher and NOC debug dump cannot be enabled at the same time.": Status.FAIL_ASSERT_EXCEPTION,
    "TIMEOUT: device timeout in fetch queue wait, potential hang detected": Status.FAIL_CRASH_HANG,
    "TIMEOUT: device timeout, potential hang detected, the device is unrecoverable": Status.FAIL_CRASH_HANG,
    "Graph specified in MGD could not fit in the discovered physical topology. x.": Status.NOT_RUN,
    "intra-mesh mapping failed: exit-node constraints for logical mesh 0": Status.NOT_RUN,
    "Read unexpected run_mailbox value from core 1-1": Status.NOT_RUN,
}


def raised(text: str) -> Outcome:
    return outcome_of_exception(RuntimeError(text))


def test_names_and_numbers_are_upstreams():
    """Names, numbers and exported names are tt-metal's."""
    assert {(status.name, status.value, status.export_name) for status in Status} == {
        ("PASS", 0, "pass"),
        ("FAIL_ASSERT_EXCEPTION", 1, "fail_assert_exception"),
        ("FAIL_CRASH_HANG", 2, "fail_crash_hang"),
        ("NOT_RUN", 3, "skipped"),
        ("FAIL_L1_OUT_OF_MEM", 4, "fail_l1_out_of_mem"),
        ("FAIL_WATCHER", 5, "fail_watcher"),
        ("FAIL_UNSUPPORTED_DEVICE_PERF", 6, "fail_unsupported_device_perf"),
        ("XFAIL", 7, "xfail"),
        ("XPASS", 8, "xpass"),
        ("FAIL_NON_DETERMINISTIC", 9, "fail_non_deterministic"),
    }


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (normalise(None), Status.PASS),
        (normalise((True, "0.99")), Status.PASS),
        (normalise((False, "0.5")), Status.FAIL_ASSERT_EXCEPTION),
        (outcome_of_skip("needs 8 devices"), Status.NOT_RUN),
        (raised("anything"), Status.FAIL_ASSERT_EXCEPTION),
        (raised(""), Status.FAIL_ASSERT_EXCEPTION),
    ],
)
def test_plain_outcomes(outcome, status):
    """A pass, a failure, a skip and an exception have their statuses."""
    assert classify(outcome) is status


def test_every_recorded_text_is_judged():
    """No recorded text is left out of the table."""
    assert RECORDED.keys() == ERRORS.keys()


@pytest.mark.parametrize("case", RECORDED)
def test_texts_of_real_ttnn(case):
    """Texts that ttnn 0.81.1 raised have the status of their fault, also inside another exception's text."""
    assert classify(raised(ERRORS[case])) is RECORDED[case]
    assert classify(raised(f"while running conv2d: {ERRORS[case]}")) is RECORDED[case]


@pytest.mark.parametrize("message", COMPOSED)
def test_texts_of_ttnns_sources(message):
    """Faults that a mock device has not are recognised in the form in which ttnn raises them."""
    text = f"TT_THROW @ impl/x.cpp:1: tt::exception\ninfo:\n{message}\nbacktrace:\n --- tt::tt_metal::f()\n"

    assert classify(raised(text)) is COMPOSED[message]


@pytest.mark.parametrize("message", COMPOSED)
def test_a_mere_mention_is_no_fault(message):
    """A text that only mentions a fault is an ordinary failure: returned, raised by Python, or quoted in passing."""
    raised_by_ttnn = f"TT_FATAL @ impl/x.cpp:1: x\ninfo:\n{message}\nbacktrace:\n"

    assert classify(normalise((False, message))) is Status.FAIL_ASSERT_EXCEPTION
    assert classify(normalise((False, raised_by_ttnn))) is Status.FAIL_ASSERT_EXCEPTION
    assert classify(raised(message)) is Status.FAIL_ASSERT_EXCEPTION


def test_backtrace_is_not_read():
    """A word in a frame of the backtrace makes no fault."""
    text = (
        "TT_FATAL @ x.cpp:1: x\ninfo:\nbad shape\nbacktrace:\n --- potential hang detected()\n --- Watcher detected()"
    )

    assert classify(raised(text)) is Status.FAIL_ASSERT_EXCEPTION


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (normalise(True), Status.XPASS),
        (normalise((False, "0.5")), Status.XFAIL),
        (raised(ERRORS["l1_too_small"]), Status.XFAIL),
        (raised("TT_THROW @ x.cpp:1: x\ninfo:\nWatcher detected a fault\nbacktrace:\n"), Status.XFAIL),
        (raised("TT_THROW @ x.cpp:1: x\ninfo:\npotential hang detected\nbacktrace:\n"), Status.FAIL_CRASH_HANG),
        (raised("TT_THROW @ x.cpp:1: x\ninfo:\nintra-mesh mapping failed\nbacktrace:\n"), Status.NOT_RUN),
        (outcome_of_skip("needs 8 devices"), Status.NOT_RUN),
    ],
)
def test_expected_failures(outcome, status):
    """Where failure is expected, a pass is XPASS and a failure XFAIL; hangs, skips and a broken machine stay."""
    assert classify(outcome, expects_failure=True) is status


@pytest.mark.parametrize(
    ("name", "expected"),
    [("xfail", True), ("xfail-2", True), ("XFail_l1", True), ("nightly", False), ("not_xfail", False)],
)
def test_xfail_suites(name, expected):
    """A suite expects failure when its name starts with xfail, in any case."""
    assert is_xfail_suite(name) is expected


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("hang", Status.FAIL_CRASH_HANG),
        ("crash", Status.FAIL_CRASH_HANG),
        ("non_deterministic", Status.FAIL_NON_DETERMINISTIC),
    ],
)
@pytest.mark.parametrize("expects_failure", [False, True])
def test_what_was_seen_from_outside_decides(fault, status, expects_failure):
    """A hang, a crash and differing repetitions keep their status, whatever the texts and the suite's expectations."""
    outcome = outcome_of_fault(fault, "reason", details="TT_FATAL @ x:1: y\ninfo:\nWatcher detected tripped assert")

    assert classify(outcome, expects_failure=expects_failure) is status


@pytest.mark.parametrize(
    ("fault", "status"),
    [("watcher", Status.FAIL_WATCHER), ("no_device_perf", Status.FAIL_UNSUPPORTED_DEVICE_PERF)],
)
def test_what_a_meter_saw_decides_and_may_be_expected(fault, status):
    """A finding of the watcher's and a missing device time have their statuses, and may be expected failures."""
    outcome = outcome_of_fault(fault, "PCC 0.99")

    assert classify(outcome) is status
    assert classify(outcome, expects_failure=True) is Status.XFAIL
