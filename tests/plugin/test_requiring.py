"""``--sweep-require`` and a module's ``accuracy``: passes that become failures, mistakes told before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

GRADED = """
parameters = {
    "nightly": {"ulps": [0, 2, 9]},
    "xfail_known": {"ulps": [0, 9]},
}

def run(ulps, *, device):
    return {"ok": True, "message": f"PCC {1 - ulps / 100}", "metrics": {"max_ulp": ulps}, "e2e_ns": 3_000_000}
"""


def records(tree: SweepTree) -> list[dict[str, Any]]:
    last = sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl"))[-1]
    return [json.loads(line) for line in Path(last).read_text().splitlines()]


def statuses(tree: SweepTree) -> dict[tuple[str, int], str]:
    return {(record["suite"], record["index"]): record["status"] for record in records(tree)}


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_a_pass_that_misses_a_bound_is_a_failure(tree: SweepTree, workers: tuple[str, ...]) -> None:
    """One line with metric, value, bound and who asked; where failure is expected it is that failure."""
    tree.write("graded", GRADED)

    result = (tree.run_apart if workers else tree.run)("--sweep-require", "max_ulp<=2", *workers)

    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*unmet: max_ulp is 9.0, required <= 2 by --sweep-require (the sweep itself passed: PCC 0.91)"]
    )
    assert statuses(tree) == {
        ("nightly", 0): "PASS",
        ("nightly", 1): "PASS",
        ("nightly", 2): "FAIL_ASSERT_EXCEPTION",
        ("xfail_known", 0): "XPASS",
        ("xfail_known", 1): "XFAIL",
    }
    failed = next(record for record in records(tree) if record["status"] == "FAIL_ASSERT_EXCEPTION")
    assert {metric["name"]: metric["value"] for metric in failed["metrics"]} == {
        "pcc": 0.91,
        "max_ulp": 9.0,
        "e2e_ms": 3.0,
    }


def test_all_bounds_count_wherever_they_come_from(tree: SweepTree) -> None:
    """Repeated, separated by commas, in the ini file, and of the time that the module returns."""
    tree.pytester.makeini("[pytest]\nsweep_require =\n    max_ulp<9\n    e2e_ms<10\n")
    tree.write("graded", GRADED)

    tree.run("-k", "nightly").assert_outcomes(passed=2, failed=1)

    result = tree.run("-k", "nightly", "--sweep-require=max_ulp<1,pcc>0.5", "--sweep-require", "e2e_ms<2")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        ["*unmet: max_ulp is 2.0, required < 1 by --sweep-require; e2e_ms is 3.0, required < 2 by --sweep-require (*"]
    )


def test_a_metric_that_nobody_measured_is_no_pass(tree: SweepTree) -> None:
    """It says what it takes, also where the meter that is there sees nothing."""
    tree.write("silent", "parameters = {'s': {'n': [1]}}\ndef run(n, *, device):\n    return True, ''\n")

    for text, why in (
        ("peak_dram_bytes<5", "peak_dram_bytes wasn't measured (it takes --sweep-memory)"),
        ("max_ulp<5", "max_ulp wasn't measured (run() compared nothing that the meter knows)"),
    ):
        result = tree.run("--sweep-require", text)

        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines([f"*unmet: {why}, required < 5 by --sweep-require"])


def test_a_failure_stays_the_sweeps_own(tree: SweepTree) -> None:
    """What failed or was skipped by itself isn't judged again."""
    text = """
    import pytest
    parameters = {"s": {"how": ["false", "raises", "skips"]}}

    def run(how, *, device):
        if how == "raises": raise ValueError("its own words")
        if how == "skips": pytest.skip("not here")
        return False, "its own verdict"
    """
    tree.write("fails", text)

    result = tree.run("--sweep-require", "e2e_ms<5")

    result.assert_outcomes(failed=2, skipped=1)
    result.stdout.no_fnmatch_line("*unmet*")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("max_ulps<=2", "ERROR: --sweep-require 'max_ulps<=2': there is no metric 'max_ulps'; did you mean max_ulp?"),
        ("max_ulp", "ERROR: --sweep-require 'max_ulp': expected METRIC<=NUMBER*"),
    ],
)
def test_a_mistake_is_told_before_anything_runs(tree: SweepTree, expression: str, message: str) -> None:
    """One line, and exit code 4."""
    tree.write("graded", GRADED + "\nprint('imported')\n")

    result = tree.run("-s", "--sweep-require", expression)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*imported*")


def test_a_plugins_metric_may_be_required(tree: SweepTree) -> None:
    """A conftest that measures says what it measures."""
    tree.pytester.makeconftest(
        """
        import pytest
        from pytest_ttnn_sweeps.results.metrics import declare_metric

        declare_metric("energy_j", unit="J", better="lower")

        @pytest.hookimpl(hookwrapper=True)
        def pytest_sweep_measure(item, vector, device, call):
            yield
            call.add("energy_j", float(vector.values["n"]))
        """
    )
    tree.write("uses", "parameters = {'s': {'n': [1, 5]}}\ndef run(n, *, device):\n    return True, ''\n")

    result = tree.run("--sweep-require", "energy_j<3")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*unmet: energy_j is 5.0, required < 3 by --sweep-require"])


class TestDeclarations:
    def test_bounds_of_a_module(self, tree: SweepTree) -> None:
        """By suite; a name of the module's own file tells who asked."""
        tree.write("graded", GRADED + "\naccuracy = {'e2e_ms': 5, 'nightly': {'e2e_ms': 2}}\n")

        result = tree.run()

        assert statuses(tree)["nightly", 0] == "FAIL_ASSERT_EXCEPTION"
        assert statuses(tree)["xfail_known", 0] == "XPASS"
        result.stdout.fnmatch_lines(
            ["*unmet: e2e_ms is 3.0, required <= 2 by sweeps?graded.py: accuracy?'nightly'? (the sweep*"]
        )

    def test_a_mistake_is_an_error_of_the_module(self, tree: SweepTree) -> None:
        """One line; its other modules run where errors of collecting let them."""
        tree.write("graded", GRADED + "\naccuracy = {'max_ulps': 5}\n")
        tree.write("other", GRADED)

        result = tree.run("--continue-on-collection-errors", "-k", "nightly")

        result.assert_outcomes(errors=1, passed=3)
        result.stdout.fnmatch_lines(
            ["sweeps?graded.py: accuracy: there is no metric 'max_ulps'; did you mean max_ulp?"]
        )
