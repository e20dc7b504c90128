"""The names that pytest keeps private and that sweeps can't do without, each read in one place, each with a fallback.

Imported in every pytest run: nothing heavy. Serves pytest 7.2.2 to 9.x.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from pytest_ttnn_sweeps.errors import SweepError

Matcher = Callable[[str], bool]


def fixtureinfo_of(item: pytest.Function) -> Any:
    """The item's resolved fixtures, to share among the items of a suite: it saves 60 % of their creation time.

    None, which makes pytest resolve them anew for each item, where a release renames the attribute.
    """
    return getattr(item, "_fixtureinfo", None)


def compile_expression(text: str) -> Callable[[Matcher], bool] | None:
    """A ``-k`` or ``-m`` expression as a function of which identifiers match; None where it can't be judged early."""
    try:
        from _pytest.mark.expression import Expression

        compiled = Expression.compile(text)
    except Exception:  # noqa: BLE001 - pytest reports a wrong expression itself, with its own words
        return None

    def evaluate(matches: Matcher) -> bool:
        # Expressions on marks with arguments (pytest 8.3+) pass them by keyword: what they select can't be known early.
        return bool(compiled.evaluate(lambda name, /, **arguments: bool(arguments) or matches(name)))

    return evaluate


def break_cycles(session: pytest.Session) -> None:
    """Let go of a finished session's items, and these of the fixture requests that point back at them."""
    # xdist's controller lacks them before pytest 8.
    for item in getattr(session, "items", ()):
        if hasattr(item, "_request"):
            item._request = None
    session.items = []


def forget_passed_phase(reporter: Any, report: pytest.TestReport) -> None:
    """Drop the report of a passed set-up or teardown from the terminal's memory.

    The terminal searches all of them for every failure it shows, which makes 10,000 failures take half a minute.
    """
    kept = getattr(reporter, "stats", {}).get("")
    if kept and kept[-1] is report:
        kept.pop()


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a user's mistake into pytest's own: one line and exit code 4."""
    try:
        yield
    except SweepError as error:
        raise pytest.UsageError(str(error)) from None


def tell_workers(config: pytest.Config, line: str) -> None:
    """Say ``line`` in the place of xdist's own about its workers, which takes one worker's items for all there are."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    theirs = config.pluginmanager.getplugin("terminaldistreporter")
    if reporter is None or config.option.verbose < 0:
        return
    if theirs is not None and getattr(theirs, "_isatty", False):
        theirs.rewrite(line, newline=True)
    else:
        reporter.write_line(line)


def tell(config: pytest.Config, line: str) -> None:
    """Say ``line`` in the terminal, where this process has one and isn't to be quiet."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or config.option.verbose < 0 or is_worker(config):
        return
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
        reporter.ensure_newline()
        # The dots of xdist's workers belong to no file, which is what the reporter goes by.
        if getattr(getattr(reporter, "_tw", None), "width_of_current_line", 0):
            reporter.write_line("")
        reporter.write_line(line)


def stop(session: pytest.Session, reason: str) -> None:
    """End the run after the item that is running; xdist's controller goes by a flag of its own."""
    session.shouldstop = reason
    controller = session.config.pluginmanager.getplugin("dsession")
    if controller is not None:
        controller.shouldstop = reason


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is an xdist worker."""
    return hasattr(config, "workerinput")


def worker_input(config: pytest.Config) -> dict[str, Any]:
    """What xdist's controller gave this worker; nothing in any other process."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return given


def is_controller(config: pytest.Config) -> bool:
    """Whether xdist's workers run this process's tests. ``--dist`` alone, as in ``addopts``, starts none."""
    return config.getoption("dist", "no") != "no" and bool(config.getoption("tx", [])) and not is_worker(config)


def skip(reason: str) -> NoReturn:
    """Skip the running item; the report names the item's own place, not that of this call."""
    raise pytest.skip.Exception(reason, _use_item_location=True)


def make_skip(call: pytest.CallInfo[None], reason: str) -> None:
    """Make a skip of a test's phase that raised."""
    call.excinfo = pytest.CallInfo.from_call(lambda: skip(reason), when="call").excinfo


def failure_text(text: str, path: Path, line: int, message: str) -> Any:
    """A failure that shows ``text`` and whose one-line summary is ``message``; crosses xdist as pytest's own do."""
    from _pytest._code.code import ExceptionChainRepr, ReprEntryNative, ReprFileLocation, ReprTraceback

    shown = ReprTraceback([ReprEntryNative([text])], None, style="native")
    return ExceptionChainRepr([(shown, ReprFileLocation(str(path), line, message), None)])


def put_first(shown: Any, text: str, *, summary: str | None) -> Any:
    """A failure that pytest shows as ``shown``, below ``text``, and with ``summary`` for its line in the summary."""
    from _pytest._code.code import ReprEntryNative

    if isinstance(shown, str):
        return f"{text}\n{shown}"
    chain = getattr(shown, "chain", None)
    first = chain[0][0] if chain else getattr(shown, "reprtraceback", None)
    if first is not None:
        first.reprentries = [ReprEntryNative([text]), *first.reprentries]
    if summary is not None and getattr(shown, "reprcrash", None) is not None:
        shown.reprcrash.message = summary
    return shown


@contextmanager
def recorded_warnings(item: pytest.Item) -> Iterator[list[warnings.WarningMessage]]:
    """Catch a block's warnings into a list, under the filters of configuration and item that pytest puts around items.

    The list stays empty where pytest's plugin for warnings is off.
    """
    found: list[warnings.WarningMessage] = []
    if not item.config.pluginmanager.has_plugin("warnings"):
        yield found
        return
    hooks = SimpleNamespace(
        pytest_warning_recorded=SimpleNamespace(call_historic=lambda *, kwargs: found.append(kwargs["warning_message"]))
    )
    try:
        from _pytest.warnings import catch_warnings_for_item
    except ImportError:
        with warnings.catch_warnings(record=True) as log:
            yield found
        found += log
        return
    with catch_warnings_for_item(config=item.config, ihook=hooks, when="runtest", item=item):
        yield found
