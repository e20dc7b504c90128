"""What one call of a sweep's ``run`` gave, in one form whatever it returned or raised.

This is where foreign values end: an `Outcome` holds exact builtin types only, so that it can cross to another process,
into JSON or into a database without a surprise: numpy's float64 is a float to ``isinstance`` and unknown to execnet.
"""

from __future__ import annotations

import math
import re
import reprlib
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.metrics import Metric, known_metric, metrics_in

_NS_PER_MS = 1e6

Fault = Literal["hang", "crash", "non_deterministic", "watcher", "no_device_perf"]
"""What a vector did that ``run`` itself can't tell of."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The normalised result of one vector.

    Attributes:
        ok: the sweep's own verdict; True for a skip.
        message: the sweep's message, the text of the exception, or the reason of the skip.
        metrics: what was measured, sorted by name; NaN and infinities are kept.
        e2e_ms: the end-to-end time that the sweep measured, in milliseconds.
        exception_type: of a raised exception, such as ``RuntimeError`` or ``sweeps.conv.BadShape``.
        exception_text: its whole ``str()``.
        traceback: its traceback as Python prints it.
        skip_reason: why the vector does not apply here, if the sweep says so.
        fault: what whoever ran the vector saw: that it hung, ended its process, or gave other values when it was
            repeated; that tt-metal's watcher found something; that it has no device time where that was asked for.
        notes: facts in words beside the metrics, such as why one of them could not be had, by name.
    """

    ok: bool
    message: str
    metrics: tuple[Metric, ...] = ()
    e2e_ms: float | None = None
    exception_type: str | None = None
    exception_text: str | None = None
    traceback: str | None = None
    skip_reason: str | None = None
    fault: Fault | None = None
    notes: Mapping[str, str] = field(default_factory=dict, hash=False)


class UnusableReturn(SweepError):
    """``run`` returned something that holds no verdict, or more than one reading."""


class _Unfit(Exception):
    """Why a returned value can't be used, as the end of a sentence; becomes an `UnusableReturn`."""


def normalise(returned: object) -> Outcome:
    """The outcome of a ``run`` that returned.

    Accepted:

    * ``None``: the sweep asserts by itself, and nothing was raised;
    * a bool (Python's, numpy's or torch's): the verdict;
    * ``(ok, message)``, also as a list or a `testing.Check`, whose metrics are taken over;
    * ``[(ok, message), e2e_ns]``, with anything behind it ignored; `e2e_ns` may be None or missing;
    * a mapping or an object with ``ok`` or ``passed``, and, as it likes, ``message``, ``pcc``, ``metrics`` (name to
      number), ``e2e_ns``; or with ``skip``, a non-empty reason why the vector does not apply.

    A message may be text, None, an exception, or the PCC as a number. Metrics that a text spells out are read from it
    (see `metrics.metrics_in`); explicit ones win.

    :raises UnusableReturn: for anything else, such as ``[1.0, 0.0]`` or ``(False, error, None, None)``.
    """
    if returned is None:
        return Outcome(True, "")
    try:
        if isinstance(returned, (tuple, list)):
            return _from_sequence(returned)
        ok = _builtin(returned)
        if type(ok) is bool:
            return Outcome(ok, "" if ok else "run() returned False")
        return _from_fields(returned)
    except _Unfit as unfit:
        msg = (
            f"run() returned {_shown(returned)}: {unfit}; expected None, a bool, (ok, message), "
            "[(ok, message), e2e_ns], or a mapping or object with 'ok' or 'skip'"
        )
        raise UnusableReturn(msg) from None


def outcome_of_exception(exc: BaseException) -> Outcome:
    """The outcome of a ``run`` that raised.

    The message is what ttnn says went wrong (`ttnn_error_message`), else the exception's text, else its type: an empty
    message tells nobody anything.
    """
    text = _text_of(exc)
    kind = _type_name(exc)
    return Outcome(
        ok=False,
        message=ttnn_error_message(text) or text or kind,
        exception_type=kind,
        exception_text=text,
        traceback="".join(traceback.format_exception(exc)),
    )


def outcome_of_skip(reason: str) -> Outcome:
    """The outcome of a vector that does not apply here."""
    return Outcome(True, reason, skip_reason=reason)


def outcome_of_fault(fault: Fault, reason: str, *, details: str = "", stack: str = "") -> Outcome:
    """The outcome of a vector that gave none.

    ``reason`` is one line; ``details`` is what its process wrote last, ``stack`` its Python frames, where known.
    """
    return Outcome(ok=False, message=reason, exception_text=details or None, traceback=stack or None, fault=fault)


_TTNN_ERROR = re.compile(r"TT_(?:FATAL|THROW|ASSERT) @ [^\n]*\ninfo:\n")


def ttnn_error_message(text: str) -> str | None:
    """The message inside the text of an exception that ttnn's C++ raised; None if the text has not that form.

    The form is ``TT_FATAL @ <file>:<line>: <condition>``, ``info:``, the message, ``backtrace:`` and frames, each on
    lines of its own. The message alone stays the same from build to build.
    """
    header = _TTNN_ERROR.search(text)
    return text[header.end() :].partition("\nbacktrace:")[0].strip() if header else None


