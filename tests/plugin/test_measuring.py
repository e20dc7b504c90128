"""The hook of those who measure: when it is called, what it gives records, and that it changes no verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

DOCUMENT = Path(__file__).parents[2] / "docs" / "measuring.md"
EMULATED = "--sweep-device=emulated"
MODES = {
    "in process": ("--sweep-isolation=none",),
    "child": ("--sweep-isolation=process",),
    "workers": ("--sweep-isolation=none", "-n2"),
    "children of workers": ("--sweep-isolation=process", "-n2"),
}

SWEEP = """
import pytest
parameters = {
    "nightly": {"a": [1, 2, 3], "shape": [[32, 32]]},
    "xfail_known": {"a": [7], "shape": [[32, 32]]},
}

def run(a, shape, *, device):
    assert shape == [32, 32]
    shape.append(a)
    if a == 2:
        return False, "PCC 0.5"
    if a == 3:
        pytest.skip("not here")
    assert a != 7, "known"
    return [(True, "PCC 0.999"), 2_000_000]
"""

METER = """
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_sweep_measure(item, vector, device, call):
    if call.kind == "verdict":
        call.request_inspection("looking")
    yield
    call.note(f"{call.kind} {call.number}", f"{call.purpose} {vector.values['a']} {vector.suite} {vector.index}")
    call.add("one", vector.values["a"] / 3, unit="W", better="lower", samples=[1, float("nan"), -0.0])
    call.add("each", call.number)
    if call.kind != "inspect":
        call.add("from_returned", 1.5 if call.returned else 0)

def pytest_sweep_measured(item, vector, measurements):
    measurements.add("executions", len(measurements.executions))
    measurements.note("id", f"{vector.id} {vector.module} {item.name}")
"""


def of_first_parameter(line: dict[str, Any]) -> Any:
    return next(iter(line["parameters"].values()))


def records(tree: SweepTree, key: Callable[[dict[str, Any]], Any] = of_first_parameter) -> dict[Any, dict[str, Any]]:
    """The journal's records of the last run; leaves none behind."""
    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    journal.unlink()
    return {key(line): line for line in lines}


def values(record: dict[str, Any]) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in record.get("metrics", ())}


def test_what_is_measured_is_in_the_record(tree: SweepTree) -> None:
    """Metrics with unit, direction and samples, and notes; of failures and skips what was measured until then."""
    tree.write("add", SWEEP)
    tree.pytester.makeconftest(METER)

    tree.run(EMULATED).assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1)

    found = records(tree)
    one, two, three, seven = (found[a] for a in (1, 2, 3, 7))
    assert one["metrics"] == [
        {"name": "each", "value": 1.0, "samples": [1.0, 1.0]},
        {"name": "executions", "value": 2.0},
        {"name": "from_returned", "value": 1.5},
        {
            "name": "one",
            "value": "NaN",
            "unit": "W",
            "better": "lower",
            "samples": [1.0, "NaN", -0.0, 1.0, "NaN", -0.0],
        },
        {"name": "pcc", "value": 0.999, "better": "higher"},
        {"name": "e2e_ms", "value": 2.0, "unit": "ms", "better": "lower"},
    ]
    assert one["notes"] == {
        "verdict 1": " 1 nightly 0",
        "inspect 1": "looking 1 nightly 0",
        "id": f"{one['vector_id']} add {one['vector_id'][:12]}",
    }
    assert values(two) == {"each": 1, "executions": 1, "from_returned": 1.5, "one": 2 / 3, "pcc": 0.5}
    assert two["message"] == "PCC 0.5"
    assert (seven["status"], values(seven)["from_returned"]) == ("XFAIL", 0)
    assert seven["message"].startswith("known")
    assert (three["status"], three["skip_reason"]) == ("NOT_RUN", "not here")


def test_records_are_the_same_wherever_vectors_run(tree: SweepTree) -> None:
    """Values, samples, units and notes cross the child's border and xdist's unchanged, digit for digit."""
    tree.write("add", SWEEP)
    tree.pytester.makeconftest(METER)
    times = re.compile(r"(first_)?run_")

    found = {}
    for mode, arguments in MODES.items():
        (tree.run_apart if "workers" in mode else tree.run)(EMULATED, "--sweep-repeat=2", *arguments)
        found[mode] = records(tree)
        for record in found[mode].values():
            # What differs from run to run is the time alone.
            record["metrics"] = [metric for metric in record.get("metrics", ()) if not times.match(metric["name"])]
            record.get("notes", {}).pop("clock", None)

    expected = found["in process"]
    assert len(expected[1]["metrics"]) == 8
    for mode, records_there in found.items():
        for name in ("metrics", "notes", "status", "message"):
            assert {a: record.get(name) for a, record in records_there.items()} == {
                a: record.get(name) for a, record in expected.items()
            }, mode


