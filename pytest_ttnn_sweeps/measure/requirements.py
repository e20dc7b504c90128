"""What a vector's metrics are held against: ``max_ulp<=2`` on the command line, a bound in a module's ``accuracy``.

A requirement can only turn a pass into a failure. What wasn't measured, and NaN, meets none.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import Outcome
from pytest_ttnn_sweeps.results.metrics import known_metric, known_names

ACCURACY = frozenset(
    {
        "pcc",
        "pcc_margin",
        "max_abs_error",
        "max_rel_error",
        "rms_error",
        "max_ulp",
        "nonfinite_mismatches",
        "format_error_share",
    }
)
"""Metrics that the accuracy meter measures."""

OUTPUT_DTYPE = "output_dtype"
"""Name of the note that holds the dtype, or dtypes, in which ttnn stored what a vector compared."""

ACCURACY_MISSING = "accuracy_missing"
"""Name of the note that says why a comparison, or a metric of it, wasn't measured."""

WORST_ULP = "worst_ulp"
"""Name of the note that says where ``max_ulp`` is."""

MEASURED = "measured_"
"""Prefix of a measured metric's name where the sweep itself has given another number of that name."""

_EXPRESSION = re.compile(r"\s*(?P<metric>\w+)\s*(?P<operator><=|>=|==|<|>)\s*(?P<bound>\S+)\s*")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_HOLDS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
}
_EXAMPLE = "expected METRIC<=NUMBER (or <, >=, >, ==), for example max_ulp<=2"
# By what their names begin with; the rest say what has no number only.
_OPTIONS = {
    "e2e_": "--sweep-perf, or a run() that returns its time",
    "run_": "--sweep-perf",
    "first_": "--sweep-perf",
    "device_": "--sweep-device-perf",
    "peak_": "--sweep-memory",
    "l1_share": "--sweep-memory",
    "ideal_ns": "--sweep-perf",
    "roofline_": "--sweep-perf",
}


class RequirementError(SweepError):
    """A requirement that can't be read, or names no metric."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One bound on one metric, which `source` asks for: an option, or a place in a sweep module."""

    metric: str
    operator: str
    bound: float
    source: str
    dtype: str | None = None
    """Only for outputs that ttnn stored in this dtype (``bfloat8_b``)."""
    exempt_dtypes: frozenset[str] = frozenset()
    """Not for outputs in these, which have bounds of their own."""

    def __str__(self) -> str:
        bound = int(self.bound) if self.bound.is_integer() and abs(self.bound) < 1e15 else self.bound
        return f"{self.operator} {bound!r} by {self.source}"

    def is_met_by(self, value: float) -> bool:
        # No comparison with NaN holds.
        return _HOLDS[self.operator](value, self.bound)


def parse_requirement(text: str, *, source: str = "--sweep-require") -> Requirement:
    """The requirement that ``text`` states. Raises ``RequirementError`` with the grammar, or the metrics there are."""
    match = _EXPRESSION.fullmatch(text)
    if match is None:
        msg = f"{source} {text!r}: {_EXAMPLE}"
        raise RequirementError(msg)
    where = f"{source} {text!r}"
    if _NUMBER.fullmatch(match["bound"]) is None or not math.isfinite(float(match["bound"])):
        msg = f"{where}: {match['bound']!r} is no finite number; {_EXAMPLE}"
        raise RequirementError(msg)
    check_metric(match["metric"], where=where)
    return Requirement(match["metric"], match["operator"], float(match["bound"]), source)


def check_metric(name: str, *, where: str) -> None:
    """Raise ``RequirementError`` where there is no metric of that name."""
    names = known_names()
    if name not in names:
        close = get_close_matches(name, names, n=1)
        remedy = f"did you mean {close[0]}?" if close else f"the metrics are {', '.join(sorted(names))}"
        msg = f"{where}: there is no metric {name!r}; {remedy}"
        raise RequirementError(msg)


def natural_operator(metric: str) -> str | None:
    """``<=`` for a metric that is better lower, ``>=`` for one that is better higher, None for what is neither."""
    return {"lower": "<=", "higher": ">=", "none": None}[known_metric(metric, 0.0).better]


def need_accuracy(requirements: Iterable[Requirement]) -> bool:
    """Whether one of the requirements, or what it applies to, takes the accuracy meter to tell."""
    return any(one.metric in ACCURACY or one.dtype or one.exempt_dtypes for one in requirements)


def held(outcome: Outcome, requirements: Iterable[Requirement]) -> Outcome:
    """``outcome``, a pass with all its metrics, or a failure in one line where a requirement isn't met.

    The line names each metric with its value, the bound, and who asked for it.
    """
    unmet = [text for requirement in requirements for text in _shortcomings(outcome, requirement)]
    if not unmet:
        return outcome
    own = f" (the sweep itself passed: {outcome.message})" if outcome.message else ""
    return replace(outcome, ok=False, message=f"unmet: {'; '.join(dict.fromkeys(unmet))}{own}")


def _shortcomings(outcome: Outcome, requirement: Requirement) -> Iterator[str]:
    dtypes = {name for name in outcome.notes.get(OUTPUT_DTYPE, "").split(", ") if name}
    applies = _applies(requirement, dtypes)
    asked = f"required {requirement}"
    if applies is None:
        what = f"the outputs are {' and '.join(sorted(dtypes))}" if dtypes else "the output's dtype isn't known"
        yield f"{requirement.metric} has bounds by dtype, but {what}; {asked}"
    if not applies:
        return
    found = [
        (metric.name, metric.value)
        for metric in outcome.metrics
        if metric.name in (requirement.metric, MEASURED + requirement.metric)
    ]
    if not found and requirement.metric == "e2e_ms" and outcome.e2e_ms is not None:
        found = [("e2e_ms", outcome.e2e_ms)]
    if not found:
        yield f"{requirement.metric} wasn't measured{_remedy(outcome, requirement.metric)}, {asked}"
    for name, value in found:
        if not requirement.is_met_by(value):
            yield f"{name} is {value!r}{_where(outcome, requirement.metric)}, {asked}"


def _where(outcome: Outcome, metric: str) -> str:
    place = outcome.notes.get(WORST_ULP) if metric == "max_ulp" else None
    return f" ({place})" if place else ""


def _applies(requirement: Requirement, dtypes: set[str]) -> bool | None:
    """Whether the requirement is for outputs of these dtypes; None where that can't be told."""
    if requirement.dtype is not None:
        special, yes, no = {requirement.dtype}, True, False
    elif requirement.exempt_dtypes:
        special, yes, no = set(requirement.exempt_dtypes), False, True
    else:
        return True
    if not dtypes:
        return None
    if dtypes <= special:
        return yes
    return no if dtypes.isdisjoint(special) else None


def _remedy(outcome: Outcome, metric: str) -> str:
    if metric in ACCURACY:
        why = outcome.notes.get(ACCURACY_MISSING)
        if why is None and OUTPUT_DTYPE in outcome.notes:
            why = "no check has a threshold of the PCC"
        return f" ({why or 'run() compared nothing that the meter knows'})"
    option = next((option for prefix, option in _OPTIONS.items() if metric.startswith(prefix)), None)
    return f" (it takes {option})" if option else ""