def _from_sequence(returned: tuple[object, ...] | list[object]) -> Outcome:
    verdict, e2e_ms = returned, None
    if returned and isinstance(returned[0], (tuple, list)):
        verdict = returned[0]
        e2e_ms = _milliseconds(returned[1]) if len(returned) > 1 else None
    if len(verdict) != 2:
        raise _Unfit(f"it has {len(verdict)} values where (ok, message) has two")
    explicit = getattr(verdict, "metrics", None)
    return _judged(verdict[0], verdict[1], {} if explicit is None else _numbers(explicit), e2e_ms)


_FIELDS = ("ok", "passed", "message", "pcc", "metrics", "e2e_ns", "skip")


def _from_fields(returned: object) -> Outcome:
    if isinstance(returned, Mapping):
        fields = dict(returned)
        if unknown := [key for key in fields if key not in _FIELDS]:
            raise _Unfit(f"{_shown(unknown[0])} is none of its keys {', '.join(_FIELDS)}")
    else:
        fields = {name: getattr(returned, name) for name in _FIELDS if hasattr(returned, name)}
    skip = _builtin(fields.get("skip"))
    if skip is not None and skip is not False:
        if type(skip) is not str or not skip:
            raise _Unfit("'skip' is not the text of a reason")
        return outcome_of_skip(skip)
    if ("ok" in fields) == ("passed" in fields):
        raise _Unfit("it has no verdict" if "ok" not in fields else "it has both 'ok' and 'passed'")
    explicit = {} if fields.get("metrics") is None else _numbers(fields["metrics"])
    if fields.get("pcc") is not None:
        explicit["pcc"] = _number(fields["pcc"], "the PCC")
    ok = fields["ok"] if "ok" in fields else fields["passed"]
    return _judged(ok, fields.get("message"), explicit, _milliseconds(fields.get("e2e_ns")))


def _judged(ok: object, message: object, explicit: dict[str, float], e2e_ms: float | None) -> Outcome:
    verdict = _builtin(ok)
    if type(verdict) is not bool:
        raise _Unfit(f"{_shown(ok)} is no bool")
    text = _message(message)
    values = metrics_in(text) | explicit
    return Outcome(verdict, text, tuple(known_metric(name, values[name]) for name in sorted(values)), e2e_ms)


def _message(message: object) -> str:
    text = _builtin(message)
    if type(text) is str:
        return text
    if text is None:
        return ""
    if isinstance(text, BaseException):
        return _text_of(text) or _type_name(text)
    return repr(_number(message, "the message"))


def _milliseconds(nanoseconds: object) -> float | None:
    return None if nanoseconds is None else _number(nanoseconds, "the time") / _NS_PER_MS


def _numbers(metrics: object) -> dict[str, float]:
    if not isinstance(metrics, Mapping):
        raise _Unfit(f"its metrics {_shown(metrics)} are no mapping")
    values = {}
    for key, value in metrics.items():
        name = _builtin(key)
        if type(name) is not str:
            raise _Unfit(f"{_shown(key)} is no name of a metric")
        values[name] = value if type(value) is float else _number(value, f"the metric {name!r}")
    return values


def _number(value: object, what: str) -> float:
    number = _builtin(value)
    if type(number) is not int and type(number) is not float:
        raise _Unfit(f"{what} {_shown(value)} is no number")
    try:
        return float(number)
    except OverflowError:
        raise _Unfit(f"{what} is beyond the range of a float") from None


def as_number(value: object) -> float | None:
    """The value as a float, where it is a number: Python's, numpy's or a tensor's only one. A bool is none."""
    try:
        return _number(value, "the value")
    except _Unfit:
        return None


def _builtin(value: object) -> object:
    """The value as exactly bool, int, float or str, where it is one of them or a numpy or torch scalar of that kind."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    # The types' own methods: a subclass may have overridden its conversions, and they may return the subclass.
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, str):
        return str.__str__(value)
    shape, item = getattr(value, "shape", None), getattr(value, "item", None)
    if isinstance(shape, tuple) and math.prod(shape) == 1 and callable(item):
        try:
            scalar = item()
        except RuntimeError:
            return value  # a tensor whose values can't be read, such as one on a closed device
        # numpy's longdouble has itself for an item.
        return float(scalar) if getattr(getattr(scalar, "dtype", None), "kind", None) == "f" else scalar
    return value


def _text_of(exc: BaseException) -> str:
    try:
        return str.__str__(str(exc))
    except Exception as broken:  # noqa: BLE001 - an exception's broken __str__ must not cost its outcome
        return f"{_type_name(exc)} (its text can't be had: {_type_name(broken)})"


def _type_name(exc: BaseException) -> str:
    kind = type(exc)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 200


def _shown(value: object) -> str:
    """The value on one line, cut to a readable length."""
    try:
        return " ".join(_SHORT.repr(value).split())
    except ValueError:
        return "an int too large to print"  # Python refuses more than 4300 digits
