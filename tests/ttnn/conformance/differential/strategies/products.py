"""Calls of matrix products, reductions, softmax and normalisations."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from hypothesis import strategies as st

from ..forms import Case, Form, a_tuple, call, make, name
from .tensors import (
    ANY,
    FLOATS,
    Draw,
    Strategy,
    a_tensor,
    dim_of,
    dtype_keyword,
    kernel_config,
    memory_config,
    often,
    output_tensor,
    rare,
    shape,
    some,
)

_SIZES = (1, 5, 31, 32, 33, 64, 96, 128)
_DTYPES = ("bfloat16", "bfloat16", "bfloat16", "float32", "bfloat8_b", "bfloat4_b")


def _program_config(draw: Draw, rows: int, inner: int, columns: int) -> Form:
    """A program configuration that may fit a product of these sides, given in tiles."""
    kind = draw(st.sampled_from(("", "MultiCast", "MultiCast1D", "MultiCast1D")))
    grid = draw(st.sampled_from(((8, 8), (4, 4), (2, 2), (8, 1), (1, 8))))
    down, across = draw(st.sampled_from((1, 2, 4))), draw(st.sampled_from((1, 2, 4)))
    per_core = {"per_core_M": ceil(rows / down), "per_core_N": ceil(columns / across)}
    if kind == "MultiCast1D":
        by_columns = draw(st.booleans())
        per_core = {"per_core_M": rows if by_columns else ceil(rows / down),
                    "per_core_N": ceil(columns / across) if by_columns else columns}  # fmt: skip
    if kind == "":
        per_core["per_core_N"] = columns
    blocks = [width for width in (1, 2, 3, 4) if inner % width == 0]
    settings = {
        "compute_with_storage_grid_size": a_tuple(grid),
        "in0_block_w": often(draw, draw(st.sampled_from(blocks)), 3, 0, of=12),
        "out_subblock_h": often(draw, 1, per_core["per_core_M"], 2, of=4),
        "out_subblock_w": often(draw, 1, per_core["per_core_N"], 2, of=4),
        **{key: often(draw, value, value + 1, 0, of=12) for key, value in per_core.items()},
    }
    if kind:
        settings["fused_activation"] = often(draw, None, make("UnaryWithParam", name("UnaryOpType.RELU")), of=5)
        settings["fuse_batch"] = often(draw, True, False)
    if kind == "MultiCast":
        settings["transpose_mcast"] = draw(st.booleans())
    if kind == "MultiCast1D":
        settings["mcast_in0"] = often(draw, by_columns, not by_columns, of=6)
    return make(f"MatmulMultiCoreReuse{kind}ProgramConfig", **settings)


def _matmul(draw: Draw, operation: str) -> Case:
    rows, inner, columns = (draw(st.sampled_from(_SIZES)) for _ in range(3))
    dtype = draw(st.sampled_from(_DTYPES))
    batch = draw(st.sampled_from(([], [1, 1], [1, 1], [2], [2, 3], [1, 2])))
    other_batch = often(draw, [1] * len(batch), batch, [], [2, 1], [3], of=2)
    kwargs: dict[str, Form] = {}
    a_dims, b_dims = [*batch, rows, inner], [*other_batch, often(draw, inner, inner + 1, 32, of=15), columns]
    if rare(draw, 8):
        side = draw(st.sampled_from(("transpose_a", "transpose_b")))
        kwargs[side] = True
        changed = a_dims if side == "transpose_a" else b_dims
        changed[-2:] = changed[:-3:-1]
    if rare(draw, 20):
        a_dims = a_dims[-1:]
    a = a_tensor(draw, a_dims, [dtype], layout=often(draw, "TILE", "ROW_MAJOR", of=15) if dtype[-1] != "b" else "TILE")
    # A sharded second operand is refused but for few program configurations.
    place = often(draw, "DRAM", "L1", of=4)
    b = a_tensor(draw, b_dims, [often(draw, dtype, *_DTYPES, "int32", of=3)], layout="TILE", place=place)
    out = [*batch, rows, columns]
    if operation == "addmm":
        added = a_tensor(draw, often(draw, out, [columns], of=6), [dtype], place="DRAM")
        return call(operation, added, a, b, golden=True, **some(draw, {"alpha": 2.0, "beta": 0.5}))
    if rare(draw, 3):
        fused = ceil(rows / 32) * (2 if batch == [2] else 1)
        kwargs["program_config"] = _program_config(draw, fused, ceil(inner / 32), ceil(columns / 32))
    elif rare(draw, 6):
        kwargs["core_grid"] = make("CoreGrid", x=draw(st.sampled_from((1, 4, 8))), y=draw(st.sampled_from((1, 4, 8))))
    if operation == "linear" and not rare(draw, 3):
        widths = ([columns], [1, columns], [1, 1, 1, columns], [1, 1, 32, columns], [rows, columns], [columns + 32])
        kwargs["bias"] = a_tensor(draw, draw(st.sampled_from(widths)), [dtype], layout="TILE", place="DRAM")
    if "program_config" not in kwargs and rare(draw, 8):
        kwargs["activation"] = draw(st.sampled_from(("relu", "gelu", "silu", "sigmoid", "unknown")))
    kwargs |= dtype_keyword(draw, of=6) | memory_config(draw, out, of=4) | kernel_config(draw)
    kwargs |= output_tensor(draw, out, dtype, "optional_output_tensor", of=15)
    return call(operation, a, b, golden="transpose_a" not in kwargs, **kwargs)


def _sparse(draw: Draw, operation: str) -> Case:
    experts = draw(st.sampled_from((2, 4)))
    rows, inner, columns = 32, draw(st.sampled_from((32, 64))), draw(st.sampled_from((32, 64)))
    dtype = draw(st.sampled_from(("bfloat16", "bfloat8_b", "float32")))
    a = a_tensor(draw, [1, 2, rows, inner], [dtype], layout="TILE", place="DRAM")
    b = a_tensor(draw, [1, experts, inner, columns], [dtype], layout="TILE", place="DRAM")
    sparsity = a_tensor(draw, [1, 1, 2, experts], ["bfloat16"], layout="ROW_MAJOR", place="DRAM", low=1.0, high=2.0)
    settings = {"compute_with_storage_grid_size": a_tuple((8, 8)), "in0_block_w": 1, "out_subblock_h": 1,
                "out_subblock_w": 1, "per_core_M": 1, "per_core_N": often(draw, 1, 2), "fuse_batch": False,
                "mcast_in0": True, "fused_activation": None, "out_block_h": 1, "out_block_w": 1}  # fmt: skip
    config = {"program_config": make("MatmulMultiCoreReuseMultiCast1DProgramConfig", **settings)}
    config = often(draw, config, {}, of=5)
    nnz = some(draw, {"nnz": 2 * experts}, {"nnz": 2 * experts}, {"nnz": 1})
    return call(operation, a, b, sparsity=sparsity, **config, **nnz, **dtype_keyword(draw, of=8))


def _reduce(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    operand = a_tensor(draw, dims, ANY if operation != "prod" else FLOATS, low=0.25, high=2.0)
    if operand["dtype"] in ("int32", "uint32", "uint16", "uint8"):
        operand["low"], operand["high"] = 0.0, 9.0
    kind = draw(st.sampled_from(("none", "one", "one", "one", "several")))
    kwargs: dict[str, Form] = {}
    if kind == "one":
        kwargs["dim"] = dim_of(draw, len(dims))
    elif kind == "several" and operation != "prod":
        kwargs["dim"] = [dim_of(draw, len(dims)) for _ in range(draw(st.integers(1, 3)))]
    kwargs |= some(draw, {"keepdim": True}) | memory_config(draw, dims, of=5)
    if operation != "prod":
        kwargs |= kernel_config(draw, of=10) | often(draw, {}, {"scalar": 2.0}, {"correction": False}, of=8)
    return call(operation, operand, golden=True, **kwargs)


def _argmax(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    layout = draw(st.sampled_from(("ROW_MAJOR", "ROW_MAJOR", "TILE")))
    operand = a_tensor(draw, dims, ("bfloat16", "bfloat16", "float32", "int32", "uint32", "uint16"), layout=layout)
    kwargs: dict[str, Form] = {} if rare(draw, 4) else {"dim": often(draw, -1, dim_of(draw, len(dims)))}
    return call(operation, operand, **kwargs, **some(draw, {"keepdim": True}), **memory_config(draw, dims, of=6))


def _cumulative(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    operand = a_tensor(draw, dims, ("bfloat16", "float32", "bfloat8_b", "int32", "uint32"), low=0.5, high=1.5)
    kwargs = dtype_keyword(draw, of=4) | some(draw, {}, {"reverse_order": True}) | memory_config(draw, dims, of=5)
    return call(operation, operand, dim_of(draw, len(dims)), golden=True, **kwargs)


def _ordered(draw: Draw, operation: str) -> Case:
    dims = shape(draw, ranks=(4, 4, 2, 3), sides=(1, 32, 33, 64, 128))
    if operation == "topk":
        dims[-1] = draw(st.sampled_from((64, 64, 128, 256, 32, 100)))
        operand = a_tensor(draw, dims, ("bfloat16", "bfloat16", "bfloat8_b", "float32", "uint16"), layout="TILE")
        k = draw(st.sampled_from((1, 8, 16, 32, 40, 64)))
        kwargs = some(draw, {}, {"largest": False}, {"sorted": False}) | memory_config(draw, [*dims[:-1], k], of=6)
        return call(operation, operand, k, often(draw, -1, dim_of(draw, len(dims)), of=3), **kwargs)
    operand = a_tensor(draw, dims, ("bfloat16", "bfloat16", "float32", "uint16", "int32"))
    kwargs = some(draw, {"descending": True}, {}) | memory_config(draw, dims, of=6)
    return call(operation, operand, often(draw, -1, dim_of(draw, len(dims)), of=3), **kwargs)


def _softmax_config(draw: Draw, dims: list[int]) -> dict[str, Form]:
    """``program_config=`` of an in-place softmax, mostly not given."""
    if not rare(draw, 4):
        return {}
    height = ceil(dims[-2] / 32) if len(dims) > 1 else 1
    width = ceil(dims[-1] / 32)
    settings = {"compute_with_storage_grid_size": a_tuple((8, 8)), "subblock_w": often(draw, 1, 2, of=3),
                "block_h": often(draw, height, 1, of=3), "block_w": often(draw, width, 1, of=4)}  # fmt: skip
    config = often(draw, make("SoftmaxShardedMultiCoreProgramConfig", **settings), make("SoftmaxDefaultProgramConfig"))
    return {"program_config": config}


def _softmax(draw: Draw, operation: str) -> Case:
    dims = shape(draw, ranks=(4, 4, 4, 2, 3))
    dtype = draw(st.sampled_from((*FLOATS, "bfloat16", "int32")))
    operand = a_tensor(draw, dims, [dtype])
    kwargs = kernel_config(draw) | some(draw, {}, {"numeric_stable": True})
    if operation == "softmax" or operation == "softmax_in_place":
        args = often(draw, [-1], [], [dim_of(draw, len(dims))], of=2)
        if operation == "softmax":
            return call(operation, operand, *args, golden=True, **kwargs, **memory_config(draw, dims, of=4))
        return call(operation, operand, *args, **kwargs, **_softmax_config(draw, dims))
    four = ([1] * 4 + dims)[-4:]
    masks = ([four[0], 1, 1, four[3]], [four[0], 1, 32, four[3]], four, [1, 1, *four[2:]], [four[0], 1, *four[2:]])
    args = [draw(st.sampled_from((None, 0.5)))]
    if not rare(draw, 4):
        layout = often(draw, "TILE", "ROW_MAJOR", of=8)
        dtypes = ("bfloat16", "bfloat16", "float32", "bfloat8_b") if layout == "TILE" else ("bfloat16",)
        args.append(a_tensor(draw, draw(st.sampled_from(masks)), dtypes, layout=layout, place="DRAM"))
    if operation == "scale_mask_softmax":
        kwargs |= memory_config(draw, dims, of=6)
    else:
        kwargs |= _softmax_config(draw, dims)
    if "causal" not in operation:
        kwargs |= some(draw, {}, {"is_causal_mask": True})
    return call(operation, operand, *args, golden=operation == "scale_mask_softmax", **kwargs)


def _norm(draw: Draw, operation: str) -> Case:
    dims = shape(draw, ranks=(4, 4, 3, 2, 1))
    dtype = draw(st.sampled_from((*FLOATS, "int32") if draw(st.booleans()) else ("bfloat16", "float32")))
    operand = a_tensor(draw, dims, [dtype])
    width = dims[-1]
    kwargs: dict[str, Form] = {}
    for part in ("weight", "bias"):
        if draw(st.booleans()):
            if rare(draw, 3):
                sides = [1, 1, width // 32, 32] if width % 32 == 0 else [width]
                kwargs[part] = a_tensor(draw, sides, ("bfloat16", "float32"), layout="ROW_MAJOR", place="DRAM")
            else:
                sides = often(draw, [width], [1, width], [1, 1, 1, width], [width + 32], of=2)
                kwargs[part] = a_tensor(
                    draw, sides, [often(draw, dtype, "bfloat16", of=4)], layout="TILE", place="DRAM"
                )
    if rare(draw, 6):
        kwargs["residual_input_tensor"] = a_tensor(draw, often(draw, dims, [*dims[:-1], width + 1], of=6), [dtype])
    kwargs |= some(draw, {"epsilon": 1e-3}) | kernel_config(draw) | memory_config(draw, dims, of=5)
    if isinstance(operand.get("memory"), dict) and draw(st.booleans()):
        shard = operand["memory"]["shard"]
        settings = {"compute_with_storage_grid_size": a_tuple(operand["memory"]["grid"]),
                    "subblock_w": often(draw, 1, 2, of=4), "block_h": often(draw, ceil(shard[0] / 32), 1, of=4),
                    "block_w": often(draw, ceil(shard[1] / 32), 1, of=4),
                    "inplace": draw(st.booleans())}  # fmt: skip
        kwargs["program_config"] = make("LayerNormShardedMultiCoreProgramConfig", **settings)
    return call(operation, operand, golden=True, **kwargs)


def _batch_norm(draw: Draw, operation: str) -> Case:
    dims = shape(draw, ranks=(4, 4, 4, 4, 3))
    channels = [1, dims[1], 1, 1]
    dtype = draw(st.sampled_from(("bfloat16", "bfloat16", "float32", "bfloat8_b")))
    kwargs: dict[str, Form] = {}
    for part in ("running_mean", "running_var", "weight", "bias"):
        if not rare(draw, 4):
            sides = often(draw, channels, [1, dims[1] + 1, 1, 1], of=12)
            kwargs[part] = a_tensor(draw, sides, [often(draw, dtype, "float32", of=8)], place="DRAM", low=0.5, high=2.0)
    kwargs |= some(draw, {"training": True}, {"eps": 1e-3})
    return call(operation, a_tensor(draw, dims, [dtype]), golden="training" not in kwargs, **kwargs)


def _group_norm(draw: Draw, operation: str) -> Case:
    height, width = draw(st.sampled_from((32, 64, 128))), draw(st.sampled_from((32, 64, 128)))
    dims = [1, 1, height, width]
    scheme = draw(st.sampled_from(("HEIGHT", "BLOCK", "interleaved")))
    cores = draw(st.sampled_from((1, 2)))
    if scheme == "interleaved":
        place: Form = "DRAM"
    else:
        across = cores if scheme == "BLOCK" else 1
        place = {"scheme": scheme, "shard": [height // cores, width // across], "grid": [across, cores]}
        if scheme == "HEIGHT":
            place["grid"] = [cores, 1]
    layout = draw(st.sampled_from(("TILE", "ROW_MAJOR")))
    operand = a_tensor(draw, dims, ("bfloat16", "bfloat16", "float32"), layout=layout, place=place)
    kwargs: dict[str, Form] = {"num_groups": draw(st.sampled_from((1, 2, 4, 5, 32)))}
    grid = often(draw, {"core_grid": make("CoreGrid", x=1 if scheme != "BLOCK" else cores, y=cores)}, {}, of=4)
    kwargs |= grid | some(draw, {"inplace": False}, {"inplace": False})
    if scheme != "interleaved":
        kwargs |= often(draw, {"memory_config": place}, {}, of=4)
    if draw(st.booleans()):
        weights = a_tensor(draw, [1, 1, width // 32, 32], ["bfloat16"], layout="ROW_MAJOR", place="DRAM")
        kwargs |= {"weight": weights, "bias": weights}
    if draw(st.booleans()):
        mask = [1, kwargs["num_groups"], 32, 32 * max(1, width // 32 // kwargs["num_groups"])]
        kwargs["input_mask"] = a_tensor(draw, mask, ["bfloat8_b", "bfloat16"], layout="TILE", place="DRAM")
    return call(operation, operand, **kwargs)


_OPERATIONS: dict[str, Callable[[Draw, str], Case]] = {
    **dict.fromkeys(("matmul", "linear", "addmm"), _matmul),
    "sparse_matmul": _sparse,
    **dict.fromkeys(["sum", "mean", "max", "min", "std", "var", "prod"], _reduce),
    "argmax": _argmax,
    **dict.fromkeys(("cumsum", "cumprod"), _cumulative),
    **dict.fromkeys(("topk", "sort"), _ordered),
    **dict.fromkeys(
        [
            "softmax",
            "softmax_in_place",
            "scale_mask_softmax",
            "scale_mask_softmax_in_place",
            "scale_causal_mask_hw_dims_softmax_in_place",
        ],
        _softmax,
    ),
    **dict.fromkeys(("layer_norm", "rms_norm"), _norm),
    "batch_norm": _batch_norm,
    "group_norm": _group_norm,
}


@st.composite
def _drawn(draw: Draw, operation: str) -> Case:
    return _OPERATIONS[operation](draw, operation)


def strategies() -> dict[str, Strategy]:
    """By operation."""
    return {operation: _drawn(operation) for operation in _OPERATIONS}
