"""The selection plan: what of the sweep tree can be selected at all, asked before anything is imported or expanded.

The plan may keep too much, because pytest filters the items again; it never drops what pytest would have run. It is a
pure function of the command line, the options and the cache, so that every xdist worker comes to the same one.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ttnn_sweeps.collection.arguments import NodeIds
from pytest_ttnn_sweeps.collection.expressions import can_match, keyword_verdict, mark_verdict
from pytest_ttnn_sweeps.collection.marks import registered_marks
from pytest_ttnn_sweeps.settings import Settings
from pytest_ttnn_sweeps.vectors.selection import Condition, parse_condition
from pytest_ttnn_sweeps.vectors.shards import EVERYTHING, Shard

if TYPE_CHECKING:
    import pytest

_HOOKS_THAT_MARK = ("pytest_itemcollected", "pytest_collection_modifyitems", "pytest_pycollect_makeitem")


@dataclass
class Selector:
    """One value of a selecting option; remembers whether anything matched, so that a typo is an error."""

    option: str
    text: str
    matched: bool = False
    offered: set[str] = field(default_factory=set)

    def matches(self, name: str, test: Callable[[str, str], bool]) -> bool:
        self.offered.add(name)
        found = test(name, self.text)
        self.matched |= found
        return found

    def complaint(self) -> str:
        """Why nothing was selected, with the nearest names that exist."""
        if self.option == "--sweep-vector":
            return f"{self.option} {self.text!r} selects nothing: no vector id begins so, no traced name is it"
        verb = "leaves out" if self.option == "--sweep-skip-module" else "selects"
        near = difflib.get_close_matches(self.text, self.offered, n=3, cutoff=0.5) or sorted(self.offered)[:5]
        hint = f"; there is {', '.join(near)}" if near else "; no sweep module was collected"
        return f"{self.option} {self.text!r} {verb} nothing{hint}"


class SelectionPlan:
    """What can be selected. Raises ``SweepError`` for a condition that can't be read."""

    def __init__(
        self,
        settings: Settings,
        *,
        arguments: NodeIds,
        keyword: str = "",
        markexpr: str = "",
        failed: NodeIds | None = None,
        open_marks: Iterable[str] = (),
        run_shard: Shard = EVERYTHING,
        own_shard: Shard = EVERYTHING,
    ) -> None:
        self.arguments = arguments
        self.run_shard = run_shard
        """The part of all vectors that this run has."""
        self.own_shard = own_shard
        """The part that this process has: of its run's, where workers collect a share each."""
        self.failed = failed
        """Node ids that failed last, where ``--lf`` asks for them alone."""
        self.conditions: list[Condition] = [parse_condition(text) for text in settings.where]
        self.vectors = [Selector("--sweep-vector", text) for text in settings.vector]
        self._suites = [Selector("--sweep-suite", text) for text in settings.suite]
        self._modules = [Selector("--sweep-module", text) for text in settings.module]
        self._skipped_modules = [Selector("--sweep-skip-module", text) for text in settings.skip_module]
        self._names = [Selector("--sweep-where", condition.name) for condition in self.conditions]
        self._keyword = keyword
        self._markexpr = markexpr
        self._open_marks = tuple(open_marks)

    @classmethod
    def from_config(
        cls, config: pytest.Config, settings: Settings, *, run_shard: Shard, own_shard: Shard
    ) -> SelectionPlan:
        arguments = NodeIds(config.args, config.invocation_params.dir)
        failed = None
        if config.getoption("lf", False) and config.pluginmanager.has_plugin("cacheprovider") and config.cache:
            failed = NodeIds(config.cache.get("cache/lastfailed", {}), config.rootpath)
        return cls(
            settings,
            arguments=arguments,
            keyword=config.option.keyword or "",
            markexpr=config.option.markexpr or "",
            failed=failed,
            open_marks=_marks_that_hooks_may_add(config),
            run_shard=run_shard,
            own_shard=own_shard,
        )

    def wants_module(self, name: str) -> bool:
        """Whether ``--sweep-module`` and ``--sweep-skip-module`` allow the sweep module of this dotted name."""
        skipped = [selector.matches(name, _is_at_or_below) for selector in self._skipped_modules]
        return _any([selector.matches(name, _is_at_or_below) for selector in self._modules]) and not any(skipped)

    def wants_suite(self, suite: str, *, names: Iterable[str], marks: Iterable[str]) -> bool:
        """Whether an item of ``suite`` could be selected.

        ``names`` are the words that ``-k`` matches (names of nodes, extra keywords), ``marks`` the marks of the suite.
        """
        marks = list(marks)
        return (
            _any([selector.matches(suite, fnmatchcase) for selector in self._suites])
            and can_match(self._keyword, keyword_verdict([*names, *marks], open_names=self._open_marks))
            and can_match(self._markexpr, mark_verdict(marks, open_names=self._open_marks))
        )

    def offer_parameters(self, names: Sequence[str]) -> None:
        """Tell which parameters a suite has, for the complaint about a condition on one that none has."""
        for selector in self._names:
            for name in names:
                selector.matches(name, str.__eq__)

    @property
    def complaints(self) -> list[str]:
        """One line for each selecting or skipping option that matched nothing."""
        selectors = [*self._modules, *self._skipped_modules, *self._suites, *self._names, *self.vectors]
        return [selector.complaint() for selector in selectors if not selector.matched]


def _any(found: list[bool]) -> bool:
    return any(found) or not found


def _is_at_or_below(name: str, selector: str) -> bool:
    return name == selector or name.startswith(f"{selector}.") or fnmatchcase(name, selector)


def _marks_that_hooks_may_add(config: pytest.Config) -> list[str]:
    """Registered marks, where a conftest has hooks that could put them on items after they are made."""
    conftests = [plugin for plugin in config.pluginmanager.get_plugins() if _is_conftest(plugin)]
    if not any(hasattr(conftest, hook) for conftest in conftests for hook in _HOOKS_THAT_MARK):
        return []
    return registered_marks(config)


def _is_conftest(plugin: object) -> bool:
    return Path(getattr(plugin, "__file__", None) or "").name == "conftest.py"
