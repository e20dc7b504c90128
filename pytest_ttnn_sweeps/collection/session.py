"""What one pytest session knows about its sweeps: settings, plan, imported modules, counts."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import debugging
from pytest_ttnn_sweeps.collection.arguments import NodeIds, Wanted
from pytest_ttnn_sweeps.collection.distribution import check_distribution, worker_shard
from pytest_ttnn_sweeps.collection.garbage import PausedCollector
from pytest_ttnn_sweeps.collection.imports import SweepImports
from pytest_ttnn_sweeps.collection.isolation import check_isolation
from pytest_ttnn_sweeps.collection.plan import SelectionPlan
from pytest_ttnn_sweeps.collection.requiring import asked_for
from pytest_ttnn_sweeps.collection.resuming import EarlierRecords, EarlierRun
from pytest_ttnn_sweeps.collection.session_devices import SessionDevices
from pytest_ttnn_sweeps.collection.sweep_files import MASTER_SUFFIX, SweepFiles
from pytest_ttnn_sweeps.collection.validating import check_validation
from pytest_ttnn_sweeps.collection.vector_files import VectorFiles
from pytest_ttnn_sweeps.devices.allocation import restore_torch
from pytest_ttnn_sweeps.devices.debug_support import check_device_perf, check_options, check_watcher
from pytest_ttnn_sweeps.devices.provider import check_request, check_torch_device
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import destinations
from pytest_ttnn_sweeps.settings import Settings
from pytest_ttnn_sweeps.traced import set_default_master
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, import_sweep
from pytest_ttnn_sweeps.vectors.shards import EVERYTHING, Shard, parse_shard
from pytest_ttnn_sweeps.vectors.source import SweepSource
from pytest_ttnn_sweeps.vectors.suite import Suite


@dataclass
class SuiteCounts:
    """How the vectors of one suite were chosen; what isn't an item is counted here and nowhere else."""

    module: str
    suite: str
    vectors: int
    items: int
    duplicates: int
    invalid: dict[str, int]
    """Numbers of invalid vectors by reason."""
    hidden: int
    """Vectors that an editor's tree doesn't show."""
    others: int
    """Vectors that ``--sweep-shard`` leaves to other runs, valid or not."""
    recorded: int = 0
    """Vectors that the records of an earlier run leave out."""
    strange: int = 0
    """Vectors that the run which is resumed did not select."""


