"""What ``benchmarks/corpus.py`` makes of JUnit reports: outcomes, reasons, and verdicts of two runs side by side."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("tomllib", reason="the benchmarks need Python 3.11")
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import corpus
from corpus_comparison import agreement_of
from corpus_reasons import Explanation, reason_of, signal_of
from corpus_reports import SWEEPS, Vector, read

MODULES = ("add", "eltwise.unary.relu", "eltwise.unary.relu.relu_forge", "matmul.topk")
FATAL = "TT_FATAL @ /project/{file}.cpp:7: false\ninfo:\n{words}\nbacktrace:\n --- somewhere"
CRASH = "crashed: killed by SIGSEGV (Segmentation fault)\n\nFatal Python error: Segmentation fault"
NO_VALUE = "no golden value: ttnn.empty sets none"


def case(
    name: str, outcome: str = "passed", message: str = "", *, status: str = "", text: str = ""
) -> ElementTree.Element:
    """A test case as pytest writes it: ``name`` is MODULE::SUITE::ID."""
    module, suite, vector_id = name.split("::")
    prefix = ".".join(SWEEPS.parts)
    element = ElementTree.Element("testcase", classname=f"{prefix}.{module}.{suite}", name=vector_id)
    properties = ElementTree.SubElement(element, "properties")
    for key, value in (("vector_id", vector_id), ("status", status)):
        ElementTree.SubElement(properties, "property", name=key, value=value)
    tag = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(outcome)
    if tag is not None:
        ElementTree.SubElement(element, tag, message=message).text = text
    return element


def refused(name: str, words: str) -> ElementTree.Element:
    """A test case that ttnn refused; pytest's message has its words alone, the text all."""
    return case(name, "failed", words, text=FATAL.format(file="add", words=words))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with `MODULES`, all empty: they are read from reports."""
    for name in MODULES:
        path = tmp_path / SWEEPS / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def write(path: Path, *cases: ElementTree.Element) -> Path:
    """A report of ``cases``."""
    root = ElementTree.Element("testsuites")
    ElementTree.SubElement(root, "testsuite").extend(cases)
    ElementTree.ElementTree(root).write(path)
    return path


def vectors(checkout: Path, *cases: ElementTree.Element) -> list[Vector]:
    """What is read of a report of ``cases``, by module."""
    modules = read([write(checkout / "report.xml", *cases)], checkout)
    return [vector for module in modules.values() for vector in module.vectors]


def test_a_suites_name_tells_which_failures_are_expected(checkout: Path) -> None:
    cases = (
        case("add::nightly::a1"),
        case("add::nightly::a2", "failed", "0.5"),
        case("add::xfail::a3"),
        case("add::xfail::a4", "failed", "0.5"),
        case("add::xfail::a5", "failed", CRASH, status="FAIL_CRASH_HANG"),
        case("add::xfail::a6", "error", "failed on setup"),
        case("add::xfail::a7", "skipped", NO_VALUE),
    )
    outcomes = [vector.outcome for vector in vectors(checkout, *cases)]
    assert outcomes == ["passed", "failed", "xpassed", "xfailed", "failed", "error", "skipped"]


def test_the_longest_name_is_the_modules(checkout: Path) -> None:
    found = vectors(checkout, case("eltwise.unary.relu::relu::a1"), case("eltwise.unary.relu.relu_forge::x::a2"))
    assert {(vector.module, vector.suite) for vector in found} == {
        ("eltwise.unary.relu", "relu"),
        ("eltwise.unary.relu.relu_forge", "x"),
    }


def test_a_case_of_no_module_is_an_error(checkout: Path) -> None:
    with pytest.raises(LookupError, match=r"no module of the checkout has the test case sub\.nightly\.a1"):
        vectors(checkout, case("sub::nightly::a1"))


def test_what_could_not_be_collected_belongs_to_its_module(checkout: Path) -> None:
    element = ElementTree.Element("testcase", classname="", name=f"{'.'.join(SWEEPS.parts)}.matmul.topk")
    ElementTree.SubElement(element, "error", message="collection failure").text = "topk.py can't be imported"
    (vector,) = vectors(checkout, element)
    assert (vector.module, vector.vector_id, vector.words) == ("matmul.topk", "", "topk.py can't be imported")


def test_words_are_ttnns_where_they_are(checkout: Path) -> None:
    told = "Mismatch: width=64 height=96"
    returned = case("add::nightly::a1", "failed", FATAL.format(file="matmul", words=told))
    assert [vector.words for vector in vectors(checkout, returned, refused("add::nightly::a2", told))] == [told, told]


def test_arguments_that_an_operation_does_not_take_are_told_with_it(checkout: Path) -> None:
    text = (
        "E   TypeError: __call__(): incompatible function arguments. The following argument types are supported:\n"
        "E       1. __call__(self, input: ttnn._ttnn.tensor.Tensor) -> ttnn._ttnn.tensor.Tensor\nE   \n"
        "E   Invoked with types: "
        "ttnn._ttnn.operations.unary.tanh_t, ttnn._ttnn.tensor.Tensor, kwargs = { accuracy: bool }\n"
    )
    (vector,) = vectors(checkout, case("add::nightly::a1", "failed", "TypeError: __call__(): incompatible", text=text))
    assert vector.words == "TypeError: tanh(Tensor, kwargs = { accuracy: bool }): incompatible function arguments"


def test_numbers_alone_are_a_pcc(checkout: Path) -> None:
    (vector,) = vectors(checkout, case("add::nightly::a1", "failed", "0.9639047742827269"))
    assert vector.folded == "a PCC below the module's bound"


def test_the_wheels_own_word_is_a_reason_and_the_emulations_is_none(checkout: Path) -> None:
    (vector,) = vectors(checkout, refused("add::nightly::a1", "Number of shards 4 must not exceed 2"))
    assert reason_of(vector, [], "emulated") is None
    reason = reason_of(vector, [], "mock")
    assert reason is not None
    assert (reason.kind, reason.text) == ("refused", "Number of shards # must not exceed #")


def test_entries_hold_for_their_devices_and_before_the_wheels_word(checkout: Path) -> None:
    (vector,) = vectors(checkout, refused("add::nightly::a1", "no such thing"))
    entries = [
        Explanation("refused", ("*",), "such", "by the emulation", devices=("emulated",)),
        Explanation("upstream", ("a*",), "such", "the module's own"),
    ]
    kinds = {device: reason_of(vector, entries, device) for device in ("emulated", "mock")}
    assert {device: reason and reason.text for device, reason in kinds.items()} == {
        "emulated": "by the emulation",
        "mock": "the module's own",
    }


def test_a_missing_golden_value_is_no_failure_to_explain(checkout: Path) -> None:
    (vector,) = vectors(checkout, case("add::nightly::a1", "skipped", NO_VALUE))
    reason = reason_of(vector, [Explanation("upstream", ("*",), "", "anything")], "mock")
    assert reason is not None
    assert (reason.kind, reason.text) == ("no golden", "ttnn.empty sets none")


def test_other_skips_need_an_entry(checkout: Path) -> None:
    (vector,) = vectors(checkout, case("add::nightly::a1", "skipped", "too large"))
    assert reason_of(vector, [], "mock") is None


def test_a_crash_needs_an_entry_whatever_was_written_before(checkout: Path) -> None:
    text = FATAL.format(file="relu", words="on its way")
    (vector,) = vectors(checkout, case("add::nightly::a1", "failed", CRASH, status="FAIL_CRASH_HANG", text=text))
    assert reason_of(vector, [], "mock") is None
    assert signal_of(vector) == "SIGSEGV"


@pytest.mark.parametrize(
    ("wheel", "emulated", "agreement"),
    [
        (case("add::nightly::a1"), case("add::nightly::a1"), "both pass"),
        (case("add::nightly::a1"), refused("add::nightly::a1", "no"), "differ"),
        (
            refused("add::nightly::a1", "4 of 2"),
            refused("add::nightly::a1", "4 of 2"),
            "both refuse it, in the same words",
        ),
        (refused("add::nightly::a1", "4 of 2"), refused("add::nightly::a1", "5 of 2"), "differ"),
        (refused("add::nightly::a1", "4 of 2"), case("add::nightly::a1", "failed", "0.5"), "differ"),
        (
            case("add::nightly::a1", "failed", "0.5"),
            case("add::nightly::a1", "failed", "0.6"),
            "both fail in the same way",
        ),
        (case("add::nightly::a1", "failed", "KeyError: 'a'"), case("add::nightly::a1", "failed", "0.6"), "differ"),
        (case("add::xfail::a1"), case("add::xfail::a1", "failed", "0.6"), "differ"),
    ],
)
def test_verdicts_agree_where_their_words_do(
    checkout: Path, wheel: ElementTree.Element, emulated: ElementTree.Element, agreement: str
) -> None:
    (one,), (other,) = vectors(checkout, wheel), vectors(checkout, emulated)
    assert agreement_of(one, other) == agreement


def test_a_vector_of_one_run_only_is_told(checkout: Path) -> None:
    (vector,) = vectors(checkout, case("add::nightly::a1"))
    assert agreement_of(vector, None) == "in one run only"


ENTRIES = """
[[explanation]]
kind = "drift"
devices = ["mock"]
modules = ["matmul.*"]
message = "can't be imported"
reason = "an enum's number"

