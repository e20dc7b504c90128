"""What one pytest session knows about its sweeps: settings, plan, imported modules, counts."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import debugging, workers
from pytest_ttnn_sweeps.collection.arguments import NodeIds, Wanted
from pytest_ttnn_sweeps.collection.distribution import check_distribution, worker_shard
from pytest_ttnn_sweeps.collection.imports import SweepImports
from pytest_ttnn_sweeps.collection.isolation import Isolation, check_isolation
from pytest_ttnn_sweeps.collection.plan import SelectionPlan
from pytest_ttnn_sweeps.collection.resuming import EarlierRecords, EarlierRun
from pytest_ttnn_sweeps.collection.vector_files import VectorFiles
from pytest_ttnn_sweeps.devices.allocation import restore_torch
from pytest_ttnn_sweeps.devices.lease import Claims, Lease, host_devices, lock_directory
from pytest_ttnn_sweeps.devices.provider import (
    EmulationFinder,
    Provider,
    check_request,
    check_torch_device,
    choose,
    provide,
    withdraw,
)
from pytest_ttnn_sweeps.devices.reset import BoardReset, reset_command
from pytest_ttnn_sweeps.devices.session import Devices, DeviceSessions
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.options import Settings
from pytest_ttnn_sweeps.results import destinations
from pytest_ttnn_sweeps.traced import set_default_master
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, import_sweep
from pytest_ttnn_sweeps.vectors.shards import EVERYTHING, Shard, parse_shard
from pytest_ttnn_sweeps.vectors.source import SweepSource, read_source
from pytest_ttnn_sweeps.vectors.suite import Suite

_FALLBACK_ROOT = "sweeps"
_DEVICE_FIXTURES = frozenset({"sweep_device", "ttnn_device"})


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


class SweepSession:
    """The sweeps of one pytest session."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings = Settings.from_config(config)
        self.counts: list[SuiteCounts] = []
        self.others_named = 0
        """Node ids on the command line that other shards have."""
        self.dropped_arguments = False
        self._sources: dict[Path, SweepSource | SyntaxError | None] = {}
        self._definitions: dict[Path, SweepDefinition] = {}
        self._uncollected = 0
        self._paused_gc = False
        self._unfreeze_at_last = ExitStack()
        config.add_cleanup(self._unfreeze_at_last.close)
        self._former_master = set_default_master(self.settings.master, below=config.rootpath)
        self._finder: EmulationFinder | None = None
        self._has_told = False
        self.device_is_held = False
        """Whether a fixture of the module that is running has the device."""
        self._own_patterns: list[str] = []
        self._isolation: Isolation | None = None
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
                if isinstance(self.source(file), SweepSource):
                    self.others_named += not self.run_shard.has(names[1])
                    self.dropped_arguments = True
                    continue
            own.append(text)
        self.config.args[:] = own

    @cached_property
    def earlier_run(self) -> EarlierRun | None:
        """The run that this one resumes or picks from. Raises ``SweepError`` where there is none of that name."""
        return EarlierRun.of(self.config, self.settings)

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
        if not isinstance(self.source(path), SweepSource) or not self.plan.arguments.cover(path):
            return False
        try:
            suites = self.definition(path).suites
        except Exception:  # noqa: BLE001 - collecting the module will report it
            return False
        node_name = node_names(suites)
        for name, suite in suites.items():
            names = wanted.vectors.get(node_name[name], ())
            if isinstance(suite, Suite) and names:
                ids = VectorIds(suite, place=self.relative(path))
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

    def source(self, path: Path) -> SweepSource | SyntaxError | None:
        """The static facts of the sweep module in ``path``; None for another file, the error for one Python rejects."""
        if path not in self._sources:
            try:
                source = read_source(path)
                if source is not None and self.settings.vectors is not None:
                    # The source doesn't tell which suites the files have.
                    source = replace(source, suites_are_complete=False)
                self._sources[path] = source
            except SyntaxError as error:
                self._sources[path] = error
            except (OSError, ValueError):
                self._sources[path] = None
        return self._sources[path]

    @cached_property
    def vector_files(self) -> VectorFiles | None:
        """The files that the vectors come from; None where they come from the sweep modules."""
        return VectorFiles(self.settings.vectors) if self.settings.vectors is not None else None

    def has_vectors(self, path: Path, module: str) -> bool:
        """Whether there may be vectors of the module; one that is named and has none is to say so."""
        files = self.vector_files
        return files is None or module in files.modules or path in self.plan.arguments.files

    def root_of(self, path: Path) -> Path | None:
        """The configured sweeps root above ``path``."""
        return next((root for root in self.settings.roots if path.is_relative_to(root)), None)

    def import_root(self, path: Path) -> Path:
        """The directory that the dotted name of the sweep module in ``path`` counts from."""
        named = next((parent for parent in path.parents if parent.name == _FALLBACK_ROOT), path.parent)
        return self.root_of(path) or named

    @cached_property
    def provider(self) -> Provider:
        """What ``import ttnn`` gives; chosen when it is first asked for. Raises ``ProviderError``."""
        return workers.provider_of(self.config) or choose(self.settings.device)

    def definition(self, path: Path) -> SweepDefinition:
        """The imported sweep module; imported once a session, whatever it raises passes through."""
        if path not in self._definitions:
            if self._finder is None:
                self._finder = provide(self.provider, self.settings.torch_device)
            root = self.import_root(path)
            with self._imports.of(root):
                definition = import_sweep(path, root=root, namespace=root.name, place=self.relative(path))
            files = self.vector_files
            self._definitions[path] = definition if files is None else files.applied(definition)
        return self._definitions[path]

    def note_uncollected(self, collector: pytest.Collector) -> None:
        """Remember that collecting ``collector`` failed."""
        if self.root_of(collector.path) is not None:
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
        if name != "auto":
            # What was asked for by name and can't be had is one mistake, not one for each module.
            _ = self.provider
        check_isolation(self.config, self.settings)
        check_distribution(self.config, self.settings)
        _ = self.earlier_records
        for url in () if _compat.is_worker(self.config) else self.settings.to:
            destinations.check(destinations.resolve(url))
        if self.vector_files is not None:
            self.vector_files.check(self.settings.roots)
        _ = self.plan

    def complain(self) -> None:
        """Raise ``SweepError`` where a selecting option selected nothing."""
        if self.complaints:
            raise SweepError("\n".join(self.complaints))

    @property
    def complaints(self) -> list[str]:
        """One line for each option that selected nothing, as far as this process can know."""
        return self.plan.complaints if "plan" in vars(self) and not self.dropped_arguments else []

    def is_sweep(self, path: Path, *, named: bool) -> bool:
        """Whether pytest shall collect ``path`` as a sweep module; ``named`` on the command line or below a root."""
        if not (named or self.root_of(path)) or (self.is_ordinary_test_file(path) and not self.root_of(path)):
            return False
        source = self.source(path)
        return source is not None and (self.root_of(path) is not None or isinstance(source, SweepSource))

    def is_helper(self, path: Path) -> bool:
        """Whether ``path`` is Python below a sweeps root that neither is a sweep module nor looks like a test."""
        return (
            path.suffix == ".py"
            and path.name not in ("__init__.py", "conftest.py")
            and self.root_of(path) is not None
            and not self.is_ordinary_test_file(path)
            and self.source(path) is None
        )

    def relative(self, path: Path) -> str:
        """``path`` as errors show it: from the rootdir on where it lies below."""
        root = self.config.rootpath
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

    def claim_file_patterns(self) -> None:
        """Make pytest collect and rewrite the Python files of the sweeps roots: one way in, whatever is named."""
        self._own_patterns = [f"{_escaped(root)}/*.py" for root in self.settings.roots if root.is_dir()]
        for pattern in self._own_patterns:
            self.config.addinivalue_line("python_files", pattern)

    def is_ordinary_test_file(self, path: Path) -> bool:
        """Whether the project's own ``python_files`` ask for ``path``."""
        patterns = [pattern for pattern in self.config.getini("python_files") if pattern not in self._own_patterns]
        return any(path.match(pattern) for pattern in patterns)

    def unanswerable_breakpoints_ignored(self) -> AbstractContextManager[None]:
        """While collecting, pass over ``breakpoint()`` where nobody sits at a terminal to answer the debugger."""
        stdin = sys.__stdin__
        at_terminal = stdin is not None and not stdin.closed and stdin.isatty()
        return nullcontext() if at_terminal else debugging.breakpoints_ignored()

    def pause_gc(self) -> None:
        """Stop the cyclic collector: while many items are made it takes 60 % of the time and finds nothing."""
        if gc.isenabled():
            gc.disable()
            self._paused_gc = True

    def resume_gc(self, session: pytest.Session) -> None:
        if self._paused_gc:
            # Frozen, the items aren't searched again and again for the rest of the session.
            gc.freeze()
            gc.enable()
            self._paused_gc = False
            # What stays frozen would miss the last collections before the interpreter exits. pytest's own last ones,
            # though, which look for unraisable exceptions, take seconds with all items: cleanups run in reverse order.
            self._unfreeze_at_last.callback(gc.unfreeze)
            # Nor need they search the items: without cycles these go when nobody holds them any more.
            self._unfreeze_at_last.callback(_compat.break_cycles, session)

    def close(self) -> None:
        """Undo what the session did to the process."""
        withdraw(self._finder)
        restore_torch()
        if "claims" in vars(self):
            self.claims.release()
        path, below = self._former_master
        set_default_master(path, below=below)
        self._imports.withdraw()

    @cached_property
    def devices(self) -> Devices:
        """Where modules get their device from; an executor whose device is elsewhere puts its own in this place."""
        return self.device_sessions()

    def device_sessions(self) -> DeviceSessions:
        """New device sessions, for the process that is to open the device."""
        return DeviceSessions(lease=self.lease, reset=self.board_reset)

    @cached_property
    def lease(self) -> Lease | None:
        """The right to open this process's devices; None where there is nothing to share."""
        if not self.provider.has_board:
            return None
        given = workers.handed_over(self.config)
        devices = (given["device"] or "").split(",") if given else host_devices()
        return Lease(
            [device for device in devices if device],
            lock_directory(),
            in_turns=bool(given) and self.settings.share_device,
        )

    @cached_property
    def claims(self) -> Claims:
        """The devices that this run keeps other runs off, until it ends."""
        return Claims(lock_directory())

    @property
    def board_reset(self) -> BoardReset | None:
        """What resets the board; None where nothing is to. Raises ``SweepError`` for a command that can't be read."""
        return self._reset_of(self.lease.devices if self.lease is not None else ())

    def _reset_of(self, devices: Sequence[str]) -> BoardReset | None:
        command = reset_command(
            self.settings.reset_command,
            has_board=self.provider.has_board,
            devices=devices,
            boards=len(host_devices({})),
        )
        if command is None:
            return None
        return BoardReset(command, timeout_s=self.settings.reset_timeout, devices=devices)

    def close_devices_at_last(self) -> None:
        """Close what is open at the end of the session; what that raises is a line, and no reason to lose results."""
        try:
            self.close_devices()
        except Exception as error:  # noqa: BLE001 - whatever a fixture does after its yield
            _compat.tell(self.config, f"sweeps: closing the device raised {type(error).__name__}: {error}")

    def sessions_on(self, device: str) -> DeviceSessions:
        """Sessions on one device of the host, for the process that resets it after another's death."""
        return DeviceSessions(lease=Lease([device], lock_directory()), reset=self._reset_of([device]))

    def failed_to_open(self, error: BaseException) -> bool:
        """Whether a device's opening failed with ``error``."""
        local: DeviceSessions | None = vars(self).get("devices")
        return any(holder is not None and holder.failed_to_open(error) for holder in (local, self._isolation))

    def make_way(self, item: pytest.Item) -> None:
        """Close what is open where ``item`` may open a device by itself: two would fight over the one card."""
        if not self.device_is_held and not _DEVICE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            self.close_devices()

    def note_opened(self, device: str) -> None:
        """Say once what the first device is that was opened; of an emulated one the header has told all."""
        if not self._has_told and self.provider.name == "ttnn":
            self._has_told = True
            _compat.tell(self.config, f"sweeps: opened {device}")

    def offer_ttnn(self) -> None:
        """Make ``import ttnn`` give the provider. Raises ``SweepError``."""
        if self._finder is None:
            self._finder = provide(self.provider, self.settings.torch_device)

    def may_run(self) -> bool:
        """Whether the arguments reach any sweep; asked before anything is collected."""
        if self.config.option.collectonly:
            return False
        roots = [root for root in self.settings.roots if root.is_dir()]
        return any(
            any(root.is_relative_to(path) or path.is_relative_to(root) for root in roots) or self._is_outside(path)
            for path in self.plan.arguments.files
        )

    def any_sweep(self, ids: Iterable[str]) -> bool:
        """Whether any of the node ids is a vector's."""
        files = {self.config.rootpath / node_id.partition("::")[0] for node_id in ids}
        return any(isinstance(self.source(path), SweepSource) for path in files if path.suffix == ".py")

    def _is_outside(self, path: Path) -> bool:
        """Whether ``path`` is a sweep module outside the roots."""
        is_candidate = path.suffix == ".py" and not self.is_ordinary_test_file(path)
        return is_candidate and isinstance(self.source(path), SweepSource)

    def close_devices(self) -> None:
        """Close the device sessions that are still open."""
        try:
            if self._isolation is not None:
                self._isolation.close()
        finally:
            if "devices" in vars(self):
                self.devices.close()

    def isolation(self, session: pytest.Session) -> Isolation:
        """Where the vectors of ``session`` run; asked for when the first of them does."""
        if self._isolation is None:
            self._isolation = Isolation(self, session)
        return self._isolation

    def findings(self) -> dict[str, object]:
        """What collecting found, as plain data, for an xdist worker to hand to the controller."""
        return {
            "part": str(self.own_shard) if "own_shard" in vars(self) else "",
            "counts": [asdict(counts) for counts in self.counts],
            "others_named": self.others_named,
            "complaints": self.complaints,
        }


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


def _escaped(path: Path) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))
