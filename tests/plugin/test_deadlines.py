"""Whose deadline a vector has, and what becomes of one that misses it, in a child and in pytest's own process."""

from __future__ import annotations

import pytest
from sweep_tree import SweepTree

SLEEPER = """
import time
import pytest
parameters = {{"s": {{"n": [0, 1]}}}}
{declares}

def run(n, *, device):
    time.sleep(60 if n else 0)
"""
QUICK = ("--sweep-device=emulated", "-p", "no:cacheprovider", "--tb=short")


@pytest.mark.parametrize(
    ("declares", "options", "whose"),
    [
        ("TIMEOUT = 0.4", (), "0.4 s (its TIMEOUT)"),
        ("TIMEOUT = 2 / 5  # not text to scan", ("--timeout=100",), "0.4 s (its TIMEOUT)"),
        ("TIMEOUT = 100", ("--sweep-timeout=1",), "1 s (--sweep-timeout)"),
        ("", ("--timeout=0.4",), "0.4 s (pytest-timeout)"),
        ("TIMEOUT = 100\npytestmark = pytest.mark.timeout(0.4)", ("--sweep-timeout=90",), "0.4 s (its timeout mark)"),
        ("TIMEOUT = 0", ("-o", "timeout=0.4"), "0.4 s (pytest-timeout)"),
        ("TIMEOUT = 0.2", ("--sweep-repeat-check=2",), "0.4 s (its TIMEOUT, 2 runs)"),
    ],
)
def test_the_deadline_is_whose_it_is(tree: SweepTree, declares: str, options: tuple[str, ...], whose: str) -> None:
    """A mark, the option, the module's evaluated ``TIMEOUT`` cut to pytest-timeout's: the reason says which it was."""
    tree.write("sleeper", SLEEPER.format(declares=declares))

    result = tree.run_apart(*QUICK, "--sweep-isolation=process", *options)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"hung: no result within {whose}", "*FAIL_CRASH_HANG 1*"])


@pytest.mark.parametrize(
    ("declares", "options", "seconds"),
    [
        ("TIMEOUT = 0.4", (), "0.4"),
        ("TIMEOUT = 0.4", ("--timeout=100",), "0.4"),
        ("TIMEOUT = 100", ("--sweep-timeout=1",), "1.0"),
        ("pytestmark = pytest.mark.timeout(0.4)", (), "0.4"),
    ],
)
def test_pytest_timeout_interrupts_in_pytests_process(
    tree: SweepTree, declares: str, options: tuple[str, ...], seconds: str
) -> None:
    """Without a child the same deadlines hold, by pytest-timeout, and the status is the same."""
    tree.write("sleeper", SLEEPER.format(declares=declares))

    result = tree.run_apart(*QUICK, "--sweep-isolation=none", *options)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines([f"*Timeout (>{seconds}s) from pytest-timeout.", "*FAIL_CRASH_HANG 1*"])


@pytest.mark.parametrize("mode", ["process", "none"])
def test_the_clock_starts_with_run(tree: SweepTree, mode: str) -> None:
    """Opening a device may take longer than a vector; pytest-timeout's common setting doesn't count it either."""
    tree.write(
        "opener",
        """
        import time
        parameters = {"s": {"n": [0]}}
        TIMEOUT = 0.5

        def mesh_device_fixture():
            time.sleep(1)
            yield None, ""

        def run(n, *, device): pass
        """,
        device=True,
    )

    tree.run_apart(*QUICK, f"--sweep-isolation={mode}", "--timeout=0.5").assert_outcomes(passed=1)


def test_an_opening_that_hangs_has_a_deadline_of_its_own(tree: SweepTree) -> None:
    """It is an error that names the option; the run goes on to the end."""
    tree.write(
        "opener",
        """
        import time
        parameters = {"s": {"n": [0]}}

        def mesh_device_fixture():
            time.sleep(60)
            yield None, ""

        def run(n, *, device): pass
        """,
        device=True,
    )

    result = tree.run_apart(*QUICK, "--sweep-isolation=process", "--sweep-open-timeout=1")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["hung: no result within 1 s (--sweep-open-timeout)"])


def test_a_timeout_that_is_no_time_says_so(tree: SweepTree) -> None:
    """One line names the file and the value."""
    tree.write("sleeper", SLEEPER.format(declares="TIMEOUT = '30'"))

    result = tree.run_apart(*QUICK)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["sweeps/sleeper.py: TIMEOUT is '30'; expected a number of seconds*"])