class SweepSession:
    """The sweeps of one pytest session."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings = Settings.from_config(config)
        self.counts: list[SuiteCounts] = []
        self.others_named = 0
        """Node ids on the command line that other shards have."""
        self.dropped_arguments = False
        self.files = SweepFiles(config, self.settings)
        self.devices = SessionDevices(self)
        self.garbage = PausedCollector(config)
        self._definitions: dict[Path, SweepDefinition] = {}
        self._uncollected = 0
        self._former_master = set_default_master(self.settings.master, below=config.rootpath)
        self._imports = SweepImports(config.rootpath)

    @cached_property
    def run_shard(self) -> Shard:
        """The part of all vectors that this run has. Raises ``SweepError`` for one that can't be read."""
        return parse_shard(self.settings.shard) if self.settings.shard is not None else EVERYTHING

    @cached_property
    def own_shard(self) -> Shard:
        """The part that this process has."""
        return worker_shard(self.config, self.run_shard)

    @cached_property
    def plan(self) -> SelectionPlan:
        self._leave_to_others()
        return SelectionPlan.from_config(self.config, self.settings, run_shard=self.run_shard, own_shard=self.own_shard)

    def _leave_to_others(self) -> None:
        """Take the node ids of other shards' vectors off the command line, where pytest would not find them."""
        own = []
        for text in self.config.args:
            path, *names = text.split("::")
            if len(names) == 2 and not self.own_shard.has(names[1]):
                file = Path(os.path.abspath(self.config.invocation_params.dir / path))
                if isinstance(self.files.source(file), SweepSource):
                    self.others_named += not self.run_shard.has(names[1])
                    self.dropped_arguments = True
                    continue
            own.append(text)
        self.config.args[:] = own

    @cached_property
    def earlier_run(self) -> EarlierRun | None:
        """The run that this one resumes or picks from. Raises ``SweepError`` where there is none of that name."""
        return EarlierRun.of(self.config, self.settings)

    def find_what_is_resumed(self) -> None:
        """Where no path is given, collect the files of the run that is resumed. Raises ``SweepError``."""
        if self.settings.resume is None or self.config.known_args_namespace.file_or_dir:
            return
        assert self.earlier_run is not None
        selection = self.earlier_run.selection
        if selection is not None:
            files = [self.config.rootpath / path for path in selection.paths]
            # What isn't there any more is told as not reached.
            self.config.args[:] = [str(file) for file in files if file.exists()] or self.config.args

    @cached_property
    def earlier_records(self) -> EarlierRecords | None:
        """What the records of ``earlier_run`` leave to run."""
        return EarlierRecords(self.earlier_run, self.settings) if self.earlier_run is not None else None

    @cached_property
    def failed(self) -> NodeIds | None:
        """What ``--lf`` leaves of the sweeps; None where nothing may be left out for it.

        pytest runs everything where none of the failures it remembers exists any more, so one has to be found first.
        """
        failed = self.plan.failed
        if failed is None:
            return None
        return failed if any(self._has_failure(path, wanted) for path, wanted in failed.files.items()) else None

    def _has_failure(self, path: Path, wanted: Wanted) -> bool:
        if not isinstance(self.files.source(path), SweepSource) or not self.plan.arguments.cover(path):
            return False
        try:
            suites = self.definition(path).suites
        except Exception:  # noqa: BLE001 - collecting the module will report it
            return False
        node_name = node_names(suites)
        for name in suites:
            names = wanted.vectors.get(node_name[name], ())
            suite = suites[name] if names else None
            if isinstance(suite, Suite):
                ids = self.definition(path).ids(suite)
                if any(ids.find(vector) for vector in names):
                    return True
        return False

    def last_failed(self, path: Path, suite: str) -> set[str]:
        """Names of the suite's vectors that failed last, by pytest's cache; ``suite`` is its name in node ids."""
        return self._remembered_failures.files.get(path, Wanted()).vectors.get(suite, set())

    @cached_property
    def _remembered_failures(self) -> NodeIds:
        cache = self.config.cache if self.config.pluginmanager.has_plugin("cacheprovider") else None
        return NodeIds(cache.get("cache/lastfailed", {}) if cache else (), self.config.rootpath)

    @cached_property
    def ide_limit(self) -> int | None:
        """How many vectors of a suite an editor is shown; None outside editors."""
        collects_for_vscode = self.config.option.collectonly and self.config.pluginmanager.has_plugin("vscode_pytest")
        return self.settings.ide if self.settings.ide is not None or not collects_for_vscode else 20

    @cached_property
    def vector_files(self) -> VectorFiles | None:
        """The files that the vectors come from; None where they come from the sweep modules."""
        return VectorFiles(self.settings.vectors) if self.settings.vectors is not None else None

    def has_vectors(self, path: Path, module: str) -> bool:
        """Whether there may be vectors of the module; one that is named and has none is to say so."""
        files = self.vector_files
        return files is None or module in files.modules or path in self.plan.arguments.files

    def definition(self, path: Path) -> SweepDefinition:
        """The imported sweep module; imported once a session, whatever it raises passes through."""
        if path not in self._definitions:
            self.devices.offer_ttnn()
            if path.suffix == MASTER_SUFFIX:
                self._definitions[path] = _master(path, place=self.files.relative(path))
                return self._definitions[path]
            root = self.files.import_root(path)
            with self._imports.of(root):
                definition = import_sweep(path, root=root, namespace=root.name, place=self.files.relative(path))
            files = self.vector_files
            self._definitions[path] = definition if files is None else files.applied(definition)
        return self._definitions[path]

    def note_uncollected(self, collector: pytest.Collector) -> None:
        """Remember that collecting ``collector`` failed."""
        if self.files.root_of(collector.path) is not None or collector.path.suffix == MASTER_SUFFIX:
            self._uncollected += 1

    def can_run_the_rest(self, session: pytest.Session) -> bool:
        """Whether all that failed to be collected are sweep modules and suites, and others are there to run.

        One broken module among hundreds must not cost a night's run; ``--maxfail`` and ``-x`` say otherwise.
        """
        return (
            bool(getattr(session, "items", ()))  # which xdist's controller lacks before pytest 8
            and 0 < session.testsfailed == self._uncollected
            and not session.config.option.collectonly
        )

    def check(self) -> None:
        """Find the mistakes that can be found before anything is collected. Raises ``SweepError``."""
        name, _ = check_request(self.settings.device)
        check_torch_device(self.settings.torch_device, name)
        check_validation(self.settings)
        if name != "auto" or self.settings.validate_only:
            # What was asked for by name and can't be had is one mistake, not one for each module.
            _ = self.devices.provider
        self.settings.check()
        check_isolation(self.config, self.settings)
        self._check_debugging()
        check_distribution(self.config, self.settings)
        asked_for(self.settings)
        _ = self.earlier_records
        for url in () if _compat.is_worker(self.config) else self.settings.to:
            destinations.check(destinations.resolve(url))
        if self.vector_files is not None:
            self.vector_files.check(self.settings.roots)
        _ = self.plan

    def _check_debugging(self) -> None:
        settings = self.settings
        check_options(device_perf=settings.device_perf, watcher=settings.watcher)
        if _compat.is_worker(self.config) or self.config.option.collectonly:
            return
        if settings.watcher is not None:
            check_watcher(self.devices.provider)
        if settings.device_perf:
            check_device_perf(self.devices.provider)

    def complain(self) -> None:
        """Raise ``SweepError`` where a selecting option selected nothing."""
        if self.complaints:
            raise SweepError("\n".join(self.complaints))

    @property
    def complaints(self) -> list[str]:
        """One line for each option that selected nothing, as far as this process can know."""
        return self.plan.complaints if "plan" in vars(self) and not self.dropped_arguments else []

    def unanswerable_breakpoints_ignored(self) -> AbstractContextManager[None]:
        """While collecting, pass over ``breakpoint()`` where nobody sits at a terminal to answer the debugger."""
        stdin = sys.__stdin__
        at_terminal = stdin is not None and not stdin.closed and stdin.isatty()
        return nullcontext() if at_terminal else debugging.breakpoints_ignored()

    def close(self) -> None:
        """Undo what the session did to the process."""
        self.devices.withdraw()
        restore_torch()
        path, below = self._former_master
        set_default_master(path, below=below)
        self._imports.withdraw()
        # pytest's own modules keep the configuration to the end of the process, when ttnn's values would be leaks.
        self._definitions.clear()

    def may_run(self) -> bool:
        """Whether the arguments reach any sweep; asked before anything is collected."""
        if self.config.option.collectonly:
            return False
        roots = [root for root in self.settings.roots if root.is_dir()]
        return any(
            any(root.is_relative_to(path) or path.is_relative_to(root) for root in roots) or self.files.is_outside(path)
            for path in self.plan.arguments.files
        )

    def findings(self) -> dict[str, object]:
        """What collecting found, as plain data, for an xdist worker to hand to the controller."""
        return {
            "part": str(self.own_shard) if "own_shard" in vars(self) else "",
            "counts": [asdict(counts) for counts in self.counts],
            "others_named": self.others_named,
            "complaints": self.complaints,
        }


def _master(path: Path, *, place: str) -> SweepDefinition:
    from pytest_ttnn_sweeps.collection.masters import MasterDefinition

    return MasterDefinition(path, place=place)


def node_names(suites: Iterable[str]) -> dict[str, str]:
    """Suite names as parts of node ids, which brackets, separators and foreign letters would break; all different."""
    names: dict[str, str] = {}
    for suite in suites:
        name = plain = re.sub(r"[^A-Za-z0-9_+-]+", "_", suite) or "_"
        number = 1
        while name in names.values():
            number += 1
            name = f"{plain}_{number}"
        names[suite] = name
    return names