def test_the_documented_example_works(tree: SweepTree) -> None:
    """The conftest of ``docs/measuring.md`` gives each vector its metric, and the others their note."""
    found = re.search(r"<!-- the example that tests run -->\n```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    tree.write("grow", "parameters = {'s': {'n': [1, 2]}, 'none': {}}\ndef run(n=0, *, device):\n    return True\n")
    tree.pytester.makeconftest(found[1])

    tree.run(EMULATED).assert_outcomes(passed=3)

    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    for line in map(json.loads, journal.read_text().splitlines()):
        (metric,) = line["metrics"]
        assert (metric["name"], metric["unit"], metric["better"]) == ("host_peak_growth_kib", "KiB", "lower")
        assert metric["value"] >= 0
        assert ("notes" in line) == (line["suite"] == "none")


def test_several_meters_merge(tree: SweepTree) -> None:
    """A plugin and conftests measure side by side; a directory's conftest measures what lies below it alone."""
    meter = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_sweep_measure(call):
    yield
    call.add("{name}", 1)
    call.add("shared", 2.5)
"""
    for name in ("near.add", "far.add"):
        tree.write(name, f"parameters = {{'s': {{'name': ['{name}']}}}}\ndef run(name, *, device):\n    return True\n")
    tree.pytester.makepyfile(other_plugin=meter.format(name="plugin"))
    tree.pytester.makeconftest(meter.format(name="root"))
    (tree.pytester.path / "sweeps" / "near" / "conftest.py").write_text(meter.format(name="near"))

    tree.pytester.syspathinsert()
    tree.run(EMULATED, "-p", "other_plugin").assert_outcomes(passed=2)

    found = records(tree)
    assert values(found["near.add"]) == {"plugin": 1, "root": 1, "near": 1, "shared": 2.5}
    assert values(found["far.add"]) == {"plugin": 1, "root": 1, "shared": 2.5}


WRAPPER = "@pytest.hookimpl(hookwrapper=True)\ndef pytest_sweep_measure(item, call):\n"
FAULTS = {
    "raises before": (WRAPPER + "    raise ValueError('broken')\n    yield\n", "raised ValueError: broken"),
    "raises after": (WRAPPER + "    yield\n    raise ValueError('broken')\n", "raised ValueError: broken"),
    "doesn't yield": (WRAPPER + "    if 0: yield\n", "RuntimeError: "),
    "yields twice": (WRAPPER + "    yield\n    yield\n", "RuntimeError: "),
    "gives no number": (
        WRAPPER + "    yield\n    call.add('m', 'much')\n",
        "the metric 'm' is given 'much': no number",
    ),
    "gives two": (
        WRAPPER + "    yield\n    call.add('m', 1)\n    call.add('m', 2)\n",
        "'m' is given twice: 1.0, then 2.0",
    ),
    "fails to sum up": ("def pytest_sweep_measured():\n    1 / 0\n", "raised ZeroDivisionError: division by zero"),
    "is no wrapper": (
        "@pytest.hookimpl(tryfirst=True)\ndef pytest_sweep_measure():\n    return 1\n",
        "pytest_sweep_measure gave a result before the verdict execution 1; make it a wrapper",
    ),
}


@pytest.mark.parametrize("mode", ["in process", "child"])
def test_a_meter_that_fails_is_told_by_name(tree: SweepTree, mode: str) -> None:
    """The vector that passed fails with the plugin, the error and its place; one that failed keeps its own failure."""
    sweep = SWEEP.replace('pytest.skip("not here")', "1 / 0")
    conftests = {}
    for fault, (text, _) in FAULTS.items():
        name = re.sub(r"\W", "_", fault)
        tree.write(f"{name}.add", sweep)
        conftests[fault] = tree.pytester.path / "sweeps" / name / "conftest.py"
        conftests[fault].write_text(f"import pytest\n{text}")

    result = tree.run(EMULATED, "-W", "ignore", "--sweep-suite=nightly", *MODES[mode])

    result.assert_outcomes(failed=3 * len(FAULTS))
    found = records(tree, key=lambda line: (line["module"], line["parameters"]["a"]))
    for fault, (_, complaint) in FAULTS.items():
        one, two, three = (found[f"{conftests[fault].parent.name}.add", a] for a in (1, 2, 3))
        assert one["status"] == "FAIL_ASSERT_EXCEPTION"
        assert one["exception_type"].endswith("MeasuringError")
        assert complaint in one["message"]
        if fault != "is no wrapper":
            assert str(conftests[fault]) in one["message"]
            assert f'File "{conftests[fault]}"' in result.stdout.str() or "yield" in fault
        if "before" not in fault and fault not in ("doesn't yield", "is no wrapper"):
            assert {"pcc": 0.999, "e2e_ms": 2.0}.items() <= values(one).items()
            assert two["message"] == "PCC 0.5"
            assert three["exception_type"] == "ZeroDivisionError"
            assert complaint in two["notes"]["measuring_error"]
            assert complaint in three["notes"]["measuring_error"]


@pytest.mark.parametrize(
    "change",
    [
        "outcome = yield\n    outcome.force_result([(False, 'changed'), 0])",
        "outcome = yield\n    outcome._exception = None\n    outcome.force_result(None)",
        "yield\n    call.returned = call.error = None",
    ],
)
def test_a_meter_cant_change_a_verdict(tree: SweepTree, change: str) -> None:
    """What `run` returned or raised counts, whatever a hook makes of it."""
    tree.write("add", SWEEP)
    tree.pytester.makeconftest(f"import pytest\n{WRAPPER}    {change}\n")

    tree.run(EMULATED).assert_outcomes(passed=1, failed=1, skipped=1, xfailed=1)


def test_an_inspection_has_no_verdict(tree: SweepTree) -> None:
    """It fails, raises, skips or returns nonsense, and its vector passes; what hooks saw of it is in the record."""
    tree.write(
        "inspected",
        """
        import pytest
        TIMES = {}
        parameters = {"s": {"how": ["fail", "raise", "skip", "nonsense"]}}
        def run(how, *, device):
            TIMES[how] = TIMES.get(how, 0) + 1
            if TIMES[how] == 1: return True, "1.0"
            if how == "raise": raise RuntimeError("nothing dispatched")
            if how == "skip": pytest.skip("nothing there")
            return (False, "0.1") if how == "fail" else object()
        """,
    )
    tree.pytester.makeconftest(
        f"import pytest\n{WRAPPER}    call.request_inspection('a')\n    yield\n"
        "    if call.kind == 'inspect':\n        call.note('saw', type(call.error).__name__)\n"
    )

    tree.run(EMULATED).assert_outcomes(passed=4)

    found = {how: record["notes"]["saw"] for how, record in records(tree).items()}
    assert found == {"fail": "NoneType", "raise": "RuntimeError", "skip": "Skipped", "nonsense": "NoneType"}


def test_run_is_called_directly_where_nobody_measures(tree: SweepTree) -> None:
    """Between the item and `run` there is one frame of the package, and pluggy isn't asked."""
    tree.write(
        "stack",
        """
        import sys
        parameters = {"s": {"n": [1]}}
        def run(n, *, device):
            frame, files = sys._getframe(1), []
            while frame and frame.f_code.co_name != "run_vector":
                files.append(frame.f_code.co_filename.replace("\\\\", "/").rpartition("/")[2])
                frame = frame.f_back
            assert frame is not None
            return "pluggy" not in str(files) and "measuring.py" not in files, str(files)
        """,
    )

    tree.run(EMULATED, "--sweep-isolation=none").assert_outcomes(passed=1)

    tree.pytester.makeconftest(METER.replace("vector.values['a']", "0").replace('vector.values["a"]', "0"))
    tree.run(EMULATED, "--sweep-isolation=none").assert_outcomes(failed=1)


def test_a_failure_shows_the_vectors_code(tree: SweepTree) -> None:
    """With meters around it the traceback begins in `run`, as without."""
    tree.write("add", SWEEP)
    tree.pytester.makeconftest(METER)

    result = tree.run(EMULATED, "--runxfail", "--sweep-suite=xfail_known")

    text = result.stdout.str()
    assert "assert a != 7" in text
    assert "_callers.py" not in text
    assert "conftest.py" not in text
