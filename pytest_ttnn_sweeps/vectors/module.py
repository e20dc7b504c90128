"""Importing a sweep module and reading its contract: ``parameters``, ``run``, ``invalidate_vector``, the device."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.seeding import seeded
from pytest_ttnn_sweeps.vectors.suite import Suite, SuiteError, Vector, read_suites
from pytest_ttnn_sweeps.vectors.unavailable import Unavailable

IMPORT_SEED = 0
"""What upstream's generator scripts seed with; fixed, because vectors that differ by run have no identity."""

Verdict = tuple[bool, str | None]
"""What ``invalidate_vector`` says: whether the vector is invalid, and the reason that it gives."""

VALID: Verdict = (False, "")

_GIVEN_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class ModuleError(SweepError):
    """A sweep module's ``run`` or ``invalidate_vector`` doesn't keep the contract."""


@dataclass(frozen=True)
class SweepDefinition:
    """An imported sweep module; ``name`` is its path under the sweeps root, dotted (``eltwise.unary.relu``)."""

    name: str
    path: Path
    place: str
    """How errors call the file."""
    module: ModuleType
    suites: Mapping[str, Suite | SuiteError]
    run: Callable[..., object]
    mesh_device_fixture: Callable[[], object] | None
    _invalidate_vector: Callable[[Vector], object] | None

    def ids(self, suite: Suite) -> VectorIds:
        """The ids of the vectors of one of its suites. Raises ``SweepError`` for a value that has no encoding."""
        return VectorIds(suite, place=self.place)

    def check_parameters(self, suite: Suite) -> None:
        """Raise ``ModuleError`` where ``run`` can't be called with the suite's parameters and ``device``."""
        if not suite.size:
            # A suite of traced configurations is empty where nothing was traced, and has a parameter of its own.
            return
        accepted = inspect.signature(self.run).parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values())
        by_name = [name for name, parameter in accepted.items() if parameter.kind in _GIVEN_BY_NAME]
        where = f"{self.place}: suite {suite.name!r}"
        if "device" in suite.parameter_names:
            msg = f"{where}: 'device' is the device that every run() gets; give the parameter another name"
            raise ModuleError(msg)
        surplus = [name for name in (*suite.parameter_names, "device") if name not in by_name and not takes_any]
        if surplus:
            msg = f"{where}: run() takes no parameter {surplus[0]!r}; it takes {', '.join(by_name) or 'none'}"
            raise ModuleError(msg)
        given = {*suite.parameter_names, "device"}
        missing = [
            name
            for name, parameter in accepted.items()
            if name not in given
            and parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        ]
        if missing:
            msg = f"{where}: run() needs {missing[0]!r}, which the suite doesn't declare; add it or give it a default"
            raise ModuleError(msg)

    def invalid_reason(self, suite: Suite, index: int) -> str | None:
        """Why vector ``index`` is invalid; None where it is valid. Raises ``ModuleError`` as ``verdict`` does."""
        is_invalid, reason = self.verdict(suite, index)
        return (reason or "no reason given") if is_invalid else None

    def verdict(self, suite: Suite, index: int) -> Verdict:
        """What the module's ``invalidate_vector`` says of vector ``index``; ``VALID`` where it is valid.

        The hook gets the native values and the bookkeeping keys that upstream adds to them. Raises ``ModuleError``
        where it returns anything but ``(bool, reason or None)``.
        """
        if self._invalidate_vector is None:
            return VALID
        vector = suite.vector(index)
        # The hook would look into what isn't there; the item is skipped for the value's own reason.
        if any(isinstance(value, Unavailable) for value in vector.values()):
            return VALID
        vector.update(
            suite_name=suite.name, validity="VALID", invalid_reason="", status="CURRENT", sweep_name=self.name
        )
        verdict = self._invalidate_vector(vector)
        if not isinstance(verdict, (tuple, list)) or len(verdict) != 2:
            msg = (
                f"{self.place}: suite {suite.name!r}: invalidate_vector returned {verdict!r}; "
                "expected a pair (is_invalid, reason), for a valid vector (False, None)"
            )
            raise ModuleError(msg)
        is_invalid, reason = verdict
        return (True, None if reason is None else str(reason)) if is_invalid else VALID


def import_sweep(path: Path, *, root: Path, namespace: str, place: str = "") -> SweepDefinition:
    """Import the sweep module at ``path`` under ``root`` as ``<namespace>.<module name>`` and read its contract.

    The import and the reading of ``parameters`` run with all generators seeded with 0, so that every process sees the
    same vectors. ``sys.meta_path`` is asked for the loader: a finder that rewrites assertions gets its chance. Errors
    call the file ``place``, by default its name. Whatever the module raises passes through; raises ``SweepError`` where
    its contract is broken.
    """
    name, place = module_name(path, root), place or path.name
    spec = _find(path, f"{namespace}.{name}" if namespace else name)
    with seeded(IMPORT_SEED):
        module = _execute(spec)
        suites = read_suites(getattr(module, "parameters", None), place=place)
    run = getattr(module, "run", None)
    if not callable(run):
        msg = f"{place}: 'run' is {run!r}; expected a function run(..., *, device)"
        raise ModuleError(msg)
    return SweepDefinition(
        name=name,
        path=path,
        place=place,
        module=module,
        suites=suites,
        run=run,
        mesh_device_fixture=getattr(module, "mesh_device_fixture", None),
        _invalidate_vector=getattr(module, "invalidate_vector", None),
    )


def module_name(path: Path, root: Path) -> str:
    """``eltwise.unary.relu`` for ``<root>/eltwise/unary/relu.py``; the file's stem where it isn't under ``root``."""
    relative = path.relative_to(root) if path.is_relative_to(root) else Path(path.name)
    return ".".join(relative.with_suffix("").parts)


def _find(path: Path, name: str) -> ModuleSpec:
    for finder in sys.meta_path:
        find_spec: Any = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec(name, [str(path.parent)]) if find_spec is not None else None
        if spec is not None and spec.origin == str(path):
            break
    else:
        spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        msg = f"{path}: Python finds no loader for this file"
        raise ModuleError(msg)
    return spec


def _execute(spec: ModuleSpec) -> ModuleType:
    # Executed even where another module has imported it already: its vectors must not depend on what that one drew.
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(spec.name)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]  # _find makes sure
    except BaseException:
        sys.modules.pop(spec.name, None)
        if before is not None:
            sys.modules[spec.name] = before
        raise
    return module
