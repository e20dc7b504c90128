"""What was measured, in the report: the numbers that the page gets, and what a real browser makes of them."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import ReportPage, browser
from hypothesis import given
from hypothesis import strategies as st
from records import body, write_run

from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.metrics import known_metric
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.records import MetricRecord
from pytest_ttnn_sweeps.results.report import write_report
from pytest_ttnn_sweeps.results.report.columns import MetricColumns, NoteLists
from pytest_ttnn_sweeps.results.runs import RunDirectory

Opener = Callable[..., ReportPage]
TEXTS = "all => all.map(one => one.textContent)"


def vector(number: int, *, status: Status = Status.PASS, notes: dict[str, str] | None = None, **metrics: float) -> Any:
    found = []
    for name, value in metrics.items():
        known = known_metric(name, value)
        found.append(Metric(name, value, known.unit, known.better))
    outcome = Outcome(status is Status.PASS, "", tuple(found), notes=notes or {})
    return body(number, module=f"op{number % 3}", status=status, outcome=outcome)


def timed(number: int, **changed: float) -> dict[str, float]:
    """A time of ``number + 1`` milliseconds, and how it spread."""
    time = float(number + 1)
    spread = {"e2e_mad_ms": time / (number + 10), "e2e_low_ms": time * 0.9, "e2e_high_ms": time * 1.2}
    return {"e2e_ms": time, "run_ms": time * 2, **spread, "e2e_bistable": float(number == 5), **changed}


def placed(number: int, bound: str = "dram") -> dict[str, Any]:
    """A point of the roofline: 4 flop a byte, and ``number + 1`` hundredths of the ideal."""
    return {
        "ideal_ns": 1e6,
        "byte_count": 288e6,
        "flop_count": 4 * 288e6,
        "roofline_ratio": (number + 1) / 100,
        "peak_tflops": 262.144,
        "peak_dram_gb_s": 288.0,
        "notes": {"roofline_bound": bound},
    }


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Opener]:
    pages: list[ReportPage] = []

    def open_report(bodies: Any, provider: str = "ttnn", **settings: Any) -> ReportPage:
        path = tmp_path / "report.html"
        write_report(open_run(write_run(tmp_path / "runs", bodies, provider=provider)), path)
        pages.append(ReportPage(chromium, path, **settings))
        return pages[-1]

    yield open_report
    for page in pages:
        page.close()


def data_of(run: RunDirectory, tmp_path: Path) -> dict[str, Any]:
    write_report(open_run(run), tmp_path / "report.html")
    packed = (tmp_path / "report.html").read_text().partition('id="data">')[2].partition("<")[0]
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return data


@given(st.lists(st.none() | st.floats(), max_size=30))
def test_columns_hold_every_number(values: list[float | None]) -> None:
    """At its vector, to four digits; whole numbers as they are."""
    columns = MetricColumns()
    for row, value in enumerate(values):
        assert value is None or columns.add(row, MetricRecord(name="x", value=value))

    found: list[Any] = [None] * len(values)
    for _, _, numbers, steps in json.loads(json.dumps(columns.as_json(), allow_nan=False)):
        row = 0
        for at, number in enumerate(numbers):
            row = row + steps[at] if steps else at
            found[row] = float(number)
    for value, number in zip(values, found):
        if value is None:
            assert number is None
        elif math.isfinite(value):
            assert number == (value if value == int(value) and abs(value) < 1e15 else pytest.approx(value, rel=1e-3))
        else:
            assert str(number) == str(value)


def test_names_without_end_stay_texts() -> None:
    """The eighty-first name, and a name that is there twice, are for the list beside the vector."""
    columns = MetricColumns()

    taken = [columns.add(0, MetricRecord(name=f"m{number}", value=1.0)) for number in range(81)]

    assert taken == [True] * 80 + [False]
    assert not columns.add(0, MetricRecord(name="m1", value=2.0))
    assert columns.add(1, MetricRecord(name="m1", value=2.0))


def test_notes_are_there_once(tmp_path: Path) -> None:
    """Equal lists are one, long texts are cut, and after 5000 texts others aren't told."""
    run = write_run(tmp_path / "runs", [vector(number, notes={"a": "x", "b": "y" * 900}) for number in range(3)])

    data = data_of(run, tmp_path)

    assert data["columns"]["notes"] == [1, 1, 1]
    first, second = (data["texts"][text] for text in data["notes"][1])
    assert first == "a: x"
    assert second.startswith("b: yyy")
    assert len(second) < 400
    texts: list[str] = []
    lists = NoteLists(lambda text: texts.append(text) or len(texts))  # type: ignore[func-returns-value]
    for number in range(5002):
        lists.add({"n": str(number)})
    assert texts[-2:] == ["(more notes: ttnn-sweeps results show)"] * 2


def test_times_by_operation_and_the_least_steady(opened: Opener) -> None:
    """What failed untimed has no time; two modes come first; an operation is chosen by its name."""
    report = opened(
        [
            *(vector(number, **timed(number)) for number in range(9)),
            vector(9, status=Status.FAIL_ASSERT_EXCEPTION, e2e_ms=900.0),
        ]
    )
    page = report.page

    by_operation, spread = (
        page.eval_on_selector_all(
            f"#time div:nth-of-type({at}) tbody tr", f"rows => rows.map(row => ({TEXTS})([...row.cells]))"
        )
        for at in (1, 2)
    )
    assert [row[:5] for row in by_operation] == [
        ["op2", "3", "3.00 ms", "6.00 ms", "9.00 ms"],
        ["op1", "3", "2.00 ms", "5.00 ms", "8.00 ms"],
        ["op0", "3", "1.00 ms", "4.00 ms", "7.00 ms"],
    ]
    assert spread[0][1:5] == ["6.00 ms", "5.40 ms to 7.20 ms", "6.67 %", "two"]
    assert [row[1] for row in spread[1:4]] == ["1.00 ms", "2.00 ms", "3.00 ms"]
    assert page.is_hidden("#memory-section")
    assert page.is_hidden("#roofline-section")
    page.click("#time tbody button:has-text('op1')")
    report.wait_for(3)
    assert page.evaluate("document.activeElement.dataset.focus") == "module op1"
    assert report.complaints == []


