"""Which vectors a session is to run: the items that pytest leaves, or what xdist's workers say that they have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps.collection.distribution import part_of
from pytest_ttnn_sweeps.collection.item import SweepItem
from pytest_ttnn_sweeps.collection.session import node_names
from pytest_ttnn_sweeps.collection.sweep_files import MASTER_MODULE, MASTER_SUFFIX
from pytest_ttnn_sweeps.results.selection import SelectedSuite
from pytest_ttnn_sweeps.vectors.identity import NAME_DIGITS, is_id_prefix
from pytest_ttnn_sweeps.vectors.module import module_name
from pytest_ttnn_sweeps.vectors.source import SweepSource

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.nodes import SweepSuite
    from pytest_ttnn_sweeps.collection.session import SweepSession


DUE = "ttnn_sweeps_due"
"""The plugin's name."""


class DueVectors:
    """The plugin that gathers them, in the process that owns the terminal."""

    def __init__(self, sweeps: SweepSession) -> None:
        self._sweeps = sweeps
        self._parts: dict[int | None, list[str]] = {}
        self._uncollected: dict[str, None] = {}
        self.count = 0
        """How many vectors there are; 0 before they are asked for."""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._uncollected.setdefault(report.nodeid)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        # Workers that collect the same, and one that replaces another, say nothing new.
        self._parts.setdefault(part_of(node), ids)

    def suites(self) -> list[SelectedSuite]:
        """The vectors by suite, and what of the sweeps could not be collected; asked when collecting is over.

        Nothing where there are none, or where workers can't tell whose they are.
        """
        found = list(self._of_workers() if self._parts else self._of_items())
        self.count = sum(len(suite.vectors or ()) for suite in found)
        return [*found, *self._not_collected()] if found else []

    def _of_items(self) -> Iterator[SelectedSuite]:
        names: dict[SweepSuite, list[str]] = {}
        last: SweepSuite | None = None
        own: list[str] = []
        session = self._sweeps.config.pluginmanager.get_plugin("session")
        # xdist's controller lacks them before pytest 8.
        for item in getattr(session, "items", ()):
            if isinstance(item, SweepItem):
                if item.parent is not last:
                    last, own = item.parent, names.setdefault(item.parent, [])
                own.append(item.name)
        for suite, vectors in names.items():
            # Node ids needn't tell the path of what lies outside the rootdir.
            path = os.path.relpath(suite.path, self._sweeps.config.rootpath)
            yield SelectedSuite(suite.parent.definition.name, suite.name, path, suite.suite_name, vectors)

    def _of_workers(self) -> Iterator[SelectedSuite]:
        names: dict[str, list[str]] = {}
        for ids in self._parts.values():
            for node_id in ids:
                place, _, name = node_id.rpartition("::")
                names.setdefault(place, []).append(name)
        if any(place.startswith("::") for place in names):
            return
        for place, vectors in names.items():
            path, _, node = place.partition("::")
            if not node or "::" in node or not _are_vectors(vectors):
                continue
            module = self._module(path)
            if module is not None:
                yield SelectedSuite(module, node, path, self._suite_name(path, node), vectors)

    def _not_collected(self) -> Iterator[SelectedSuite]:
        for node_id in self._uncollected:
            path, _, node = node_id.partition("::")
            module = self._module(path) if path else None
            if module is not None:
                yield SelectedSuite(module, node, path)

    def _module(self, path: str) -> str | None:
        """The name of the sweep module at ``path``, or master; None for what is neither."""
        # Node ids of what lies outside the rootdir begin with "..".
        files, file = self._sweeps.files, Path(os.path.abspath(self._sweeps.config.rootpath / path))
        if file.suffix == MASTER_SUFFIX:
            return MASTER_MODULE if files.is_master(file, named=True) else None
        if not file.is_file() or not files.is_sweep(file, named=True):
            return None
        return module_name(file, files.import_root(file))

    def _suite_name(self, path: str, node: str) -> str:
        """What the suite is called, as far as its file tells without being imported."""
        source = self._sweeps.files.source(Path(self._sweeps.config.rootpath, path))
        if not isinstance(source, SweepSource):
            return node
        return {shown: name for name, shown in node_names(source.suite_lines).items()}.get(node, node)


def _are_vectors(names: Iterable[str]) -> bool:
    """Whether these are names of vectors: a class of tests that a sweep file has looks like a suite."""
    return all(len(name) >= NAME_DIGITS and is_id_prefix(name) for name in names)
