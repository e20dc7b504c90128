"""``ttnn-sweeps ops``: traced configurations and the masters that hold them, one action a module.

``ttnn-sweeps ops`` alone is ``ops list``, and ``ttnn-sweeps ops sigmoid_accurate`` is ``ops show sigmoid_accurate``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from pytest_ttnn_sweeps.cli import (
    ops_coverage,
    ops_diff,
    ops_gaps,
    ops_list,
    ops_merge,
    ops_migrate,
    ops_models,
    ops_prune,
    ops_schema,
    ops_show,
    ops_validate,
)

_ACTIONS = (
    ops_list,
    ops_show,
    ops_models,
    ops_coverage,
    ops_gaps,
    ops_diff,
    ops_merge,
    ops_migrate,
    ops_prune,
    ops_validate,
    ops_schema,
)
"""A module each, with ``NAME`` and ``add_parser(actions)``, which sets ``run``."""
_OPTIONS_WITH_VALUE = ("--master", "--model", "--dtype", "--memory", "--board")
"""What may stand before an operation's name without an action."""


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "ops",
        help="Look at traced operations, and keep masters",
        usage="ttnn-sweeps ops [OPERATION | ACTION ...] [-h]",
        description="Without an action the operations are listed; with an operation's name it is shown.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True, prog="ttnn-sweeps ops")
    for action in _ACTIONS:
        action.add_parser(actions)


def with_action(arguments: Sequence[str]) -> list[str]:
    """The command line with the action that ``ops`` and ``ops OPERATION`` leave out; any other as it is."""
    given = list(arguments)
    if given[:1] != ["ops"]:
        return given
    words = _words(given[1:])
    if given[1:2] in (["-h"], ["--help"]) or (words and words[0] in [action.NAME for action in _ACTIONS]):
        return given
    return ["ops", ops_show.NAME if words else ops_list.NAME, *given[1:]]


def _words(arguments: Sequence[str]) -> list[str]:
    """What is neither an option nor the value of one."""
    return [
        text
        for before, text in zip(["", *arguments], arguments)
        if not text.startswith("-") and before not in _OPTIONS_WITH_VALUE
    ]
