"""``ttnn-sweeps trace``: run tests or a script and add what they pass to operations to a master, or read captures."""

from __future__ import annotations

import argparse
import glob
import os
import runpy
import shlex
import sys
import traceback
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from pytest_ttnn_sweeps.devices.provider import choose, provide
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import OperationFilter, default_master_path, record
from pytest_ttnn_sweeps.traced.capture import Capture, read_captures
from pytest_ttnn_sweeps.traced.registry import MASTER_LOCATION
from pytest_ttnn_sweeps.traced.summary import Findings, added_lines, unknown_exclusion_lines
from pytest_ttnn_sweeps.traced.tracer import Trace, listening


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "trace",
        help="Trace model tests, scripts or captures into a master",
        description="Runs pytest with --ttnn-trace on the tests; pytest's output and exit status are its own.",
    )
    parser.add_argument("tests", nargs="*", metavar="TEST", help="Paths, node ids and glob patterns of tests")
    parser.add_argument("--script", nargs=argparse.REMAINDER, metavar="FILE", help="Run this script, with arguments")
    parser.add_argument(
        "--load", nargs="+", default=[], metavar="PATH", help="Read captures: files or directories that tracers wrote"
    )
    parser.add_argument("--master", type=Path, metavar="FILE", help="As of --ttnn-trace")
    parser.add_argument("--jobs", type=int, metavar="N", help="Run the tests in N processes")
    parser.add_argument(
        "--failed", action="store_true", help="Trace tests that fail or are skipped, and scripts that fail, too"
    )
    parser.add_argument("--device", metavar="PROVIDER", help="As --sweep-device")
    parser.add_argument("--source", metavar="NAME", help="The model that a capture is of, where it doesn't say")
    parser.add_argument("--include", action="append", default=[], metavar="NAME", help="As --sweep-trace-include")
    parser.add_argument("--exclude", action="append", default=[], metavar="NAME", help="As --sweep-trace-exclude")
    parser.add_argument("--pytest", default="", metavar="OPTIONS", help="More options for pytest, in one argument")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Trace, and say what was new; pytest's exit status where it ran. Raises ``SweepError`` for mistakes."""
    if sum(map(bool, (options.tests, options.script, options.load))) != 1:
        msg = "trace wants either tests, or --script FILE, or --load PATH"
        raise SweepError(msg)
    if options.tests:
        _run_tests(options)
    master = options.master or default_master_path() or MASTER_LOCATION
    operations = OperationFilter.load(include=options.include, exclude=options.exclude)
    findings = _of_script(options, operations) if options.script else _of_captures(options, operations)
    unknown = operations.unknown_exclusions(options.exclude, findings.excluded)
    print("\n".join([*findings.lines(), *unknown_exclusion_lines(unknown)]))
    if not findings.configurations:
        print(f"No operation was traced; {master} is as it was")
        return 1
    print("\n".join(added_lines(record(master, findings.configurations), str(master))))
    return 0


def _run_tests(options: argparse.Namespace) -> NoReturn:
    """Become pytest, so that its exit status, Ctrl-C and every other signal are its own."""
    if options.jobs is not None and options.jobs < 0:
        msg = f"--jobs {options.jobs}: expected a number of processes, or 0 for pytest's own"
        raise SweepError(msg)
    try:
        given = shlex.split(options.pytest)
    except ValueError as error:
        msg = f"--pytest {options.pytest!r}: {error}"
        raise SweepError(msg) from None
    arguments = ["--ttnn-trace" if options.master is None else f"--ttnn-trace={options.master}"]
    arguments += ["--ttnn-trace-failed"] if options.failed else []
    arguments += [f"--sweep-device={options.device}"] if options.device else []
    arguments += [f"-n{options.jobs}"] if options.jobs is not None else []
    arguments += [f"--sweep-trace-include={name}" for name in options.include]
    arguments += [f"--sweep-trace-exclude={name}" for name in options.exclude]
    command = [sys.executable, "-m", "pytest", *_expanded(options.tests), *given, *arguments]
    sys.stdout.flush()
    os.execv(sys.executable, command)


def _expanded(tests: Iterable[str]) -> list[str]:
    """Node ids and paths, patterns replaced by the files that they fit. Raises ``SweepError`` where none does."""
    expanded = []
    for text in tests:
        path, separator, name = text.partition("::")
        if os.path.exists(path) or not glob.has_magic(path):
            expanded.append(text)
            continue
        found = sorted(glob.glob(path, recursive=True))
        if not found:
            msg = f"no file fits {path}"
            raise SweepError(msg)
        expanded += [f"{file}{separator}{name}" for file in found]
    return expanded


def _of_script(options: argparse.Namespace, operations: OperationFilter) -> Findings:
    path: str = options.script[0]
    if not os.path.isfile(path):
        msg = f"--script {path}: there is no such file"
        raise SweepError(msg)
    provide(choose(options.device or "auto"))
    former, sys.argv = sys.argv, list(options.script)
    sys.path.insert(0, str(Path(path).resolve().parent))
    trace = Trace(operations)
    try:
        with listening(trace):
            runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        if end.code not in (None, 0) and not options.failed:
            msg = f"{path} ended with {end.code}; nothing is added to the master without --failed"
            raise SweepError(msg) from None
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever a script raises
        _print_traceback(error, path)
        if not options.failed:
            msg = f"{path} raised {type(error).__name__}; nothing is added to the master without --failed"
            raise SweepError(msg) from None
    finally:
        sys.argv = former
        del sys.path[0]
    return trace.findings(options.source or path)


def _print_traceback(error: BaseException, path: str) -> None:
    """As Python itself would, without the frames that led to the script."""
    place = error.__traceback__
    while place is not None and place.tb_frame.f_code.co_filename != path:
        place = place.tb_next
    traceback.print_exception(type(error), error, place)


def _of_captures(options: argparse.Namespace, operations: OperationFilter) -> Findings:
    findings = Findings()
    left_out: Counter[str] = Counter()
    for path in options.load:
        for capture in read_captures(path):
            for trouble in capture.troubles:
                print(f"{capture.source or path}: {trouble}", file=sys.stderr)
            if capture.status in (None, "passed") or options.failed:
                findings.add(_findings(capture, operations, options.source or path))
            else:
                left_out[str(capture.status)] += 1
    for status, count in sorted(left_out.items()):
        print(f"left out: {count} captures of tests that {status}; --failed keeps them", file=sys.stderr)
    return findings


def _findings(capture: Capture, operations: OperationFilter, source: str) -> Findings:
    own = [call for call in capture.calls if not call.depth]
    sort = operations.sort(call.operation for call in own)
    calls = [call for call in own if operations.includes(call.operation)]
    context = capture.context(source)
    configurations = [call.configuration((context.execution(count),)) for call, count in Counter(calls).items()]
    return Findings.of(
        configurations,
        excluded=sort.excluded,
        unknown=sort.unknown,
        nested=Counter(call.operation for call in capture.calls if call.depth),
        host=sum(call.is_on_host for call in calls),
    )
