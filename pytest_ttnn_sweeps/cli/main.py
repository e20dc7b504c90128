"""The command line: one sub-command a module, and mistakes in one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pytest_ttnn_sweeps import __version__
from pytest_ttnn_sweeps.cli import doctor, matrix, ops, replay, results, runs, trace, vectors
from pytest_ttnn_sweeps.errors import SweepError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``ttnn-sweeps``; the exit status is 0, 1 for a command that found trouble, 2 for a mistake in its use, 130
    for Ctrl-C."""
    parser = argparse.ArgumentParser(prog="ttnn-sweeps", description="Look at TTNN sweeps outside pytest")
    parser.add_argument("--version", action="version", version=f"pytest-ttnn-sweeps {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (doctor, matrix, trace, ops, vectors, runs, results, replay):
        command.add_parser(commands)
    options = parser.parse_args(ops.with_action(sys.argv[1:] if arguments is None else arguments))
    try:
        status: int = options.run(options)
    except SweepError as error:
        print(f"ttnn-sweeps: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of a pipe has seen enough.
        sys.stderr.close()
        return 0
    except OSError as error:
        # Of a place that the command line names: a directory in a file's stead, a file system that can't be written.
        place = f"{error.filename}: " if error.filename is not None else ""
        print(f"ttnn-sweeps: {place}{error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status
