"""Masters as sweep modules: a suite for each operation, a vector for each of its configurations.

A master that pytest collects is a sweep module whose ``run`` makes the traced call, so that everything else (selection,
ids, isolation, records) is as in sweep files. What makes it one:

- its module name is ``traced`` whatever the file is called, the suite is the operation, and the vector id is the
  configuration's content hash: the node id ends as the configuration's name does (``add::05f9895a5062``,
  ``add_traced_05f9895a5062``), and records of a configuration are one history whichever master it came from;
- operations are converted one by one, when a suite of theirs can be selected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from pytest_ttnn_sweeps.collection.sweep_files import MASTER_MODULE
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import MasterError, TracedConfiguration, read_master, run_configuration
from pytest_ttnn_sweeps.traced.registry import use_master
from pytest_ttnn_sweeps.traced.rows import suite_rows
from pytest_ttnn_sweeps.vectors.identity import ID_DIGITS, GivenIds, VectorIds
from pytest_ttnn_sweeps.vectors.module import SweepDefinition
from pytest_ttnn_sweeps.vectors.source import SweepSource
from pytest_ttnn_sweeps.vectors.suite import Axis, Suite, SuiteError

_SIGN = b'"operations"'
_HEAD = 1 << 16
_L1_SMALL_BYTES = 65536
"""Of each bank; as much as vision models give to it."""


def claims_to_be_master(path: Path) -> bool:
    """Whether a JSON file that can't be read as a master was to be one: by its name, or by how it begins."""
    if path.name.endswith("master.json"):
        return True
    try:
        with path.open("rb") as file:
            return _SIGN in file.read(_HEAD)
    except OSError:
        return False


def read_master_source(path: Path) -> SweepSource | MasterError | None:
    """What a master tells without its configurations being converted; None for JSON that is something else.

    The error for a master that is broken.
    """
    try:
        master = read_master(path)
    except MasterError as error:
        return error if claims_to_be_master(path) else None
    return SweepSource(path=path, run_line=1, suite_lines=dict.fromkeys(master.operations, 1), suites_are_complete=True)


def _keeps_tables(operation: str) -> bool:
    """Whether an operation keeps tables in the L1_SMALL region, which is empty by default."""
    return any(word in operation for word in ("conv", "pool", "upsample", "grid_sample", "halo"))


def _device_with_l1_small() -> Iterator[tuple[Any, str]]:
    """Device 0 with what convolutions and pools need, for a master that has some; others keep the whole of L1."""
    import ttnn

    device = ttnn.open_device(device_id=0, l1_small_size=_L1_SMALL_BYTES)
    yield device, ttnn.get_arch_name()
    ttnn.close_device(device)


class MasterDefinition(SweepDefinition):
    """The master at ``path`` as a sweep module. Raises ``MasterError`` where it isn't one."""

    suites: MasterSuites

    def __init__(self, path: Path, *, place: str) -> None:
        suites = MasterSuites(path)
        super().__init__(
            name=MASTER_MODULE,
            path=path,
            place=place,
            module=ModuleType(MASTER_MODULE),
            suites=suites,
            run=suites.runner(),
            mesh_device_fixture=_device_with_l1_small if any(map(_keeps_tables, suites)) else None,
            _invalidate_vector=None,
        )

    def ids(self, suite: Suite) -> VectorIds:
        configurations = self.suites.configurations(suite.name)
        return GivenIds(suite, [configuration.content_hash[:ID_DIGITS] for configuration in configurations])


class MasterSuites(Mapping[str, "Suite | SuiteError"]):
    """The operations of a master as suites, made when they are asked for."""

    def __init__(self, path: Path) -> None:
        self._master = use_master(path)
        self._made: dict[str, Suite | SuiteError] = {}
        self._by_name: dict[str, TracedConfiguration] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._master.operations)

    def __len__(self) -> int:
        return len(self._master.operations)

    def __getitem__(self, operation: str) -> Suite | SuiteError:
        if operation not in self._master.operations:
            raise KeyError(operation)
        if operation not in self._made:
            try:
                self._made[operation] = self._suite(operation)
            except SweepError as error:
                self._made[operation] = SuiteError(str(error))
        return self._made[operation]

    def configurations(self, operation: str) -> tuple[TracedConfiguration, ...]:
        """The distinct configurations of ``operation`` in the order of its suite's vectors. Raises ``MasterError``."""
        return self._master.configurations(operation)

    def _suite(self, operation: str) -> Suite:
        configurations = self.configurations(operation)
        self._by_name.update((configuration.name, configuration) for configuration in configurations)
        names, rows = suite_rows(operation, configurations, judges=False)
        return Suite(operation, (Axis(tuple(names), tuple(rows)),))

    def runner(self) -> Callable[..., object]:
        """The ``run`` of every suite; what a vector has besides its name is for people and conditions."""

        def run(traced_config_name: str, *, device: Any, **shown: object) -> object:
            __tracebackhide__ = True
            return run_configuration(self._by_name[traced_config_name], device)

        return run
