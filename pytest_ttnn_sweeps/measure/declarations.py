"""The bounds that a sweep module declares for its own vectors: ``accuracy = {"max_ulp": 2}``.

::

    accuracy = {
        "max_ulp": 2,                        # at most: the metric is better lower
        "pcc": 0.9995,                       # at least: it is better higher
        ttnn.bfloat8_b: {"max_ulp": 1},      # outputs that ttnn stored so; "bfloat8_b" is the same key
        "nightly": {"rms_error": 0.01},      # suites of this name or glob pattern
        "xfail*": {"max_ulp": None},         # no bound there
    }

A suite's mapping may hold dtypes again. For one metric the most special bound counts: the suite's for the dtype, the
suite's, the dtype's, the module's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any

from pytest_ttnn_sweeps.measure.requirements import (
    Requirement,
    RequirementError,
    check_metric,
    natural_operator,
)
from pytest_ttnn_sweeps.results.metrics import known_names

NAME = "accuracy"
"""What the module binds."""

DTYPES = frozenset(
    {"float32", "bfloat16", "bfloat8_b", "bfloat4_b", "fp8_e4m3", "uint8", "int8", "uint16", "int32", "uint32"}
)
"""Names of ttnn's data types."""

Bounds = dict[str, float | None]


def declared_requirements(
    declared: object, suites: Iterable[str], *, place: str
) -> Mapping[str, tuple[Requirement, ...]]:
    """For each of the module's suites what ``declared``, its ``accuracy``, asks of the suite's vectors.

    ``place`` is how errors call the file. A function or a module of that name declares nothing. Raises
    ``RequirementError`` for anything that can't be understood in one way only.
    """
    names = list(suites)
    if declared is None or callable(declared) or isinstance(declared, ModuleType):
        return dict.fromkeys(names, ())
    where = f"{place}: {NAME}"
    general, dtypes, patterns = _level(declared, where, suites=names)
    by_suite = {pattern: _level(inner, f"{where}[{pattern!r}]") for pattern, inner in patterns.items()}
    found = {}
    for name in names:
        levels: list[tuple[str, str | None, Bounds]] = [(where, None, general)]
        levels += [(f"{where}[{dtype!r}]", dtype, bounds) for dtype, bounds in dtypes.items()]
        for pattern in [pattern for pattern in by_suite if fnmatchcase(name, pattern)]:
            of_suite, of_dtypes, _ = by_suite[pattern]
            inside = f"{where}[{pattern!r}]"
            levels.append((inside, None, of_suite))
            levels += [(f"{inside}[{dtype!r}]", dtype, bounds) for dtype, bounds in of_dtypes.items()]
        found[name] = tuple(_resolved(levels))
    return found


def _level(
    declared: object, where: str, *, suites: list[str] | None = None
) -> tuple[Bounds, dict[str, Bounds], dict[str, object]]:
    """One mapping, parted into its bounds, those of dtypes, and what it holds for suites."""
    bounds: Bounds = {}
    dtypes: dict[str, Bounds] = {}
    patterns: dict[str, object] = {}
    for key, value in _mapping(declared, where).items():
        at = f"{where}[{key!r}]"
        dtype = _dtype(key)
        matched = suites is not None and isinstance(key, str) and any(fnmatchcase(suite, key) for suite in suites)
        if matched and (dtype is not None or key in known_names()):
            other = "a metric" if dtype is None else "a dtype"
            msg = f"{at}: {key!r} is a suite and {other}; name the suite by a pattern, '[{key[0]}]{key[1:]}'"
            raise RequirementError(msg)
        if dtype is not None:
            if dtype in dtypes:
                msg = f"{at}: bounds for {dtype} are given twice"
                raise RequirementError(msg)
            dtypes[dtype] = _bounds(value, at)
        elif matched:
            patterns[key] = value
        elif isinstance(value, Mapping):
            known = f"its suites are {', '.join(suites)}" if suites is not None else "a suite holds dtypes and metrics"
            msg = f"{at}: {key!r} is no dtype of ttnn and no suite of the module; {known}"
            raise RequirementError(msg)
        else:
            bounds |= _bounds({key: value}, where)
    return bounds, dtypes, patterns


def _mapping(declared: object, where: str) -> Mapping[Any, object]:
    if not isinstance(declared, Mapping):
        msg = f"{where} is {declared!r}; expected bounds by metric, such as {{'max_ulp': 2}}"
        raise RequirementError(msg)
    return declared


def _bounds(declared: object, where: str) -> Bounds:
    bounds: Bounds = {}
    for name, bound in _mapping(declared, where).items():
        at = f"{where}[{name!r}]"
        if not isinstance(name, str):
            msg = f"{at}: {name!r} is no name of a metric, no dtype and no suite"
            raise RequirementError(msg)
        check_metric(name, where=where)
        if natural_operator(name) is None:
            msg = f"{at}: {name} is better neither higher nor lower; bound it by --sweep-require '{name}<=NUMBER'"
            raise RequirementError(msg)
        if bound is None:
            bounds[name] = None
        elif isinstance(bound, (int, float)) and not isinstance(bound, bool) and math.isfinite(bound):
            bounds[name] = float(bound)
        else:
            msg = f"{at} is {bound!r}; expected a finite number, or None for no bound"
            raise RequirementError(msg)
    return bounds


def _resolved(levels: list[tuple[str, str | None, Bounds]]) -> Iterable[Requirement]:
    """The requirements of a suite; ``levels`` come from the most general to the most special."""
    general: dict[str, tuple[float | None, str]] = {}
    special: dict[tuple[str, str], tuple[float | None, str]] = {}
    for where, dtype, bounds in levels:
        for metric, bound in bounds.items():
            if dtype is not None:
                special[metric, dtype] = bound, where
                continue
            general[metric] = bound, where
            # The suite's bound counts more than the module's for a dtype.
            special = {key: value for key, value in special.items() if key[0] != metric}
    for metric, (bound, where) in general.items():
        exempt = frozenset(dtype for name, dtype in special if name == metric)
        if bound is not None:
            yield Requirement(metric, natural_operator(metric) or "", bound, where, exempt_dtypes=exempt)
    for (metric, dtype), (bound, where) in special.items():
        if bound is not None:
            yield Requirement(metric, natural_operator(metric) or "", bound, where, dtype=dtype)


def _dtype(key: object) -> str | None:
    """The name of the dtype that ``key`` is or names: ``ttnn.bfloat16`` prints as ``DataType.BFLOAT16``."""
    if isinstance(key, str):
        return key if key in DTYPES else None
    name = str(key).rpartition("DataType.")[2].lower()
    return name if name in DTYPES and type(key).__name__ == "DataType" else None
