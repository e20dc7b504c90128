"""Sweep modules and suites as pytest collectors: ``Module`` > ``Class`` > ``Function``, made without ``Metafunc``.

Items hold an index; vectors are decoded when they run. Everything that can be left out is left out before it exists.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import SESSION, TALLY
from pytest_ttnn_sweeps.collection.choice import Choice, choose
from pytest_ttnn_sweeps.collection.debugging import is_ours
from pytest_ttnn_sweeps.collection.item import SweepItem
from pytest_ttnn_sweeps.collection.marks import KnownMarks
from pytest_ttnn_sweeps.collection.measuring import is_measured
from pytest_ttnn_sweeps.collection.requiring import Requirements, requirements_of
from pytest_ttnn_sweeps.collection.session import SuiteCounts, SweepSession, node_names
from pytest_ttnn_sweeps.collection.sweep_files import MASTER_MODULE, MASTER_SUFFIX
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import is_xfail_suite
from pytest_ttnn_sweeps.vectors.display import parameter_lines
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, module_name
from pytest_ttnn_sweeps.vectors.source import SweepSource
from pytest_ttnn_sweeps.vectors.suite import Suite, SuiteError, Vector

# A mark of one of these names does something; a suite or directory that happens to be called so must not.
_KNOWN_MARKS = pytest.StashKey[KnownMarks]()
_MARKS_WITH_MEANING = frozenset(
    {"skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings"}
    | {"timeout", "tryfirst", "trylast", "xdist_group", "flaky"}
)


class SweepModule(pytest.Module):
    """A sweep file. Imported only when a suite of it can be selected."""

    refusal: BaseException | None = None
    """What opening its device failed with, once that has been reported."""

    @property
    def sweep_session(self) -> SweepSession:
        return self.config.stash[SESSION]

    @cached_property
    def is_measured(self) -> bool:
        """Whether a plugin or a conftest above the module measures its vectors."""
        return is_measured(self)

    @cached_property
    def requirements(self) -> Mapping[str, Requirements]:
        """What the metrics of each suite's vectors are held against. Raises ``SweepError``."""
        return requirements_of(self)

    @property
    def module_name(self) -> str:
        """The dotted path below the sweeps root: ``eltwise.unary.relu``; of a master, what masters are called."""
        if self.path.suffix == MASTER_SUFFIX:
            return MASTER_MODULE
        return module_name(self.path, self.sweep_session.files.import_root(self.path))

    @property
    def definition(self) -> SweepDefinition:
        return self.sweep_session.definition(self.path)

    def _getobj(self) -> Any:
        return self.definition.module

    def istestfunction(self, obj: object, name: str) -> bool:
        return self.sweep_session.settings.collect_tests and super().istestfunction(obj, name)

    def istestclass(self, obj: object, name: str) -> bool:
        return self.sweep_session.settings.collect_tests and super().istestclass(obj, name)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        session = self.sweep_session
        source = session.files.source(self.path)
        if isinstance(source, SyntaxError):
            text = (source.text or "").strip()
            msg = f"{session.files.relative(self.path)}:{source.lineno}: SyntaxError: {source.msg}: {text!r}"
            raise self.CollectError(msg)
        if isinstance(source, SweepError):
            raise self.CollectError(str(source))
        if source is None or not session.plan.wants_module(self.module_name):
            return []
        if session.earlier_records is not None and not session.earlier_records.wants_module(self.module_name):
            return []
        if not session.has_vectors(self.path, self.module_name):
            return []
        words = self.module_name.split(".")
        self.extra_keyword_matches.update(words, [self.module_name, *self.path.parts[-len(words) :]])
        self.add_marker("sweep")
        for category in words[:-1][:1]:
            add_named_mark(self, category, "sweep modules of this category")
        if not self._could_select(source):
            return []
        try:
            suites = self.definition.suites
            # Before any item: what can't be read must not cost a run, and what it takes to tell has to be measured.
            _ = self.requirements
            # Registers the fixtures of the file; gives its own test functions where they are asked for.
            ordinary = list(super().collect())
        except SweepError as error:
            raise self.CollectError(str(error)) from None
        except Exception as error:
            raise self.CollectError(_import_failure(self, error)) from error
        return [*ordinary, *self._suites(source, suites)]

    def _could_select(self, source: SweepSource) -> bool:
        """Whether it takes an import to know what can be selected, or something can."""
        session = self.sweep_session
        if session.failed is not None and not session.failed.cover(self.path):
            return False
        if not source.suites_are_complete or source.mentions_marks or session.settings.collect_tests:
            return True
        names = [node.name for node in self.listchain()[1:]]
        marks = [mark.name for mark in self.iter_markers()]
        wanted = session.plan.arguments.wanted(self.path)
        return any(
            session.plan.wants_suite(
                suite,
                names=[*names, *self.extra_keyword_matches, suite],
                marks=[*marks, suite, *(["xfail"] if is_xfail_suite(suite) else [])],
            )
            and wanted.any_of(node)
            for suite, node in node_names(source.suite_lines).items()
        )

    def _suites(self, source: SweepSource, suites: Mapping[str, Suite | SuiteError]) -> Iterator[SweepSuite]:
        plan, earlier = self.sweep_session.plan, self.sweep_session.earlier_records
        wanted = plan.arguments.wanted(self.path)
        node_name = node_names(suites)
        for name in suites:
            node: SweepSuite = SweepSuite.from_parent(self, name=node_name[name])
            node.declare(name, line=source.line_of(name))
            if earlier is not None and not earlier.wants_suite(self.module_name, node.name):
                continue
            names = [parent.name for parent in node.listchain()[1:]]
            marks = [mark.name for mark in node.iter_markers()]
            keywords = [*names, *node.listextrakeywords()]
            if plan.wants_suite(name, names=keywords, marks=marks) and wanted.any_of(node.name):
                yield node


