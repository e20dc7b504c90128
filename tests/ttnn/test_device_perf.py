"""Inputs built on the host, on the real ttnn: tensors as its own conversion on the device gives, without a program."""

from __future__ import annotations

from sweep_tree import SweepTree

BUILT = """
import itertools, sys
import torch, ttnn
from pytest_ttnn_sweeps.measure.device_perf.host_setup import inputs_built_on_host

parameters = {"s": {"what": ["from_torch", "to_memory_config"]}}

def sharded(kind, shape, columns, rows):
    cores = ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(columns - 1, rows - 1))
    spec = ttnn.ShardSpec(ttnn.CoreRangeSet({cores}), shape, ttnn.ShardOrientation.ROW_MAJOR)
    return ttnn.MemoryConfig(getattr(ttnn.TensorMemoryLayout, kind + "_SHARDED"), ttnn.BufferType.L1, spec)

PLACES = [
    None,
    ttnn.DRAM_MEMORY_CONFIG,
    ttnn.L1_MEMORY_CONFIG,
    sharded("HEIGHT", [32, 64], 1, 4),
    sharded("HEIGHT", [64, 64], 1, 2),
    sharded("WIDTH", [128, 32], 2, 1),
    sharded("BLOCK", [64, 32], 2, 2),
    sharded("HEIGHT", [96, 64], 1, 2),
]
LAYOUTS = (ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT)

def from_torch(device):
    mapper = ttnn.replicate_tensor_to_mesh_mapper(device)
    types = (torch.float32, torch.bfloat16, torch.int32)
    dtypes = (None, ttnn.bfloat16, ttnn.float32, ttnn.bfloat8_b)
    shapes = ([1, 1, 128, 64], [1, 1, 120, 60])
    cases = itertools.product(types, dtypes, LAYOUTS, PLACES, (None, mapper), shapes)
    for kind, dtype, layout, place, mesh, shape in cases:
        values = (torch.arange(128 * 64).reshape(1, 1, 128, 64)[..., : shape[-2], : shape[-1]] / 7).to(kind)
        yield (kind, dtype, layout, place, mesh, shape), lambda: ttnn.from_torch(
            values, dtype, layout=layout, device=device, memory_config=place, mesh_mapper=mesh
        )

def to_memory_config(device):
    dtypes = (ttnn.bfloat16, ttnn.float32, ttnn.bfloat8_b)
    for dtype, layout, source, target in itertools.product(dtypes, LAYOUTS, PLACES[1:], PLACES[1:]):
        values = torch.arange(120 * 64).reshape(1, 1, 120, 64) / 7
        try:
            tensor = ttnn.from_torch(values, dtype, layout=layout, device=device, memory_config=source)
        except RuntimeError:
            continue
        yield (dtype, layout, source, target), lambda: ttnn.to_memory_config(tensor, target)

def facts(make, device):
    device.clear_program_cache()
    try:
        tensor = make()
    except (RuntimeError, TypeError) as error:
        return str(error).partition("backtrace:")[0], 0
    programs = device.num_program_cache_entries()
    values = ttnn.to_torch(tensor)
    bits = values.contiguous().view(torch.uint8).numpy().tobytes()
    return (tensor.spec, tuple(tensor.padded_shape), tensor.memory_config(), values.dtype, bits), programs

def run(what, *, device):
    launched = kept = 0
    differing = []
    for case, make in globals()[what](device):
        expected, programs = facts(make, device)
        with inputs_built_on_host(ttnn, sys.modules[__name__], lambda: False) as left:
            found, programs_by_host = facts(make, device)
        if found != expected or (programs_by_host and not left):
            differing.append((case, expected, found, programs_by_host))
        launched += bool(programs)
        kept += bool(programs_by_host)
    assert not differing, (len(differing), str(differing[0])[:2000])
    return launched > 50 and kept < launched / 2, f"{launched} {kept}"
"""


def test_inputs_built_on_the_host_are_the_same(tree: SweepTree) -> None:
    """Spec, place and values of every case, and refusals; most that launch a program on the device launch none."""
    tree.write("built", BUILT, device=True)

    result = tree.run_apart("--sweep-device=mock", "--sweep-timeout=300", "-rA")

    result.assert_outcomes(passed=2)