[[explanation]]
kind = "crashed"
modules = ["eltwise.*"]
message = "SIGSEGV"
reason = "a tensor of the host"

[[explanation]]
kind = "refused"
devices = ["emulated"]
modules = ["*"]
message = "TT_FATAL"
reason = "of a tensor of the host"

[[difference]]
kind = "not-emulated"
modules = ["add"]
emulated = "^passes$"
wheel = "Out of Memory"
reason = "buffers of its own"
"""


def explained(checkout: Path, capsys: pytest.CaptureFixture[str], *extra: ElementTree.Element) -> tuple[int, str, str]:
    """Exit code, page and complaints of the tool about two runs that `ENTRIES` explain, and ``extra`` on the wheel."""
    uncollected = ElementTree.Element("testcase", classname="", name=f"{'.'.join(SWEEPS.parts)}.matmul.topk")
    ElementTree.SubElement(uncollected, "error", message="collection failure").text = "topk.py can't be imported"
    wheel = (
        case("add::nightly::a1"),
        refused("add::nightly::a2", "Out of Memory: 12 B"),
        case("add::nightly::a3", "skipped", NO_VALUE),
        refused("eltwise.unary.relu::nightly::b1", "DataType::UINT32 isn't supported"),
        case("eltwise.unary.relu::nightly::b2", "failed", CRASH, status="FAIL_CRASH_HANG"),
        uncollected,
        *extra,
    )
    emulated = (
        *(case(f"add::nightly::a{number}") for number in (1, 2, 3)),
        refused("eltwise.unary.relu::nightly::b1", "DataType::UINT32 isn't supported"),
        refused("eltwise.unary.relu::nightly::b2", "a tensor of the host"),
        case("matmul.topk::nightly::c1"),
    )
    entries = checkout / "entries.toml"
    entries.write_text(ENTRIES)
    code = corpus.main(
        [
            *(str(checkout), "--device=mock", f"--explanations={entries}"),
            *(
                f"--report={write(checkout / 'wheel.xml', *wheel)}",
                f"--beside={write(checkout / 'emulated.xml', *emulated)}",
            ),
        ]
    )
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_wheels_page_tells_everything_apart(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, page, complaints = explained(checkout, capsys)
    assert (code, complaints) == (0, "")
    counts = (
        "1 passed, 0 xpassed, 0 xfailed, 1 no golden, 2 refused, 1 drift, 0 differs, 0 upstream, 1 crashed, 0 other"
    )
    assert f"- Vectors: 6: {counts}." in page
    assert "| eltwise.unary | 2 | 0 | 0 | 0 | 0 | 1 | 0 | 0 | 0 | 1 | 0 |" in page
    assert "| both refuse it, in the same words | 1 |" in page
    assert "| DataType::… isn't supported | 1 | 0 | eltwise.unary.relu |" in page
    assert "| `ttnn.empty`: ttnn.empty sets none | 1 | 0 | add |" in page
    assert "| SIGSEGV | eltwise.unary.relu | 1 | a tensor of the host |" in page
    assert "| not-emulated: buffers of its own | Out of Memory: # B | passes | 1 | add |" in page
    assert "| an enum's number | drift | isn't among the vectors | 1 | matmul.topk |" in page
    assert "| an enum's number | drift | passes | 1 | matmul.topk |" in page
    assert "**unexplained**" not in page


def test_a_vector_without_a_reason_is_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, page, complaints = explained(checkout, capsys, case("add::nightly::a4", "failed", "0.25"))
    assert code == 1
    assert "unexplained: add: failed: '0.25'" in complaints
    assert 'unexplained difference: add: "a PCC below the module\'s bound" on the wheel' in complaints
    assert "**unexplained**" in page


def test_a_difference_without_a_reason_is_named(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, complaints = explained(checkout, capsys, refused("add::nightly::a4", "only here"))
    assert code == 1
    assert complaints.splitlines() == [
        "unexplained difference: add: 'only here' on the wheel, \"isn't among the vectors\" under the emulation"
    ]


def test_the_emulations_page_asks_for_reasons_of_its_refusals(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = write(checkout / "report.xml", case("add::nightly::a1"), refused("matmul.topk::nightly::a2", "no"))
    entries = checkout / "entries.toml"
    entries.write_text(ENTRIES)
    arguments = [str(checkout), f"--report={report}", "--explanations"]
    assert corpus.main([*arguments, str(entries)]) == 0
    assert "| matmul.topk | 1 | 1 | refused: of a tensor of the host |" in capsys.readouterr().out
    entries.write_text("")
    assert corpus.main([*arguments, str(entries)]) == 1
    assert "unexplained: matmul.topk: failed:" in capsys.readouterr().err
