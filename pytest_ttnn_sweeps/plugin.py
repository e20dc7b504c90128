"""The pytest face: hooks, each of which calls a room of the package.

Loaded in every pytest run. It imports the rooms only when there is a sweep: no torch, ttnn, pydantic or pandas here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat, hookspecs, settings
from pytest_ttnn_sweeps.collection import AWAITED_RESET, PROVIDER, SESSION

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession


def pytest_addoption(parser: pytest.Parser) -> None:
    settings.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    if AWAITED_RESET in os.environ:
        import_module("pytest_ttnn_sweeps.collection.workers").wait_for_reset()
    # ttnn reads its environment once, and a conftest may import it.
    given = early_config.known_args_namespace
    requested = getattr(given, "sweep_device", None) or "auto"
    validates = bool(getattr(given, "sweep_validate_only", None))
    if validates or requested.startswith("mock"):
        from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw

        with _compat.usage_errors():
            early_config.stash[PROVIDER] = provider = choose(requested, only_validates=validates)
            offer = provide(provider)
        early_config.add_cleanup(lambda: withdraw(offer))
    if getattr(given, "sweep_device_perf", None) or getattr(given, "sweep_watcher", None) is not None:
        from pytest_ttnn_sweeps.devices.debug_environment import wanted
        from pytest_ttnn_sweeps.devices.process_environment import EnvironmentChange

        change = EnvironmentChange(wanted(device_perf=bool(given.sweep_device_perf), watcher=given.sweep_watcher))
        early_config.add_cleanup(change.undo)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sweep: vectors of sweep modules")
    if settings.concern(config) or (_compat.is_controller(config) and _names_sweep(config)):
        _begin(config)


def _begin(config: pytest.Config) -> SweepSession:
    """The session's sweeps; made when the first sign of one appears."""
    from pytest_ttnn_sweeps.collection.session import SweepSession
    from pytest_ttnn_sweeps.terminal import SweepReporter

    if SESSION not in config.stash:
        config.stash[SESSION] = session = SweepSession(config)
        session.files.claim_file_patterns()
        config.pluginmanager.register(import_module("pytest_ttnn_sweeps.fixtures"), "ttnn_sweeps_fixtures")
        config.pluginmanager.register(SweepReporter(config), "ttnn_sweeps_terminal")
        for part in ("workers", "watch", "recording", "measuring", "performance"):
            import_module(f"pytest_ttnn_sweeps.collection.{part}").register(config, session)
        if session.settings.dist is not None:
            parts = import_module("pytest_ttnn_sweeps.collection.distribution").WorkerParts()
            config.pluginmanager.register(parts, "ttnn_sweeps_parts")
        if session.settings.trace is not None:
            with _compat.usage_errors():
                import_module("pytest_ttnn_sweeps.collection.tracing").register(config, session)
    return config.stash[SESSION]


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, Any, None]:
    sweeps = session.config.stash.get(SESSION, None)
    if sweeps is None:
        yield
        return
    with _compat.usage_errors():
        sweeps.check()
    sweeps.garbage.pause()
    with sweeps.unanswerable_breakpoints_ignored():
        yield
    sweeps.garbage.resume(session)


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, None]:
    outcome = yield
    sweeps = collector.config.stash.get(SESSION, None)
    if sweeps is not None and outcome.get_result().failed:
        sweeps.note_uncollected(collector)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    sweeps = session.config.stash.get(SESSION, None)
    if sweeps is not None and sweeps.can_run_the_rest(session):
        session.config.option.continue_on_collection_errors = True


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    sweeps = session.config.stash.get(SESSION, None)
    if sweeps is None or _compat.is_worker(session.config):
        return
    # A module that can't be imported might have had what was asked for, and what pytest didn't find is its own error,
    # which is on its way while this hook runs. A worker leaves it to the controller to complain.
    if not session.testsfailed and sys.exc_info()[0] is None:
        with _compat.usage_errors():
            sweeps.complain()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    # A helper that lies beside sweeps is neither a test nor worth an import.
    sweeps = config.stash.get(SESSION, None)
    return True if sweeps is not None and sweeps.files.is_helper(collection_path) else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    sweeps = parent.config.stash.get(SESSION, None)
    if sweeps is None and not (parent.session.isinitpath(module_path) and _is_named_sweep(module_path, parent.config)):
        return None
    sweeps = sweeps or _begin(parent.config)
    if not sweeps.files.is_sweep(module_path, named=parent.session.isinitpath(module_path)):
        return None
    from pytest_ttnn_sweeps.collection.nodes import SweepModule

    module: pytest.Module = SweepModule.from_parent(parent, path=module_path)
    return module


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect a master of traced configurations as tests. Asked of every file: any but a JSON file is passed over."""
    if file_path.suffix != ".json":
        return None
    named = parent.session.isinitpath(file_path)
    sweeps = parent.config.stash.get(SESSION, None)
    if sweeps is None and not (named and _is_named_master(file_path)):
        return None
    sweeps = sweeps or _begin(parent.config)
    if not sweeps.files.is_master(file_path, named=named):
        return None
    from pytest_ttnn_sweeps.collection.nodes import SweepModule

    module: pytest.Module = SweepModule.from_parent(parent, path=file_path)
    return module


def _is_named_master(path: Path) -> bool:
    """Whether ``path``, which the command line names, is a master or was to be one."""
    from pytest_ttnn_sweeps.collection.masters import read_master_source

    return read_master_source(path) is not None


def _names_sweep(config: pytest.Config) -> bool:
    """Whether the command line names a sweep module or a master: xdist's controller collects none that would show."""
    named = (Path(os.path.abspath(config.invocation_params.dir / text.partition("::")[0])) for text in config.args)
    return any(
        _is_named_master(path) if path.suffix == ".json" else path.suffix == ".py" and _is_named_sweep(path, config)
        for path in named
        if path.is_file()
    )


