"""Cases of ttnn's types: their texts, attributes, JSON, equality and hashing; and of data types: their bits."""

from __future__ import annotations

import struct
from collections.abc import Callable

from hypothesis import strategies as st

from ..forms import Case, Form, a_tuple, make, name
from .tensors import SCHEMES, Draw, Strategy, often, rare, shape

ENUMERATIONS = {
    "DataType": "BFLOAT16 FLOAT32 UINT32 BFLOAT8_B BFLOAT4_B UINT8 UINT16 INT32 INVALID",
    "Layout": "ROW_MAJOR TILE INVALID",
    "BufferType": "DRAM L1 L1_SMALL TRACE",
    "TensorMemoryLayout": "INTERLEAVED HEIGHT_SHARDED WIDTH_SHARDED BLOCK_SHARDED ND_SHARDED",
    "StorageType": "HOST DEVICE",
    "ShardOrientation": "ROW_MAJOR COL_MAJOR",
    "ShardStrategy": "HEIGHT WIDTH BLOCK",
    "MathFidelity": "LoFi HiFi2 HiFi3 HiFi4",
    "UnaryOpType": "RELU EXP GELU SIGMOID SQUARE",
    "EmbeddingsType": "GENERIC PADDED BINARY",
    "LossReductionMode": "NONE SUM MEAN",
    "BcastOpMath": "ADD SUB MUL",
    "BcastOpDim": "H W HW",
}


def _core(draw: Draw) -> Form:
    return make("CoreCoord", draw(st.integers(0, 8)), draw(st.integers(0, 8)))


def _range(draw: Draw) -> Form:
    x, y = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    end = [x + draw(st.integers(0, 3)), y + draw(st.integers(0, 3))]
    if rare(draw, 10):
        end[0] = x - 1
    return make("CoreRange", make("CoreCoord", x, y), make("CoreCoord", *(max(side, 0) for side in end)))


def _ranges(draw: Draw) -> Form:
    return make("CoreRangeSet", [_range(draw) for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2, 2, 3))))])


def _spec(draw: Draw) -> Form:
    orientation = draw(st.sampled_from(("ROW_MAJOR", "COL_MAJOR")))
    sides = often(draw, [32 * draw(st.integers(0, 4)), 32 * draw(st.integers(1, 9))], [5, 7], [32], of=6)
    return make("ShardSpec", _ranges(draw), sides, name(f"ShardOrientation.{orientation}"))


def _nd_spec(draw: Draw) -> Form:
    return make("NdShardSpec", make("Shape", shape(draw)), _ranges(draw))


def _memory_config(draw: Draw) -> Form:
    kind = draw(st.sampled_from(("plain", "sharded", "sharded", "nd", "named")))
    buffer = name(f"BufferType.{draw(st.sampled_from(('L1', 'DRAM', 'L1_SMALL')))}")
    if kind == "named":
        scheme = draw(st.sampled_from(("L1", "DRAM", *(f"L1_{scheme}_SHARDED" for scheme in SCHEMES))))
        return name(f"{scheme}_MEMORY_CONFIG")
    if kind == "nd":
        return make("MemoryConfig", buffer, _nd_spec(draw))
    scheme = "INTERLEAVED" if kind == "plain" else f"{draw(st.sampled_from(SCHEMES))}_SHARDED"
    spec = [_spec(draw)] if kind == "sharded" and draw(st.booleans()) else []
    return make("MemoryConfig", name(f"TensorMemoryLayout.{scheme}"), buffer, *spec)


def _shape(draw: Draw) -> Form:
    return make("Shape", shape(draw, ranks=(0, 1, 2, 3, 4, 5, 6)))


def _tile(draw: Draw) -> Form:
    return make("Tile", a_tuple(draw(st.sampled_from(((32, 32), (16, 32), (32, 16), (16, 16), (8, 32), (5, 5))))))


def _grid(draw: Draw) -> Form:
    return make("CoreGrid", x=draw(st.integers(0, 9)), y=draw(st.integers(1, 9)))


