"""The report in a real browser: its numbers are the journal's, its filters work, nothing in it is ever markup."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import ReportPage, browser
from hostile import NUMBERS, TEXTS
from records import body, hostile_bodies, read_journal, write_run

from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.analysis.failures import FailureAnalysis
from pytest_ttnn_sweeps.results.analysis.visible import visible
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.report import write_report
from pytest_ttnn_sweeps.results.runs import RunDirectory
from pytest_ttnn_sweeps.results.stored_text import stored_text

Opener = Callable[..., ReportPage]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Opener]:
    """Writes the report of a run and opens it."""
    pages: list[ReportPage] = []

    def open_report(directory: RunDirectory, **settings: Any) -> ReportPage:
        path = tmp_path / "report #1 %41.html"
        write_report(open_run(directory), path)
        pages.append(ReportPage(chromium, path, **settings))
        return pages[-1]

    yield open_report
    for page in pages:
        page.close()


def enum(kind: str, member: str) -> dict[str, object]:
    return {"enum": [f"ttnn:{kind}", member]}


def vectors() -> Iterator[dict[str, Any]]:
    """400 of two operations and three suites: BFLOAT8_B fails with one error, two other failures are of their own."""
    for number in range(400):
        module = f"eltwise.{'relu' if number % 2 else 'add'}"
        suite = ("nightly", "model_traced", "xfail_shapes")[number % 5 % 3]
        dtype = "BFLOAT8_B" if number % 8 == 0 else "BFLOAT16"
        parameters = {"dtype": enum("DataType", dtype), "shape": [1, number % 7, 32], "mode": "fast"}
        pcc = (Metric("pcc", 0.9 + number / 4001, "", "higher"), Metric("max_ulp", 3.0, "ulp", "lower"))
        outcome, status = Outcome(True, "", pcc, 0.01 * (number + 1)), Status.PASS
        if number % 8 == 0:
            status = Status.FAIL_ASSERT_EXCEPTION
            outcome = Outcome(
                False,
                f"grid {number + 1}x{number} at 0x{number:x}",
                exception_type="RuntimeError",
                traceback="T\n" * number,
            )
        elif number == 3:
            status, outcome = Status.FAIL_CRASH_HANG, Outcome(False, "no answer in 30 s", fault="hang")
        elif number == 5:
            status = Status.FAIL_ASSERT_EXCEPTION
            outcome = Outcome(False, "PCC nan", (Metric("pcc", float("nan"), "", "higher"),), 0.5)
        elif number % 50 == 7:
            status, outcome = Status.NOT_RUN, Outcome(True, "needs a mesh", skip_reason="needs a mesh")
        yield body(number, module=module, suite=suite, status=status, outcome=outcome, parameters=parameters)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    again = [body(2), next(record for at, record in enumerate(vectors()) if at == 2)]
    facts = {"provider": "emulated", "card_type": "n150 (emulated)", "git_sha": "0123456789abcdef"}
    return write_run(tmp_path_factory.mktemp("runs"), [*vectors(), *again[1:]], **facts)


def test_the_numbers_are_the_journals(run: RunDirectory, opened: Opener) -> None:
    """Totals, matrix, groups and distributions; a vector with two attempts is one."""
    last = {record.identity: record for record in read_journal(run)}.values()
    statuses = Counter(record.status for record in last)

    report = opened(run)

    assert report.count == 400 == len(last)
    totals = report.totals
    assert {name: int(totals[name]) for name in statuses} == statuses
    assert totals["worst PCC"] == "NaN"
    failed = sum(count for status, count in statuses.items() if status.startswith("FAIL"))
    assert totals["pass rate"] == f"{100 * statuses['PASS'] / (statuses['PASS'] + failed):.1f} %"
    cells = report.page.eval_on_selector_all(
        "#matrix tbody button", "all => all.map(one => one.getAttribute('aria-label'))"
    )
    expected = Counter((record.module, record.suite, kind(record.status)) for record in last)
    found: Counter[tuple[str, str, str]] = Counter()
    for label in cells:
        place, _, words = label.partition(": ")
        for word in words.split(", "):
            count, _, name = word.partition(" ")
            found[(*place.split(), name)] += int(count)
    assert +found == expected
    groups = FailureAnalysis.of(last).groups()
    shown = report.page.eval_on_selector_all(
        "#failures details", "all => all.map(one => [one.dataset.group, one.querySelector('.count').textContent])"
    )
    assert sorted(shown) == sorted([group.error.group_id, f"{group.count}×"] for group in groups)
    not_run = report.page.inner_text("#not-run summary")
    assert f"{statuses['NOT_RUN']}×" in not_run
    assert "needs a mesh" in not_run
    pcc_bins = report.page.eval_on_selector_all(
        "[data-chart=PCC] tbody tr", "rows => rows.map(row => Number(row.cells[1].textContent))"
    )
    assert sum(pcc_bins) == sum(any(metric.name == "pcc" for metric in record.metrics) for record in last)
    assert report.complaints == []


def kind(status: str) -> str:
    return "passed" if status == "PASS" else "failed" if status.startswith("FAIL") else "other"


def test_filters_narrow_every_view_and_are_in_the_address(run: RunDirectory, opened: Opener) -> None:
    """Search, status, module, suite, matrix cell, value, and error; a link leads to the same view."""
    report = opened(run)
    page = report.page

    page.fill("#search", "BFLOAT8_B grid")
    report.wait_for(50)
    assert report.totals["FAIL_ASSERT_EXCEPTION"] == "50"
    page.click("#reset")
    report.wait_for(400)
    page.check("#statuses input[value=FAIL_CRASH_HANG]")
    report.wait_for(1)
    page.click("#reset")
    page.select_option("#module", "eltwise.relu")
    report.wait_for(200)
    page.select_option("#suite", "xfail_shapes")
    report.wait_for(40)
    page.click("#reset")
    page.click("#matrix tbody button[aria-label^='eltwise.add nightly']")
    report.wait_for(80)
    assert page.input_value("#module") == "eltwise.add"
    page.click("#reset")
    page.click("#values button[aria-label='Only DataType = BFLOAT8_B']")
    report.wait_for(50)
    page.check("#statuses input[value=PASS]")
    report.wait_for(0)
    page.click("#reset")
    page.click("#failures summary")
    page.click("#failures details[open] button:has-text('Show only these')")
    report.wait_for(50)
    fragment = page.evaluate("location.hash")
    report.open(fragment)
    report.wait_for(50)
    page.click("#chosen button")
    report.wait_for(400)
    assert report.complaints == []


def test_words_of_a_search_are_all_looked_for_in_every_field(run: RunDirectory, opened: Opener) -> None:
    """Ids, messages, values, names, modules, statuses, whatever the case."""
    report = opened(run)

    for text, count in (
        (f"{11:032x}", 1),
        ("needs a MESH", 8),
        ("crash_hang", 1),
        ("relu model_traced bfloat16", 80),
        ("runtimeerror", 50),
        ("[1, 6, 32]", 57),
        ("<b>nothing</b>", 0),
    ):
        report.page.fill("#search", text)
        report.wait_for(count)
        report.page.fill("#search", "")
        report.wait_for(400)


def test_a_vector_opens_with_the_command_that_reruns_it(run: RunDirectory, opened: Opener) -> None:
    """By keyboard alone: search, the first vector, its details; the copied text is the command."""
    report = opened(run, permissions=["clipboard-read", "clipboard-write"])
    page = report.page

    page.keyboard.press("/")
    page.keyboard.type("no answer")
    report.wait_for(1)
    assert page.evaluate("document.activeElement.id") == "search"
    page.focus("#vectors tbody button")
    page.keyboard.press("Enter")
    assert page.get_attribute("#vectors tbody button", "aria-expanded") == "true"
    command = page.inner_text("#vectors .detail .command code")
    page.click("#vectors .detail .copy")
    page.wait_for_selector("#vectors .copy:has-text('Copied')")

    assert command == f"pytest sweeps/relu.py::{'nightly'}::{3:012x}"
    assert page.evaluate("navigator.clipboard.readText()") == command
    assert "BFLOAT16" in page.inner_text("#vectors .detail .parameters")
    page.press("#vectors tbody button", "Space")
    assert page.query_selector("#vectors .detail") is None


def test_pages_and_orders_of_the_table(run: RunDirectory, opened: Opener) -> None:
    """Failures first; by PCC the NaN first; 100 a page."""
    page = opened(run).page
    column = "rows => rows.map(row => row.cells[{0}].textContent)"

    def shown(at: int) -> list[str]:
        found: list[str] = page.eval_on_selector_all("#vectors tbody tr", column.format(at))
        return found

    assert [status.startswith("FAIL") for status in shown(0)] == [True] * 52 + [False] * 48
    page.click("#vectors thead button:has-text('PCC')")
    assert shown(3)[0] == "NaN"
    first = [float(text) for text in shown(3)[1:]]
    assert first == sorted(first)
    assert page.get_attribute("#vectors th:has-text('PCC')", "aria-sort") == "ascending"
    for _ in range(3):
        page.click("#vectors .next")
    assert page.is_disabled("#vectors .next")
    assert len(shown(0)) == 100
    assert "301 to 400 of 400" in page.inner_text("#vectors nav")


def test_hostile_texts_are_shown_as_text(tmp_path: Path, opened: Opener) -> None:
    """No script of theirs runs, no text of theirs ends the page's own, and all of them are there."""
    texts = [
        *TEXTS.values(),
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "@@DATA@@",
        "</title><h1>x</h1>",
        "${x}`",
    ]
    facts = dict.fromkeys(("host", "git_branch", "user"), "</script><img src=x onerror=alert(1)>\x1b[0m\ud800")
    run = write_run(tmp_path / "runs", hostile_bodies(texts, NUMBERS), **facts)

    report = opened(run)
    for row in range(len(texts)):
        report.page.click(f"#vectors tr[data-row='{row}'] button")
    for summary in report.page.query_selector_all("#failures summary"):
        summary.evaluate("summary => summary.parentElement.open = true")

    assert report.count == len(texts)
    assert report.complaints == []
    assert report.page.query_selector("img") is None
    assert len(report.page.query_selector_all("h1")) == 1
    content = report.text()
    for text in texts:
        assert visible(stored_text(text))[:500] in content, text
    assert not any(ord(c) < 32 and c not in "\n\t" for c in content)


