"""Counting vectors as pytest would select them, without making items: pytest's own collection with an ear in it.

Roots, rootdir, conftests, import paths and every option are found as in a run, because it is one; it ends where items
would begin.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import SESSION, TALLY
from pytest_ttnn_sweeps.collection.expressions import keyword_verdict
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.batches import Load
from pytest_ttnn_sweeps.vectors.shards import name_key

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.choice import Choice
    from pytest_ttnn_sweeps.collection.nodes import SweepSuite


class Tally:
    """What a selection has to run, suite by suite; a plugin of one pytest session."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.loads: list[Load] = []
        self.broken: dict[str, str] = {}
        """What each module or suite that can't be collected said, in one line, by its node id."""
        self.rootdir = Path()
        self._paths = list(paths)
        self._strange: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[TALLY] = self
        self.rootdir = config.rootpath
        given = list(getattr(config.known_args_namespace, "file_or_dir", None) or [])
        self._strange = [text for text in given if text not in self._paths]

    def pytest_sessionstart(self) -> None:
        if self._strange:
            msg = f"{self._strange[0]!r} among pytest's options is a path; name it before them"
            raise pytest.UsageError(msg)

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        # Ordinary tests aren't counted, so they needn't be imported.
        sweeps = config.stash.get(SESSION, None)
        ordinary = sweeps is None or not sweeps.files.is_sweep(collection_path, named=False)
        named = str(collection_path) in {os.path.abspath(path) for path in self._paths}
        return True if collection_path.is_file() and ordinary and not named else None

    def pytest_exception_interact(self, node: Any, call: pytest.CallInfo[Any], report: Any) -> None:
        from pytest_ttnn_sweeps.collection.nodes import SweepModule, SweepSuite

        if not isinstance(node, (SweepModule, SweepSuite)):
            return
        module = node if isinstance(node, SweepModule) else node.parent
        path, _, suite = node.nodeid.partition("::")
        lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
        self.broken[node.nodeid] = lines[-1].strip() if lines else str(call.excinfo)
        self.loads.append(Load(module=module.module_name, suite=suite, path=path))

    def count(self, suite: SweepSuite, choice: Choice) -> None:
        """Note what ``suite`` has to run; nothing where that is nothing."""
        path, _, name = suite.nodeid.partition("::")
        keys = array("Q", map(name_key, _matching(suite, choice.names)))
        if keys:
            self.loads.append(Load(module=suite.parent.module_name, suite=name, path=path, keys=keys))


def _matching(suite: SweepSuite, names: Sequence[str]) -> Sequence[str]:
    """Those of ``names`` that ``-k`` matches: a word such as ``add`` may be a part of an id as well."""
    keyword = suite.config.option.keyword or ""
    evaluate = _compat.compile_expression(keyword) if keyword.strip() else None
    if evaluate is None:
        return names
    words = [parent.name for parent in suite.listchain()[1:]] + [mark.name for mark in suite.iter_markers()]
    verdict = lru_cache(maxsize=None)(keyword_verdict([*words, *suite.listextrakeywords()]))

    def matches(name: str, identifier: str) -> bool:
        known = verdict(identifier)
        return identifier.casefold() in name if known is None else known

    return [name for name in names if evaluate(partial(matches, name))]


def tally(paths: Sequence[str], options: Sequence[str]) -> Tally:
    """Count what ``pytest PATHS OPTIONS`` would run. Raises ``SweepError`` where pytest refuses them.

    pytest's own words about wrong usage have then gone to standard error.
    """
    counted = Tally(paths)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        # Nothing is asserted, and pytest would warn that this package, imported before it, can't be rewritten.
        fixed = ["-p", "ttnn_sweeps", "--assert=plain", "--collect-only", "-q", "--continue-on-collection-errors"]
        status = pytest.main([*fixed, *paths, *options], plugins=[counted])
    if status in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
        msg = "pytest can't collect that; its own words are above"
        raise SweepError(msg)
    return counted
