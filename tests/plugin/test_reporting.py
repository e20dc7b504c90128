"""Reporting: the terminal's tables, JUnit, xdist, and the price of many failures."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from sweep_tree import ADD, SweepTree


def test_the_header_says_what_ttnn_is(tree: SweepTree) -> None:
    """Nobody can mistake emulated results for silicon."""
    tree.write("add", ADD)

    result = tree.run("--sweep-device", "emulated:p150", "--tb=no")

    result.stdout.fnmatch_lines(["sweeps: EMULATED ttnn on torch *, board p150: function, not silicon"])


def test_a_run_without_sweeps_says_nothing(pytester: pytest.Pytester) -> None:
    """No header, no summary, no option's effect where there is no sweep."""
    pytester.makepyfile("def test_it(): pass")

    result = pytester.runpytest()

    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*sweep*: *")


def test_the_summary_counts_each_suite(tree: SweepTree) -> None:
    """Vectors, invalid, skipped, passed, failed by status, worst PCC, and the reasons of the invalid ones."""
    tree.write("eltwise.add", ADD + "\ndef invalidate_vector(v):\n    return v['a'] == 2, 'two'\n")

    result = tree.run("--tb=no")

    result.stdout.fnmatch_lines(
        [
            "suite * vectors  invalid  skipped  passed  failed  worst PCC*",
            "eltwise.add::model_traced * 2 * 0 * 0 * 1 * 1 * 0.995000  FAIL_ASSERT_EXCEPTION 1",
            "eltwise.add::nightly * 6 * 2 * 0 * 4 * 0 * 0.997000",
            "total * 8 * 2 * 0 * 5 * 1 * 0.995000  FAIL_ASSERT_EXCEPTION 1",
            "invalid 2x: two",
        ]
    )


def test_quiet_is_quiet(tree: SweepTree) -> None:
    """``-q`` leaves header, counts and table out."""
    tree.write("add", ADD)

    result = tree.run("-q", "--tb=no")

    result.stdout.no_fnmatch_line("sweeps:*")
    result.stdout.no_fnmatch_line("suite *")


def test_junit_has_id_status_pcc_and_time(tree: SweepTree) -> None:
    """Properties of each test case: vector id (all 32 digits), status, pcc, e2e_ms."""
    tree.write("add", ADD)

    tree.run("--junitxml=out.xml", "--tb=no")

    cases = list(ElementTree.parse(tree.pytester.path / "out.xml").iter("testcase"))
    assert len(cases) == 8
    for case in cases:
        properties = {item.get("name"): item.get("value") for item in case.iter("property")}
        assert sorted(properties) == ["e2e_ms", "pcc", "status", "vector_id"]
        assert len(properties["vector_id"] or "") == 32
        assert (properties["vector_id"] or "").startswith(case.get("name") or "?")
        assert float(properties["e2e_ms"] or 0) == 2.0
        assert properties["status"] == ("PASS" if case.find("failure") is None else "FAIL_ASSERT_EXCEPTION")
        assert case.get("classname") in ("sweeps.add.nightly", "sweeps.add.model_traced")


def test_workers_give_what_one_process_gives(tree: SweepTree) -> None:
    """``-n 2`` has the same ids, outcomes, properties and summary as one process."""
    tree.write("eltwise.add", ADD + "\ndef invalidate_vector(v):\n    return v['a'] == 2, 'two'\n")
    tree.write(
        "other", "parameters = {'xfail': {'a': [1, 2]}}\ndef run(a, *, device):\n    return a == 2, 'PCC 0.25'\n"
    )

    def result_of(*arguments: str) -> tuple[dict[str, int], list[str], list[tuple[str | None, ...]]]:
        result = tree.run_apart("--junitxml=out.xml", "--tb=no", *arguments)
        cases = ElementTree.parse(tree.pytester.path / "out.xml").iter("testcase")
        table = [line for line in result.outlines if "::" in line and not line.startswith("FAILED")]
        properties = [(case.get("name"), *sorted(str(item.attrib) for item in case.iter("property"))) for case in cases]
        return result.parseoutcomes(), [line for line in table if not line.startswith("sweeps/")], sorted(properties)

    alone, shared = result_of(), result_of("-n2")

    assert alone == shared
    assert alone[0] == {"passed": 5, "failed": 1, "xfailed": 1, "xpassed": 1}
    assert len(alone[1]) == 3


def test_the_terminal_keeps_no_passed_phases_to_search(tree: SweepTree) -> None:
    """For every failure that it shows, pytest searches the phases it has kept: of passed set-ups and teardowns, none.

    What thousands of failures cost is a benchmark.
    """
    tree.write(
        "bad", "parameters = {'s': {'a': list(range(50))}}\ndef run(a, *, device):\n    return a % 2 == 0, 'x'\n"
    )
    tree.pytester.makeconftest(
        """
        def pytest_terminal_summary(terminalreporter):
            kept = {kind: len(reports) for kind, reports in terminalreporter.stats.items()}
            print("phases kept:", kept.get("", 0), kept["passed"], kept["failed"])
        """
    )

    result = tree.run()

    result.assert_outcomes(passed=25, failed=25)
    result.stdout.fnmatch_lines(["phases kept: 0 25 25"])


def test_durations_keep_their_phases(tree: SweepTree) -> None:
    """What ``--durations`` needs isn't dropped from the terminal's memory."""
    tree.write("add", ADD)

    result = tree.run("--durations=0", "-vv", "--tb=no")

    assert sum(" setup " in line for line in result.outlines) == 8


def test_statuses_tell_memory_from_other_failures(tree: SweepTree) -> None:
    """An exception in ttnn's own form is told apart; a message that mentions the words is not."""
    tree.write(
        "statuses",
        """
        parameters = {"s": {"how": ["oom", "mention"]}}
        TEXT = "Out of Memory: Not enough space to allocate 268435456 B L1 buffer across 72 banks"
        OOM = "TT_FATAL @ bank_manager.cpp:462: false" + chr(10).join(["", "info:", TEXT, "backtrace:", " --- x"])

        def run(how, *, device):
            if how == "oom":
                raise RuntimeError(OOM)
            return False, "Out of Memory: Not enough space to allocate is what the Watcher said"
        """,
    )

    result = tree.run()

    result.stdout.fnmatch_lines(["FAILED sweeps/statuses.py::s::* - Out of Memory*"])
    result.stdout.fnmatch_lines(["statuses::s * FAIL_L1_OUT_OF_MEM 1*"])
    result.stdout.fnmatch_lines(["statuses::s * FAIL_ASSERT_EXCEPTION 1*"])