def _is_named_sweep(path: Path, config: pytest.Config) -> bool:
    """Whether ``path``, which the command line names, is a sweep module, in a session that knows of none yet."""
    if any(path.match(pattern) for pattern in config.getini("python_files")):
        return False
    from pytest_ttnn_sweeps.vectors.source import read_source

    try:
        return read_source(path) is not None
    except (SyntaxError, OSError):
        return False


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    sweeps = item.config.stash.get(SESSION, None)
    if sweeps is not None:
        sweeps.devices.make_way(item)


@pytest.fixture(scope="module")
def ttnn_device(request: pytest.FixtureRequest) -> Any:
    """The device that sweeps run on, for ordinary tests: in a sweep module its own, elsewhere the shared device 0.

    ``import ttnn`` gives the wheel or the emulation from here on, as ``--sweep-device`` says.
    """
    sweeps = _begin(request.config)
    from pytest_ttnn_sweeps.collection.workers import claim
    from pytest_ttnn_sweeps.errors import SweepError

    try:
        sweeps.devices.offer_ttnn()
        claim(sweeps)
    except SweepError as error:
        pytest.fail(str(error), pytrace=False)
    return request.getfixturevalue("sweep_device")


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    # By name: few runs have a mock device. In vectors it is a skip before it gets here.
    if call.excinfo is not None and call.excinfo.typename == "NoGoldenValue":
        _compat.make_skip(call, str(call.excinfo.value))
    outcome = yield
    if SESSION in item.config.stash:
        from pytest_ttnn_sweeps.collection.item import SweepItem
        from pytest_ttnn_sweeps.collection.reports import attach

        if isinstance(item, SweepItem):
            attach(item, call, outcome.get_result())


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item) -> bool | None:
    """Keep pytest-timeout from timing a vector's whole test: a vector's clock starts with `run`."""
    if SESSION not in item.config.stash:
        return None
    from pytest_ttnn_sweeps.collection.deadlines import is_armed
    from pytest_ttnn_sweeps.collection.item import SweepItem

    return True if isinstance(item, SweepItem) and not is_armed(item) else None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    sweeps = session.config.stash.get(SESSION, None)
    if sweeps is not None:
        sweeps.devices.close_at_last()
        if _compat.is_worker(session.config):
            session.config.workeroutput["ttnn_sweeps"] = sweeps.findings()  # type: ignore[attr-defined]
