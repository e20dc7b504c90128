"""The message with bytes and floating point operations: upstream's words, and what the results read of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.results.metrics import metrics_in
from pytest_ttnn_sweeps.results.outcome import normalise
from pytest_ttnn_sweeps.testing import (
    Check,
    get_byte_count,
    get_roofline_message,
    get_rooofline_message,
    get_run_return,
    get_updated_message,
    update_check_result,
)

torch = pytest.importorskip("torch")

SIZES = {"FLOAT32": 4, "BFLOAT16": 2, "BFLOAT8_B": 1.0625}


def tensor(dtype: str, *shape: int) -> Any:
    return SimpleNamespace(dtype=SimpleNamespace(name=dtype), shape=shape)


def test_texts_are_those_that_dashboards_read() -> None:
    """Upstream's helper writes these words for these tensors."""
    assert get_roofline_message([tensor("BFLOAT16", 1, 1, 32, 64), tensor("BFLOAT16", 64)]) == (
        "ROOFLINE 16.5 BYTECOUNT 4224"
    )
    assert get_roofline_message([tensor("BFLOAT8_B", 32, 32)], throughput=512) == "ROOFLINE 2.125 BYTECOUNT 1088.0"
    assert get_rooofline_message is get_roofline_message


def test_a_passed_check_tells_everything_that_the_results_read() -> None:
    """The PCC, bytes and operations of the message become metrics, beside those that the check measured."""
    expected = torch.arange(64, dtype=torch.float32).reshape(8, 8)
    returned = get_run_return(expected, expected + 1e-4, 0.99, [tensor("FLOAT32", 8, 8)], 1500, [2, 8, 8, 8])

    outcome = normalise(returned)
    found = {metric.name: metric.value for metric in outcome.metrics}
    assert outcome.ok
    assert outcome.e2e_ms == 0.0015
    assert (found["roofline_ns"], found["byte_count"], found["flop_count"]) == (1.0, 256.0, 1024.0)
    assert found["max_abs_error"] == pytest.approx(1e-4, rel=0.1)
    assert outcome.message.startswith("PCC ")
    assert outcome.message.endswith(" ROOFLINE 1.0 BYTECOUNT 256 FLOP_COUNT 1024")


def test_a_failed_check_is_left_alone() -> None:
    check = Check(False, "PCC 0.5 is below 0.99", {"pcc": 0.5})
    assert update_check_result(check, ["ROOFLINE 1.0 BYTECOUNT 256"]) is check
    assert update_check_result((False, "bad"), []) == (False, "bad")
    assert update_check_result((True, "0.99"), ["ROOFLINE 1.0 BYTECOUNT 256"]) == (
        True,
        "PCC 0.99 ROOFLINE 1.0 BYTECOUNT 256",
    )


def test_device_time_makes_shares_of_it() -> None:
    message = "PCC 0.99 ROOFLINE 61440.0 BYTECOUNT 15728640 FLOP_COUNT 2000000"
    updated = get_updated_message(message, {"DEVICE FW DURATION [ns]": "122880"})
    assert metrics_in(updated)["roofline_ratio"] == 0.5
    assert metrics_in(updated)["tflops"] == pytest.approx(2000 / 122880)
    assert get_updated_message(message, None) == get_updated_message(message, {}) == message


def test_an_unknown_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="the size of a FP8_E4M3 isn't known"):
        get_byte_count(tensor("FP8_E4M3", 32, 32))


@given(
    st.lists(st.tuples(st.sampled_from(sorted(SIZES)), st.lists(st.integers(1, 500), max_size=4)), min_size=1),
    st.floats(-1, 1),
)
def test_what_is_written_is_read(shapes: list[tuple[str, list[int]]], pcc: float) -> None:
    """Whatever the tensors: the numbers come back as they were."""
    tensors = [tensor(dtype, *shape) for dtype, shape in shapes]
    _, message = update_check_result((True, str(pcc)), [get_roofline_message(tensors)])
    count = sum(map(get_byte_count, tensors))
    assert metrics_in(message) == {"pcc": pcc, "roofline_ns": count / 256, "byte_count": count}
