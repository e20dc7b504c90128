"""What a sweep's ``run`` compares, seen from outside: the functions that it compares with are replaced meanwhile.

Upstream's sweep modules end in a call of a check that they import. Every such function is known here by its name, in
whichever module it is bound, so that modules run unmodified.
"""

from __future__ import annotations

import inspect
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from importlib import import_module
from time import perf_counter_ns, process_time_ns
from types import FunctionType, ModuleType
from typing import Any

from pytest_ttnn_sweeps.devices.readings import readings_seen
from pytest_ttnn_sweeps.devices.stand_ins import StandIns, imported_namespaces

CHECKS = (
    "assert_allclose",
    "assert_equal",
    "assert_with_pcc",
    "assert_with_ulp",
    "check_allclose",
    "check_equal",
    "check_with_pcc",
    "check_with_pcc_without_tensor_printout",
    "comp_allclose",
    "comp_allclose_and_pcc",
    "comp_and_get_pcc",
    "comp_equal",
    "comp_pcc",
    "comp_ulp",
)
"""Names of tt-metal's checks, and of the package's: they get what is expected and what came, then a threshold."""

_LIBRARY_CHECKS = (
    ("torch", "allclose"),
    ("torch", "equal"),
    ("torch.testing", "assert_close"),
    ("numpy", "allclose"),
    ("numpy", "array_equal"),
    ("numpy.testing", "assert_allclose"),
    ("numpy.testing", "assert_array_equal"),
)
_NAMES_OF_LIBRARY_CHECKS = frozenset(name for _, name in _LIBRARY_CHECKS)
# What they compare inside is none of the sweep's comparisons.
_LIBRARIES = frozenset({"torch", "numpy", "ttnn"})
_NAMES_OF_ACTUAL = frozenset({"actual", "calculated", "computed"})
_CHECK_MODULE = "pytest_ttnn_sweeps.testing.accuracy"
_MOST_READINGS = 16


@dataclass(frozen=True)
class Reading:
    """A tensor as it was read back from the device, and the dtype in which ttnn had stored it (``bfloat16``)."""

    tensor: Any
    dtype: str

    def holds(self, other: Any) -> bool:
        """Whether ``other``, a tensor or an array, is this one or a part of it."""
        begin, end = _extent(self.tensor)
        start, _ = _extent(other)
        return begin <= start < end

    def has_whole_blocks(self, other: Any) -> bool:
        """Whether the rows of ``other``, a part of this one, are this one's in blocks of 16 from a row's beginning."""
        if other.dtype is not self.tensor.dtype or not self.tensor.is_contiguous():
            return False
        if other.dim() == 0 or other.numel() == 0 or other.stride(-1) != 1:
            # A number by itself is a block where there is no other.
            return bool(self.tensor.numel() == other.numel() == 1)
        width, of_rows = self.tensor.shape[-1], [other.storage_offset() - self.tensor.storage_offset()]
        of_rows += [stride for stride, size in zip(other.stride()[:-1], other.shape[:-1]) if size > 1]
        if other.shape[-1] == width and all(step % width == 0 for step in of_rows):
            return True
        return all(number % 16 == 0 for number in (width, other.shape[-1], *of_rows))


@dataclass(frozen=True)
class Compared:
    """One comparison: of two tensors or arrays, by the check of this name, with its threshold of the correlation."""

    check: str
    expected: Any
    actual: Any
    pcc: float | None
    reading: Reading | None
    """What ``actual`` is or comes from: its own reading, else the last one."""


@dataclass
class Observation:
    """What one execution of ``run`` has read back, and what looking on has cost."""

    readings: deque[Reading] = field(default_factory=lambda: deque(maxlen=_MOST_READINGS))
    wall_ns: int = 0
    cpu_ns: int = 0

    def reading_of(self, value: Any) -> Reading | None:
        """The reading that ``value`` is a part of."""
        return next((reading for reading in reversed(self.readings) if reading.holds(value)), None)