def _program(draw: Draw) -> Form:
    numbers = {key: draw(st.integers(0, 9)) for key in ("in0_block_w", "per_core_M", "per_core_N")}
    subblocks = {key: draw(st.integers(1, 4)) for key in ("out_subblock_h", "out_subblock_w")}
    fused = often(draw, None, make("UnaryWithParam", name("UnaryOpType.RELU")),
                  make("UnaryWithParam", name("UnaryOpType.GELU"), 0.1), name("UnaryOpType.SQUARE"), of=2)  # fmt: skip
    grid = {"compute_with_storage_grid_size": often(draw, a_tuple((8, 7)), make("CoreCoord", 4, 2), of=3)}
    kind = draw(st.sampled_from(("", "MultiCast", "MultiCast1D", "MultiCastDRAMSharded")))
    if kind == "MultiCastDRAMSharded":
        settings = {**numbers, "fused_activation": fused}
    elif kind == "":
        settings = {**grid, **numbers, **subblocks}
    else:
        settings = {**grid, **numbers, **subblocks, "fused_activation": fused}
        settings |= {"transpose_mcast": draw(st.booleans())} if kind == "MultiCast" else {}
        settings |= (
            {"mcast_in0": draw(st.booleans()), "fuse_batch": draw(st.booleans())} if kind == "MultiCast1D" else {}
        )
        settings |= often(draw, {}, {"out_block_h": 2, "out_block_w": 3}, of=2)
    return make(f"MatmulMultiCoreReuse{kind}ProgramConfig", **settings)


def _config(draw: Draw) -> Form:
    """Any of the configurations that aren't a matmul's."""
    grid = {"compute_with_storage_grid_size": a_tuple((draw(st.integers(1, 8)), draw(st.integers(1, 8))))}
    number = draw(st.integers(1, 8))
    blocks = {"subblock_w": number, "block_h": 1, "block_w": 2}
    return draw(
        st.sampled_from(
            (
                make("WormholeComputeKernelConfig", math_fidelity=name("MathFidelity.HiFi2"), fp32_dest_acc_en=True),
                make("WormholeComputeKernelConfig"),
                make("LayerNormDefaultProgramConfig"),
                make("LayerNormShardedMultiCoreProgramConfig", **grid, **blocks, inplace=True),
                make("SoftmaxDefaultProgramConfig"),
                make("SoftmaxShardedMultiCoreProgramConfig", **grid, **blocks),
                make("SDPAProgramConfig", **grid, q_chunk_size=32 * number, k_chunk_size=64),
                make("Conv2dConfig"),
                make("Conv2dConfig", weights_dtype=name("bfloat8_b"), act_block_h_override=32 * number),
                make("Conv2dConfig", shard_layout=name("TensorMemoryLayout.HEIGHT_SHARDED")),
                make("Conv1dConfig"),
                make("UnaryWithParam", name("UnaryOpType.LEAKY_RELU"), number / 7),
                make("MeshShape", number, 2),
                make("MeshShape", [1, number]),
            )
        )
    )  # fmt: skip


_TYPES: dict[str, Callable[[Draw], Form]] = {
    "Shape": _shape,
    "CoreCoord": _core,
    "CoreRange": _range,
    "CoreRangeSet": _ranges,
    "CoreGrid": _grid,
    "ShardSpec": _spec,
    "NdShardSpec": _nd_spec,
    "MemoryConfig": _memory_config,
    "Tile": _tile,
    "matmul program configurations": _program,
    "other configurations": _config,
}
_WITH_JSON = ("CoreCoord", "CoreRange", "CoreRangeSet", "ShardSpec", "MemoryConfig", "matmul program configurations")


@st.composite
def _facts(draw: Draw, kind: str) -> Case:
    return Case.of(kind, {"facts": _TYPES[kind](draw)})


@st.composite
def _equal(draw: Draw, kind: str) -> Case:
    one = _TYPES[kind](draw)
    return Case.of(f"{kind}: equality", {"equal": [one, often(draw, one, _TYPES[kind](draw), of=2)]})


