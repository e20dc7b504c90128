"""Which configurations are meant: by the model that made the call, and by what it passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.values import MemoryConfig, Struct, TensorSpec, Value


@dataclass(frozen=True)
class Selection:
    """Conditions on a configuration; each holds if one of its texts does, an empty one always. Case doesn't matter."""

    models: Sequence[str] = ()
    """Parts of a source, or glob patterns of a whole one: ``resnet``, ``models/demos/*/demo.py*``."""
    dtypes: Sequence[str] = ()
    """Of any tensor: ``BFLOAT16``."""
    memory: Sequence[str] = ()
    """Memory layout, buffer or both of any tensor or memory configuration: ``L1``, ``L1_BLOCK_SHARDED``."""
    boards: Sequence[str] = ()
    """Board type or device series of a machine, or what stood for one: ``Wormhole``, ``n300``, ``emulated``."""

    @property
    def is_empty(self) -> bool:
        return not (self.models or self.dtypes or self.memory or self.boards)

    def matches(self, configuration: TracedConfiguration) -> bool:
        """Whether the configuration meets every condition; what was not recorded meets none."""
        arguments = list(nested_values(configuration))
        return (
            _one_of(self.dtypes, (value.dtype for value in arguments if isinstance(value, TensorSpec)))
            and _memory_matches(self.memory, (value for value in arguments if isinstance(value, MemoryConfig)))
            and (
                not (self.models or self.boards)
                or any(self.matches_execution(execution) for execution in configuration.executions)
            )
        )

    def matches_execution(self, execution: Execution) -> bool:
        """Whether one execution is by such a model on such a board."""
        return (not self.models or source_matches(execution.source, self.models)) and (
            not self.boards or _one_of(self.boards, _board_names(execution.machine))
        )


def source_matches(source: str | None, patterns: Iterable[str]) -> bool:
    """Whether ``source`` holds one of ``patterns``, or fits it as a glob pattern."""
    folded = (source or "").casefold()
    wanted = [pattern.casefold() for pattern in patterns]
    return bool(folded) and any(pattern in folded or fnmatchcase(folded, pattern) for pattern in wanted)


def nested_values(configuration: TracedConfiguration) -> Iterator[Value]:
    """Every argument and what is in it: items of lists, fields of structures, a tensor's memory configuration."""
    pending = [*configuration.positional, *configuration.keywords.values()]
    while pending:
        value = pending.pop()
        yield value
        if isinstance(value, tuple):
            pending += value
        elif isinstance(value, Struct):
            pending += [*(item for _, item in value.fields), *value.items]
        elif isinstance(value, TensorSpec) and value.memory_config is not None:
            pending.append(value.memory_config)


def _one_of(wanted: Iterable[str], found: Iterable[str]) -> bool:
    names = {text.casefold() for text in wanted}
    return not names or any(text.casefold() in names for text in found)


def _memory_matches(wanted: Iterable[str], configs: Iterable[MemoryConfig]) -> bool:
    def names(config: MemoryConfig) -> Iterator[str]:
        yield from (config.memory_layout, config.buffer_type, f"{config.buffer_type}_{config.memory_layout}")
        if config.is_sharded:
            yield from ("SHARDED", f"{config.buffer_type}_SHARDED")

    return _one_of(wanted, (name for config in configs for name in names(config)))


def _board_names(machine: Machine | None) -> Sequence[str]:
    if machine is None:
        return ()
    return [name for name in (machine.board_type, *machine.device_series, machine.provider) if name]
