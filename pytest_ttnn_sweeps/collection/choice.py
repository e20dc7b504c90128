"""Which vectors of a suite become items, found with as little expansion as the selection allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from pytest_ttnn_sweeps.collection.arguments import NodeIds
from pytest_ttnn_sweeps.collection.plan import SelectionPlan, Selector
from pytest_ttnn_sweeps.settings import Settings
from pytest_ttnn_sweeps.traced import resolve_name
from pytest_ttnn_sweeps.vectors.identity import NAME_DIGITS, VectorIds, is_id_prefix, item_names
from pytest_ttnn_sweeps.vectors.module import SweepDefinition
from pytest_ttnn_sweeps.vectors.seeding import seeded
from pytest_ttnn_sweeps.vectors.selection import draw, positions_where
from pytest_ttnn_sweeps.vectors.shards import shard_keys
from pytest_ttnn_sweeps.vectors.suite import Positions

_TRACED_NAME = "traced_config_name"


@dataclass
class Choice:
    """Indexes of vectors in suite order with the names of their items; the rest as counts."""

    indexes: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    duplicates: int = 0
    others: int = 0
    """Vectors that ``--sweep-shard`` leaves to other runs, valid or not."""
    invalid: Counter[str] = field(default_factory=Counter)
    kept_invalid: dict[int, str] = field(default_factory=dict)
    """Reasons of the invalid vectors that become items all the same."""


def choose(
    definition: SweepDefinition,
    ids: VectorIds,
    plan: SelectionPlan,
    settings: Settings,
    *,
    node: str,
    failed: NodeIds | None = None,
) -> Choice:
    """Choose among the vectors of ``ids.suite`` that meet the plan's conditions.

    ``node`` is the suite's name in node ids; ``failed`` holds the ids that ``--lf`` leaves, where it leaves any.
    """
    suite = ids.suite
    plan.offer_parameters(suite.parameter_names)
    positions = positions_where(suite, plan.conditions)
    chooser = _Chooser(definition, ids, positions, plan, keep_invalid=settings.keep_invalid)
    asked = plan.arguments.wanted(definition.path).only(node)
    if asked is None and failed is not None:
        asked = failed.wanted(definition.path).only(node)
    # Whatever `invalidate_vector` draws must not depend on what was selected before.
    with seeded(settings.seed):
        if asked is not None:
            return chooser.by_names(asked)
        if plan.vectors:
            return chooser.by_selectors(plan.vectors)
        if settings.sample is not None:
            return chooser.sample(settings.sample, seed=f"{settings.seed}:{definition.name}:{suite.name}")
        return chooser.all()


class _Chooser:
    def __init__(
        self,
        definition: SweepDefinition,
        ids: VectorIds,
        positions: Positions,
        plan: SelectionPlan,
        *,
        keep_invalid: bool,
    ) -> None:
        self._definition = definition
        self._suite = ids.suite
        self._ids = ids
        self._positions = positions
        self._run_shard, self._own_shard = plan.run_shard, plan.own_shard
        self._keep_invalid = keep_invalid

    def all(self) -> Choice:
        """Every distinct vector that is valid (or kept)."""
        choice = Choice()
        indexes, numbers = self._suite.indexes(self._positions), self._ids.numbers(self._positions)
        if self._own_shard.count > 1:
            keys = shard_keys(numbers)
            choice.others = sum(key not in self._run_shard for key in keys)
            own = [at for at, key in enumerate(keys) if key in self._own_shard]
            indexes, numbers = [indexes[at] for at in own], [numbers[at] for at in own]
        first_of: dict[int, int] = {}
        for index, number in zip(indexes, numbers):
            first_of.setdefault(number, index)
        numbers = [number for number, index in first_of.items() if self._admits(index, choice)]
        choice.duplicates = len(indexes) - len(first_of)
        choice.indexes = [first_of[number] for number in numbers]
        choice.names = item_names(numbers)
        return choice

    def sample(self, most: int, *, seed: str) -> Choice:
        """The first ``most`` distinct valid vectors of a shuffle, back in suite order; the rest is never visited.

        Shards part the sample of the whole suite, so that together they run what a run without them runs.
        """
        choice = Choice()
        indexes = self._suite.indexes(self._positions)
        seen: set[int] = set()
        drawn: dict[int, int] = {}
        chosen: dict[int, int] = {}
        for at in draw(len(indexes), seed=seed):
            if len(drawn) >= most:
                break
            index = indexes[at]
            number = int(self._ids.of(index), 16)
            is_own = self._is_own(number)
            # What the vectors of others are like is for their shards to count.
            noted = choice if is_own else Choice()
            if number in seen:
                noted.duplicates += 1
                continue
            seen.add(number)
            if self._admits(index, noted):
                drawn[index] = number
                if is_own:
                    chosen[index] = number
                else:
                    choice.others += self._is_others(number)
        choice.indexes = sorted(chosen)
        choice.names = item_names([chosen[index] for index in choice.indexes])
        return choice

    def by_names(self, names: Iterable[str]) -> Choice:
        """The vectors of these item names; an item is called what it was asked for by."""
        choice = Choice()
        found: dict[int, str] = {}
        for name in names:
            if len(name) >= NAME_DIGITS:
                for index in islice(self._within(self._ids.find(name)), 1):
                    if self._own_shard.has(name):
                        found[index] = name
                    else:
                        choice.others += not self._run_shard.has(name)
        choice.indexes = [index for index in sorted(found) if self._admits(index, choice)]
        choice.names = [found[index] for index in choice.indexes]
        return choice

    def by_selectors(self, selectors: Sequence[Selector]) -> Choice:
        """The distinct vectors that ``--sweep-vector`` selects, by a prefix of their id or a traced name."""
        choice = Choice()
        found: dict[int, int] = {}
        for selector in selectors:
            indexes = self._ids.find(selector.text) if is_id_prefix(selector.text) else self._traced(selector.text)
            for index in self._within(indexes):
                selector.matched = True
                found.setdefault(int(self._ids.of(index), 16), index)
        choice.others = sum(self._is_others(number) for number in found)
        found = {number: index for number, index in found.items() if self._is_own(number)}
        ordered = sorted((index, number) for number, index in found.items())
        admitted = [(index, number) for index, number in ordered if self._admits(index, choice)]
        choice.indexes = [index for index, _ in admitted]
        choice.names = item_names([number for _, number in admitted])
        return choice

    def _traced(self, name: str) -> Sequence[int]:
        name = resolve_name(name)
        positions: list[Sequence[int]] = []
        for axis in self._suite.axes:
            column = axis.names.index(_TRACED_NAME) if _TRACED_NAME in axis.names else None
            everywhere = range(len(axis.values))
            positions.append(
                everywhere if column is None else [at for at in everywhere if axis.values[at][column] == name]
            )
        return self._suite.indexes(positions) if _TRACED_NAME in self._suite.parameter_names else []

    def _is_own(self, number: int) -> bool:
        return self._own_shard.count == 1 or shard_keys([number])[0] in self._own_shard

    def _is_others(self, number: int) -> bool:
        return self._run_shard.count > 1 and shard_keys([number])[0] not in self._run_shard

    @cached_property
    def _allowed(self) -> list[set[int]]:
        return [set(wanted) for wanted in self._positions]

    def _within(self, indexes: Iterable[int]) -> Iterable[int]:
        """Those of ``indexes`` that meet the conditions."""
        # A condition on a parameter that the suite lacks leaves no position, also where the suite has no axis at all.
        for index in indexes if all(self._positions) else ():
            if all(position in allowed for position, allowed in zip(self._suite.positions(index), self._allowed)):
                yield index

    def _admits(self, index: int, choice: Choice) -> bool:
        """Whether vector ``index`` becomes an item; notes in ``choice`` why not."""
        reason = self._definition.invalid_reason(self._suite, index)
        if reason is None:
            return True
        if self._keep_invalid:
            choice.kept_invalid[index] = reason
            return True
        choice.invalid[reason] += 1
        return False