class SweepSuite(pytest.Class):
    """One suite; expands to the items of the vectors that the plan leaves."""

    parent: SweepModule
    suite_name: str
    line: int
    has_hung = False
    """Whether a vector of it has."""

    def declare(self, name: str, *, line: int) -> None:
        """Tell the node which suite it is; ``line`` of the file declares it."""
        self.suite_name, self.line = name, line
        # pytest instantiates the class of a function's parent and looks for fixtures on it.
        self.obj = type(self.name, (), {"__module__": self.parent.definition.module.__name__})
        self.extra_keyword_matches.add(name)
        add_named_mark(self, name, "vectors of suites of this name")
        if is_xfail_suite(name):
            self.add_marker(pytest.mark.xfail(reason=f"suite {name}"))

    @cached_property
    def suite(self) -> Suite | SuiteError:
        """The suite; a master makes it when it is asked for."""
        return self.parent.definition.suites[self.suite_name]

    @cached_property
    def ids(self) -> VectorIds:
        """The ids of the suite's vectors; made once, because each value of each axis is encoded for it."""
        assert isinstance(self.suite, Suite), "a suite with an error has no vectors"
        return self.parent.definition.ids(self.suite)

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        if isinstance(self.suite, SuiteError):
            raise self.CollectError(str(self.suite))
        session, definition = self.parent.sweep_session, self.parent.definition
        try:
            definition.check_parameters(self.suite)
            choice = choose(definition, self.ids, session.plan, session.settings, node=self.name, failed=session.failed)
        except SweepError as error:
            raise self.CollectError(str(error)) from None
        recorded = strange = 0
        if session.earlier_records is not None:
            recorded, strange = session.earlier_records.narrow(
                choice, module=definition.name, suite=self.suite_name, node=self.name, ids=self.ids
            )
        shown = self._shown(choice)
        counts = SuiteCounts(
            module=definition.name,
            suite=self.suite_name,
            vectors=self.suite.size,
            items=len(shown),
            duplicates=choice.duplicates,
            others=choice.others,
            invalid=dict(choice.invalid),
            hidden=len(choice.indexes) - len(shown),
            recorded=recorded,
            strange=strange,
        )
        session.counts.append(counts)
        tally = self.config.stash.get(TALLY, None)
        if tally is not None:
            tally.count(self, choice)
            return []
        return self._items(choice, shown)

    def _shown(self, choice: Choice) -> list[int]:
        """Positions in ``choice`` of the vectors that become items: all, outside editors."""
        session = self.parent.sweep_session
        limit = session.ide_limit
        if limit is None:
            return list(range(len(choice.indexes)))
        failed = session.last_failed(self.path, self.name)
        first = range(min(limit, len(choice.indexes)))
        return [*first, *(at for at in range(len(first), len(choice.indexes)) if choice.names[at] in failed)]

    def _items(self, choice: Choice, shown: list[int]) -> Iterator[SweepItem]:
        fixtureinfo: Any = None
        option = self.config.option
        # `--collect-only -v` prints the docstring of what an item calls: there the parameters earn a function each.
        explains = option.collectonly and option.verbose > 0
        for at in shown:
            callobj = _explained(self.ids.suite.vector(choice.indexes[at])) if explains else _signature
            item: SweepItem = SweepItem.from_parent(
                self, name=choice.names[at], callobj=callobj, fixtureinfo=fixtureinfo
            )
            item.index = choice.indexes[at]
            item.invalid_reason = choice.kept_invalid.get(choice.indexes[at])
            fixtureinfo = fixtureinfo or _compat.fixtureinfo_of(item)
            yield item


# What pytest reads an item's fixtures from; items run their vector instead of it. Below a class pytest leaves out the
# first parameter. A docstring would be printed for every item that is collected.
def _signature(suite: object, sweep_device: object) -> None: ...


def _explained(vector: Vector) -> Any:
    """``_signature`` with the parameters of ``vector`` for a docstring."""
    function = FunctionType(_signature.__code__, globals(), _signature.__name__)
    function.__doc__ = parameter_lines(vector)
    return function


def add_named_mark(node: pytest.Collector, name: str, meaning: str) -> None:
    """Mark ``node`` with ``name``, registered, where the name can be a mark and isn't one with a meaning of its own."""
    if name in _MARKS_WITH_MEANING or not re.fullmatch(r"[A-Za-z][\w+./-]*", name):
        return
    if name not in node.config.stash.setdefault(_KNOWN_MARKS, KnownMarks(node.config)):
        node.config.addinivalue_line("markers", f"{name}: {meaning}")
    node.add_marker(getattr(pytest.mark, name))


def _import_failure(node: SweepModule, error: Exception) -> str:
    """What importing the file raised, as Python prints it, from the file's own first frame on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = next((at for at, frame in enumerate(frames) if Path(frame.filename) == node.path), len(frames))
    stack = "".join(traceback.format_list([frame for frame in frames[own:] if not is_ours(frame.filename)]))
    raised = "".join(traceback.format_exception_only(type(error), error))
    return f"{node.sweep_session.files.relative(node.path)} can't be imported\n{stack}{raised}".rstrip()