@contextmanager
def observed(module: ModuleType, look: Callable[[Compared], Any]) -> Iterator[Observation]:
    """Show ``look`` each comparison of the block, before it takes place, by ``module`` or what it calls.

    What ``look`` gives, unless None, takes the place of the ``metrics`` of a check of the package. It isn't called for
    a comparison inside a comparison.
    """
    observation = Observation()
    inside = [False]

    def observing(name: str, original: Callable[..., Any], is_library: bool) -> Callable[..., Any]:
        @wraps(original)
        def compare(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            if inside[0] or (is_library and _is_of_library(sys._getframe(1).f_globals)):
                return original(*args, **kwargs)
            cpu, wall = process_time_ns(), perf_counter_ns()
            compared = _compared(name, original, args, kwargs, observation)
            if compared is None:
                return original(*args, **kwargs)
            inside[0] = True
            try:
                with _shared_with(original):
                    metrics = look(compared)
                    observation.wall_ns += perf_counter_ns() - wall
                    observation.cpu_ns += process_time_ns() - cpu
                    result = original(*args, **kwargs)
            finally:
                inside[0] = False
            if metrics is not None and type(result).__module__ == _CHECK_MODULE:
                result.metrics = dict(metrics)
            return result

        return compare

    def read(tensor: Any, result: Any) -> None:
        stored = getattr(tensor, "dtype", None)
        name = str(stored).rpartition("DataType.")[2].lower()
        if hasattr(result, "data_ptr") and name != str(stored):
            observation.readings.append(Reading(result, name))

    with StandIns() as stand_ins:
        for check in _checks(module):
            wrapper = observing(check.name, check.function, check.is_library)
            for owner, attribute in check.places:
                stand_ins.put(owner, attribute, wrapper)
        stand_ins.enter_context(readings_seen(module, read))
        yield observation


def _shared_with(check: Callable[..., Any]) -> AbstractContextManager[None]:
    """A check of the package's needn't compare again what the meter has just compared."""
    if check.__module__ != _CHECK_MODULE:
        return nullcontext()
    from pytest_ttnn_sweeps.testing.comparison import remembering

    return remembering()


def _compared(
    name: str, original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], observation: Observation
) -> Compared | None:
    """What a call of a check compares; None where that isn't two tensors or arrays."""
    names, threshold = _parameters(original)
    given = {**dict(zip(names, args)), **kwargs} if names else {}
    pair = [given[key] for key in names[:2] if key in given] if names else [*args, *kwargs.values()][:2]
    if len(pair) != 2 or not all(map(_is_array, pair)):
        return None
    expected, actual = pair
    is_swapped = bool(names) and names[0] in _NAMES_OF_ACTUAL
    if not is_swapped and name in _NAMES_OF_LIBRARY_CHECKS:
        # allclose(input, other): what was read back from the device is the one that is to be checked.
        is_swapped = observation.reading_of(actual) is None and observation.reading_of(expected) is not None
    if is_swapped:
        expected, actual = actual, expected
    pcc = given.get("pcc", threshold)
    reading = observation.reading_of(actual) or (observation.readings[-1] if observation.readings else None)
    is_number = isinstance(pcc, (int, float)) and not isinstance(pcc, bool)
    return Compared(name, expected, actual, float(pcc) if is_number else None, reading)


@lru_cache(maxsize=256)
def _parameters(check: Callable[..., Any]) -> tuple[tuple[str, ...], object]:
    """The names of a check's parameters, none where Python doesn't know them, and the default of its ``pcc``."""
    try:
        parameters = inspect.signature(check).parameters
    except (ValueError, TypeError):
        return (), None
    default = parameters["pcc"].default if "pcc" in parameters else None
    names = tuple(
        name for name, one in parameters.items() if one.kind in (one.POSITIONAL_OR_KEYWORD, one.POSITIONAL_ONLY)
    )
    return names, default


@dataclass
class _Check:
    """A check, and every place that binds it."""

    name: str
    function: Callable[..., Any]
    is_library: bool
    places: list[tuple[ModuleType, str]] = field(default_factory=list)

    @property
    def is_bound(self) -> bool:
        return all(vars(owner).get(name) is self.function for owner, name in self.places)


_found: tuple[ModuleType | None, int, list[_Check]] = (None, 0, [])


def _checks(module: ModuleType) -> list[_Check]:
    """Every check that ``module``, or another module that is imported, binds."""
    # Looking through 2,000 modules takes 10 ms: once for each sweep module, and where one was imported since.
    global _found
    last, number, checks = _found
    if last is not module or number != len(sys.modules) or not all(check.is_bound for check in checks):
        checks = _find_checks(module)
        _found = module, len(sys.modules), checks
    return checks


def _find_checks(module: ModuleType) -> list[_Check]:
    found: dict[int, _Check] = {}
    for home, name in _LIBRARY_CHECKS:
        if home.partition(".")[0] in sys.modules:
            # numpy's own testing module is there when it is first asked for, which would be too late.
            library = import_module(home)
            check = getattr(library, name)
            found.setdefault(id(check), _Check(name, check, True)).places.append((library, name))
    for other, names in imported_namespaces(module):
        if _is_of_library(names):
            continue
        for name in CHECKS:
            check = names.get(name)
            if type(check) is FunctionType:
                found.setdefault(id(check), _Check(name, check, False)).places.append((other, name))
    for name, value in vars(module).items():
        if id(value) in found and (module, name) not in found[id(value)].places:
            found[id(value)].places.append((module, name))
    return list(found.values())


def _is_of_library(names: Mapping[str, Any]) -> bool:
    """Whether these are the global names of a library's module."""
    return str(names.get("__name__")).partition(".")[0] in _LIBRARIES


def _is_array(value: Any) -> bool:
    """Whether it is a torch tensor or a numpy array, neither of which need have been imported."""
    return type(value).__module__.partition(".")[0] in ("torch", "numpy") and hasattr(value, "shape")


def _extent(value: Any) -> tuple[int, int]:
    """The addresses of what the value is a part of."""
    if hasattr(value, "untyped_storage"):
        begin = value.untyped_storage().data_ptr()
        return (begin, begin + value.untyped_storage().nbytes()) if value.numel() else (0, 0)
    start = value.__array_interface__["data"][0]
    return start, start + value.nbytes
