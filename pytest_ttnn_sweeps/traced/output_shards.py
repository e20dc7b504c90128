"""Recorded memory configurations of outputs that never held the output.

Where a configuration was traced the call succeeded. If the shards that it names for the output have no room for it,
then the ttnn of that time didn't use them: in 2025 a sharded ``transpose`` of the last two dimensions derived its
output's shards from its input's, whatever ``memory_config`` said; ttnn 0.81.1 takes those of ``memory_config``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.values import MemoryConfig, ShardSpec


def unused_shards(configuration: TracedConfiguration, output_shape: Sequence[int]) -> str | None:
    """Why the one memory configuration that a call passes can't be its output's; None where it can, or isn't sharded.

    Padding counts for nothing here: what is told to be too small is too small by the logical shape alone.
    """
    passed = [*configuration.positional, *configuration.keywords.values()]
    given = [value for value in passed if isinstance(value, MemoryConfig)]
    spec = given[0].defining_spec if len(given) == 1 else None
    if not isinstance(spec, ShardSpec) or not output_shape or not all(spec.shape):
        return None
    cores = sum((r.end.x - r.start.x + 1) * (r.end.y - r.start.y + 1) for r in spec.grid)
    height, width = math.prod(output_shape[:-1]), output_shape[-1]
    shards = -(-height // spec.shape[0]) * -(-width // spec.shape[1])
    if shards <= cores:
        return None
    recorded = f"the recorded memory_config has {cores} cores for {shards} shards of the output"
    return f"{recorded}: the ttnn that was traced chose others by itself, and this one refuses it"