def test_peaks_of_memory_against_what_a_core_has(opened: Opener) -> None:
    """Bars are shares of the capacity; where programs aren't known, that is told."""
    share = {"l1_share": 0.5, "peak_l1_bytes_per_core": 731984.0, "peak_dram_bytes": 2048.0}
    report = opened([vector(0, **share), vector(1, peak_l1_buffer_bytes_per_core=1024.0)])
    page = report.page

    assert page.inner_text("#memory p") == (
        "The bars end at the 1.40 MiB that a core has. Of 1 vector tensors alone are counted."
    )
    widths = page.eval_on_selector_all("#memory .box", "all => all.map(one => Number(one.getAttribute('width')))")
    assert widths == [500, 2, 500, 2]
    cells = page.eval_on_selector("#memory tbody >> nth=1", f"body => ({TEXTS})([...body.rows[0].cells])")
    assert cells[1:5] == ["715 KiB", "50.0 %", "", "2 KiB"]
    page.fill("#search", "nothing has this")
    report.wait_for(0)
    assert page.inner_text("#memory") == "Of none of the chosen vectors."
    assert report.complaints == []


def test_the_roofline_is_drawn_where_it_is(opened: Opener) -> None:
    """Points lie below the board's lines, by their ratio; a click chooses the vector."""
    vectors = [vector(number, **placed(number)) for number in range(0, 100, 9)]
    still = placed(0)
    still["flop_count"] = 0.0
    report = opened([*vectors, vector(200, **still), vector(201, **placed(0, bound="launch"))])
    page = report.page

    assert page.inner_text("#roofline-words").startswith("13 vectors:")
    assert "Not in the chart: 1 vector without arithmetic" in page.inner_text("#roofline")
    assert page.eval_on_selector_all("#roofline .roof-label", TEXTS) == [
        *("DRAM 288 GB/s", "LoFi 262 Tflop/s", "HiFi2 131 Tflop/s", "HiFi4 65.5 Tflop/s")
    ]
    heights = page.eval_on_selector_all(
        "#roofline .chart .b-dram", "all => all.map(one => Number(one.getAttribute('d').split(/[M ma]/)[2]))"
    )
    assert heights == sorted(heights, reverse=True)
    # The last has its ideal time: it lies on DRAM's line.
    x1, y1, x2, y2 = page.eval_on_selector(
        "#roofline .roof", "line => ['x1', 'y1', 'x2', 'y2'].map(name => Number(line.getAttribute(name)))"
    )
    x = float(page.get_attribute("#roofline .chart .b-dram >> nth=-1", "d")[1:].split()[0])
    assert heights[-1] == pytest.approx(y1 + (y2 - y1) * (x - x1) / (x2 - x1), abs=0.2)
    rows = page.eval_on_selector_all("#roofline tbody >> nth=0 >> tr", TEXTS)
    assert "1.00 %" in rows[0]
    page.evaluate(
        "document.querySelector('#roofline .b-dram[data-row]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    report.wait_for(1)
    assert page.get_attribute("#roofline .chart", "aria-labelledby") == "roofline-words"
    assert report.complaints == []


def test_without_silicon_there_are_ideal_times_alone(opened: Opener) -> None:
    """No chart, and why."""
    reason = "no ratio: times of an emulated device say nothing of silicon"
    notes = {"roofline_bound": "dram", "roofline_missing": reason}
    report = opened([vector(n, e2e_ms=1.0, ideal_ns=1000.0 * (n + 1), notes=notes) for n in range(3)], "emulated")

    text = report.page.inner_text("#roofline")
    assert text.startswith("Ideal times only. An emulation ran this")
    assert f"3 vectors: {reason}" in text
    assert "3.00 µs" in text
    assert report.page.query_selector("#roofline .chart") is None
    assert "An emulation ran this" in report.page.inner_text("#time")
    assert report.complaints == []


@pytest.mark.parametrize("count", [1, 8000])
def test_one_point_and_many(opened: Opener, count: int) -> None:
    """Few elements whatever the number; nothing is wider than a phone; notes and metrics are beside the vector."""
    bodies = (
        vector(
            number,
            **{
                **timed(number % 1000),
                **placed(number % 100),
                "byte_count": 10.0 ** (4 + number % 41 / 10),
                "flop_count": 10.0 ** (5 + number % 53 / 10),
                "peak_l1_bytes_per_core": float(number),
                "l1_share": number / 1e6,
            },
        )
        for number in range(count)
    )
    report = opened(bodies, viewport={"width": 360, "height": 740}, color_scheme="dark")

    page = report.page
    assert page.evaluate("document.querySelectorAll('*').length") < 5000
    assert (page.query_selector("#roofline .dense") is not None) == (count > 1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    nameless = "all => all.filter(one => !(one.textContent.trim() || one.getAttribute('aria-label'))).length"
    assert page.eval_on_selector_all("button, th, [role=img]", nameless) == 0
    assert "NaN" not in page.evaluate("document.getElementById('roofline').innerHTML")
    page.click("#vectors tbody button")
    detail = page.inner_text("#vectors .detail")
    assert "roofline_ratio 0.01" in detail
    assert "roofline_bound: dram" in detail
    assert report.complaints == []