def test_the_page_suits_a_phone_and_the_dark(run: RunDirectory, opened: Opener) -> None:
    """Nothing is wider than the screen; text and ground change places."""
    light = opened(run).page
    dark = opened(run, viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True).page
    colours = """[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]
        .map(colour => colour.match(/\\d+/g)[0] > 127)"""

    assert dark.evaluate("document.documentElement.scrollWidth") <= 360
    assert light.evaluate(colours) == [False, True]
    assert dark.evaluate(colours) == [True, False]


def test_controls_have_names(run: RunDirectory, opened: Opener) -> None:
    """What a screen reader would have to spell out: every button, field and table header says what it is."""
    page = opened(run).page
    nameless = """all => all.filter(one => !(one.textContent.trim() || one.getAttribute('aria-label')
        || (one.labels && [...one.labels].some(label => label.textContent.trim())))).map(one => one.outerHTML)"""

    assert page.eval_on_selector_all("button, input, select, summary, th", nameless) == []
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_run_without_vectors_has_a_page(tmp_path: Path, opened: Opener) -> None:
    """It was selected so, or was killed at once."""
    report = opened(write_run(tmp_path / "runs", [], sealed=False))

    assert report.count == 0
    assert "not ended, or killed" in report.page.inner_text("#verdict")
    assert report.complaints == []


