"""``--sweep-accuracy``: how far what a vector compared was from what it expected, beside the module's own verdict.

Measured in the execution that gives the verdict. Of several comparisons in one run the worst counts, metric by metric.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pluggy

from pytest_ttnn_sweeps.measure.comparisons import Compared, observed
from pytest_ttnn_sweeps.measure.execution import Execution
from pytest_ttnn_sweeps.measure.requirements import ACCURACY_MISSING, OUTPUT_DTYPE, WORST_ULP
from pytest_ttnn_sweeps.results.metrics import known_metric

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.testing.formats import StorageFormat
    from pytest_ttnn_sweeps.testing.measurement import Accuracy

hookimpl = pluggy.HookimplMarker("pytest")

WORST_ELEMENTS = "worst_elements"
NONFINITE = "nonfinite"
COMPARISONS = "comparisons"
"""Names of the notes."""


class AccuracyMeter:
    """Measures the comparisons of the vectors whose item ``is_wanted``."""

    def __init__(self, is_wanted: Callable[[Any], bool] = lambda item: True) -> None:
        self._is_wanted = is_wanted

    # Innermost: what it takes itself is taken off before others read the time.
    @hookimpl(hookwrapper=True, trylast=True)
    def pytest_sweep_measure(self, item: Any, call: Execution) -> Generator[None, Any, None]:
        if call.kind != "verdict" or not self._is_wanted(item):
            yield
            return
        found = Found()
        with suppress(ImportError):
            # The package's own checks have to be there to be seen; without torch nothing is.
            import_module("pytest_ttnn_sweeps.testing")
        with observed(item.definition.module, found.look) as observation:
            yield
        if call.wall_ns is not None and call.cpu_ns is not None:
            call.wall_ns -= observation.wall_ns
            call.cpu_ns -= observation.cpu_ns
        found.report(call)


@dataclass
class Found:
    """What the comparisons of one run have given."""

    checks: list[str] = field(default_factory=list)
    """Names of the checks, in the order of their calls."""
    dtypes: list[str] = field(default_factory=list)
    accuracies: dict[int, Accuracy] = field(default_factory=dict)
    """By the number of the comparison, from 1; without those that couldn't be measured."""
    missing: list[str] = field(default_factory=list)

    def look(self, compared: Compared) -> dict[str, float] | None:
        """Measure a comparison; its metrics, or None where it can't be measured."""
        from pytest_ttnn_sweeps.testing.measurement import measure_accuracy

        self.checks.append(compared.check)
        number = len(self.checks)
        dtype, output_format, unknown = _stored(compared)
        try:
            accuracy = measure_accuracy(
                compared.expected, compared.actual, threshold=compared.pcc, output_format=output_format
            )
        except (ValueError, TypeError) as error:
            self.missing.append(f"comparison {number} ({compared.check}): {error}")
            return None
        if dtype not in self.dtypes:
            self.dtypes.append(dtype)
        if unknown:
            self.missing.append(f"comparison {number} ({compared.check}): {unknown}")
            for name in ("max_ulp", "format_error_share"):
                del accuracy.metrics[name]
        self.accuracies[number] = accuracy
        return accuracy.metrics

    def report(self, call: Execution) -> None:
        """Give ``call`` the worst of each metric, and say of which comparison it is."""
        if self.dtypes:
            call.note(OUTPUT_DTYPE, ", ".join(self.dtypes))
        missing = self.missing
        if not self.checks and call.error is None:
            missing = ["run() compared nothing that the meter knows"]
        if missing:
            call.note(ACCURACY_MISSING, "; ".join(missing))
        worst: dict[str, tuple[float, int]] = {}
        for number, accuracy in self.accuracies.items():
            for name, value in accuracy.metrics.items():
                if name not in worst or _is_worse(name, value, worst[name][0]):
                    worst[name] = value, number
        for name, (value, _) in worst.items():
            # The worst of a part could pass for the worst of all. A margin is of those that have a threshold.
            numbers = range(1, len(self.checks) + 1)
            if all(name in self._metrics(one) or _has_no_margin(name, self._metrics(one)) for one in numbers):
                call.add(name, value)
        several = len(self.checks) > 1
        ulp, number = worst.get("max_ulp", (0.0, 0))
        element = self.accuracies[number].worst_ulp if ulp > 0 else None
        if element is not None and call.measurements.get("max_ulp") is not None:
            call.note(WORST_ULP, f"comparison {number}: {element}" if several else str(element))
        if several:
            of = ", ".join(f"{name} of {number}" for name, (_, number) in worst.items())
            call.note(COMPARISONS, f"{len(self.checks)}: {', '.join(self.checks)}; worst {of}")
        nonfinite = [
            f"comparison {number}: {accuracy.nonfinite}" if several else accuracy.nonfinite
            for number, accuracy in self.accuracies.items()
            if accuracy.nonfinite
        ]
        if nonfinite:
            call.note(NONFINITE, "; ".join(nonfinite))
        ordered = sorted(self.accuracies.items(), key=lambda one: -_largest_error(one[1]))
        if ordered and ordered[0][1].worst_elements:
            number, accuracy = ordered[0]
            elements = "; ".join(map(str, accuracy.worst_elements))
            call.note(WORST_ELEMENTS, f"comparison {number}: {elements}" if several else elements)

    def _metrics(self, number: int) -> dict[str, float]:
        """The metrics of that comparison; none of one that couldn't be measured."""
        return self.accuracies[number].metrics if number in self.accuracies else {}


def _stored(compared: Compared) -> tuple[str, StorageFormat | None, str]:
    """The output's dtype, its format, and why what depends on the format can't be known, if it can't."""
    from pytest_ttnn_sweeps.measure.formats import storage_format

    if compared.reading is None:
        return str(compared.actual.dtype).removeprefix("torch."), None, ""
    dtype = compared.reading.dtype
    output_format = storage_format(dtype)
    if output_format is None:
        return dtype, None, f"the format of {dtype} isn't known, so neither max_ulp nor format_error_share is"
    if output_format.shares_exponents and not (
        compared.reading.holds(compared.actual) and compared.reading.has_whole_blocks(compared.actual)
    ):
        why = f"{dtype} shares exponents along rows, and what is compared hasn't the rows that were read back"
        return dtype, None, f"{why}, so neither max_ulp nor format_error_share is known"
    return dtype, output_format, ""


def _has_no_margin(name: str, metrics: dict[str, float]) -> bool:
    """Whether a measured comparison lacks the metric because nobody gave it a threshold."""
    return name == "pcc_margin" and "pcc" in metrics


def _is_worse(name: str, value: float, than: float) -> bool:
    """NaN is the worst."""
    if than != than:
        return False
    if value != value:
        return True
    return value < than if known_metric(name, 0.0).better == "higher" else value > than


def _largest_error(accuracy: Accuracy) -> float:
    return accuracy.worst_elements[0].error if accuracy.worst_elements else -1.0