@st.composite
def _json(draw: Draw, kind: str) -> Case:
    return Case.of(f"{kind}: JSON", {"json": _TYPES[kind](draw)})


@st.composite
def _enumeration(draw: Draw, kind: str) -> Case:
    members = [name(f"{kind}.{member}") for member in ENUMERATIONS[kind].split()]
    one = draw(st.sampled_from(members))
    if draw(st.booleans()):
        return Case.of(kind, {"facts": one})
    return Case.of(kind, {"equal": [one, draw(st.sampled_from((one, *members, 0, 1)))]})


def types() -> dict[str, Strategy]:
    """By type; ``TYPE: equality`` and ``TYPE: JSON`` apart."""
    return {
        **{kind: _enumeration(kind) for kind in ENUMERATIONS},
        **{kind: _facts(kind) for kind in _TYPES},
        **{f"{kind}: equality": _equal(kind) for kind in _TYPES},
        **{f"{kind}: JSON": _json(kind) for kind in _WITH_JSON},
    }


_SOURCES = ("float32", "float32", "bfloat16", "float16", "float64", "int32", "uint8", "int16", "int64")
_SIZES = {
    "float32": 32,
    "bfloat16": 16,
    "float16": 16,
    "float64": 64,
    "int32": 32,
    "uint8": 8,
    "int16": 16,
    "int64": 64,
}
DTYPES = ("bfloat16", "float32", "bfloat8_b", "bfloat4_b", "uint8", "uint16", "uint32", "int32")


def _signed(bits: int, size: int, source: str) -> int:
    return bits if source == "uint8" or bits < 1 << (size - 1) else bits - (1 << size)


def _interesting(source: str) -> st.SearchStrategy[int]:
    """Bits of a number: any, or those of infinities, NaNs, denormals, halves and the ends of ranges."""
    size = _SIZES[source]
    anything = st.integers(0, (1 << size) - 1)
    if source == "float32":
        special = [0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFC12345, 1, 0x80000001, 0x007FFFFF, 0x80000000]
        numbers = [0.5, 1.5, 2.5, 255.0, 256.0, 65535.5, 65536.0, -1.0, -0.75, 2147483520.0, 3e38, 1e-30, 1.00390625]
        special += [struct.unpack("I", struct.pack("f", number))[0] for number in numbers]
        near_one = st.integers(0x3F000000, 0x407FFFFF)
        return st.one_of(st.sampled_from(special), near_one, near_one, anything)
    if source == "bfloat16":
        return st.one_of(st.sampled_from([0x7F80, 0xFF80, 0x7FC0, 0x7F81, 1, 0x8001, 0x8000, 0x3F80, 0x4380]), anything)
    ends = [0, 1, (1 << size) - 1, 1 << (size - 1), (1 << (size - 1)) - 1]
    return st.one_of(st.sampled_from(ends), anything)


@st.composite
def round_trip(draw: Draw, dtype: str) -> Case:
    source = draw(st.sampled_from(_SOURCES))
    layout = draw(st.sampled_from(("TILE", "ROW_MAJOR")))
    dims = draw(st.sampled_from(([1, 16], [2, 40], [33, 3], [1, 1, 5, 7], [64], [3, 32])))
    count = 1
    for side in dims:
        count *= side
    # Few numbers, repeated at an odd stride: each stands beside many others in the blocks of block floats.
    pool = draw(st.lists(_interesting(source), min_size=4, max_size=24))
    bits = [_signed(pool[(index * 7 + index // 5) % len(pool)], _SIZES[source], source) for index in range(count)]
    form = {"pattern": bits, "source": source, "dtype": dtype, "layout": layout, "shape": dims}
    return Case.of(f"{dtype} and back", {"bits": form})


def round_trips() -> dict[str, Strategy]:
    """By data type."""
    return {f"{dtype} and back": round_trip(dtype) for dtype in DTYPES}