def test_many_vectors_stay_few_elements(tmp_path: Path, opened: Opener) -> None:
    """20,000 with an error of its own each: a page of each list is made, and the numbers are all there."""
    outcome = "operation {0} has no kernel {1}"
    words = [f"{first}{second}" for first in "abcdefghij" for second in "klmnopqrst"]
    run = write_run(
        tmp_path / "runs",
        (
            body(
                number,
                module=f"m{number % 300}",
                suite=f"s{number % 30}",
                status=Status.FAIL_ASSERT_EXCEPTION,
                outcome=Outcome(
                    False, outcome.format(words[number % 100], words[number // 100 % 100] + words[number // 10000])
                ),
                parameters={"shape": [number, number + 1]},
            )
            for number in range(20_000)
        ),
    )

    report = opened(run)

    assert report.totals["FAIL_ASSERT_EXCEPTION"] == "20000"
    assert report.page.evaluate("document.querySelectorAll('*').length") < 10_000
    assert report.page.is_hidden("#not-run-section")
    report.page.fill("#search", f"{outcome.format('bm', 'cn')}")
    report.page.wait_for_function("() => parseInt(document.getElementById('count').textContent) < 10")
    assert report.complaints == []


def test_one_run_gives_one_page(run: RunDirectory, tmp_path: Path) -> None:
    """Byte for byte; and nothing is left beside it."""
    for name in ("a.html", "b.html"):
        write_report(open_run(run), tmp_path / name)

    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]
    assert "http" not in (tmp_path / "a.html").read_text().partition('id="data"')[0].replace("http-equiv", "")


def test_the_data_is_smaller_than_the_journal(run: RunDirectory, tmp_path: Path) -> None:
    """Texts are there once, and packed."""
    write_report(open_run(run), tmp_path / "a.html")

    page = (tmp_path / "a.html").read_text()
    packed = page.partition('id="data">')[2].partition("<")[0]
    assert len(packed) < run.journal.stat().st_size / 8
    assert json.dumps(packed).strip('"') == packed


def test_a_choice_by_keyboard_keeps_its_place(run: RunDirectory, opened: Opener) -> None:
    """The focus, the open groups and the length of the lists survive what renders them anew."""
    report = opened(run)
    page = report.page
    focused = "(document.activeElement.dataset.focus || document.activeElement.getAttribute('aria-label'))"

    page.focus("#matrix tbody button >> nth=2")
    before = page.evaluate(focused)
    page.keyboard.press("Enter")
    report.page.wait_for_selector("#matrix button[aria-pressed=true]")
    assert page.evaluate(focused) == before
    page.keyboard.press("Enter")
    report.wait_for(400)
    page.focus("#failures summary")
    page.keyboard.press("Enter")
    page.focus("#failures details[open] [data-focus]")
    group = page.evaluate(focused)
    page.keyboard.press("Enter")
    report.wait_for(50)
    assert page.evaluate(focused) == group
    assert page.inner_text("#failures details[open] [data-focus]") == "Show other vectors too"
    page.keyboard.press("Enter")
    report.wait_for(400)
    page.focus("#values tbody button")
    page.keyboard.press("Enter")
    report.wait_for(50)
    assert page.evaluate("document.activeElement !== document.body")
