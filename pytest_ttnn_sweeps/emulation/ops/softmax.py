"""Softmax and its variants: scaled, masked, in place."""

from __future__ import annotations

import torch

from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal, throw
from ..memory_config import MemoryConfig
from ..operation import Operands, operation
from ..program_configs import SoftmaxShardedMultiCoreProgramConfig
from ..shape import TILE_SIZE, Shape
from ..tensor import Tensor
from .result import FLOATS, cpp, is_without_shards, output, working

_OPERANDS = Operands(on_host="Operands to softmax need to be on device!")
_RANK = 4  # softmax sees at least so many dimensions
_PRECISE = FLOATS - {DataType.BFLOAT4_B}


def check_float(tensor: Tensor) -> None:
    """Raise ttnn's error for a tensor that softmax and the norms don't take."""
    if tensor.dtype not in _PRECISE:
        raise fatal(f"Input tensor must be FLOAT32, BFLOAT16, or BFLOAT8_B, got: {cpp(tensor.dtype)}")


def _softmax(input_tensor: torch.Tensor, dim: int | None = None) -> torch.Tensor:
    return torch.softmax(input_tensor, -1 if dim is None else dim)


def has_nothing_to_weigh(tensor: Tensor) -> bool:
    """Whether ``tensor`` has no elements or no dimensions: ttnn then checks nothing and answers with ones."""
    return not len(tensor.shape) or 0 in tensor.shape


def _ones(tensor: Tensor, memory_config: MemoryConfig | None = None) -> Tensor:
    return output(torch.ones(tuple(tensor.shape)), tensor, memory_config=memory_config)


def _check_softmax(tensor: Tensor) -> None:
    if tensor.layout is not Layout.TILE:
        raise fatal("Inputs to softmax must be tilized")
    check_float(tensor)


@operation("ttnn.softmax", _softmax, operands=_OPERANDS)
def softmax(
    input_tensor: Tensor,
    dim: int = -1,
    *,
    memory_config: MemoryConfig | None = None,
    compute_kernel_config: object = None,
    numeric_stable: bool = True,
) -> Tensor:
    """The softmax along ``dim``."""
    rank = max(len(input_tensor.shape), 1)
    if not -rank <= dim < rank:
        expected = f"expected to be in range of [{-rank}, {rank - 1}], but got {dim}"
        raise fatal(f"Dimension out of range ({expected})")
    if has_nothing_to_weigh(input_tensor):
        return _ones(input_tensor, memory_config)
    if rank == _RANK and dim in (-1, _RANK - 1):  # which ttnn tiles itself
        check_float(input_tensor)
    else:
        _check_softmax(input_tensor)
    if is_without_shards(memory_config):
        raise RuntimeError("bad optional access")
    values = _softmax(working(input_tensor), dim)
    return output(values, input_tensor, layout=Layout.TILE, memory_config=memory_config)


@operation("ttnn.softmax_in_place", _softmax, operands=_OPERANDS)
def softmax_in_place(
    input_tensor: Tensor,
    dim: int = -1,
    *,
    program_config: object = None,
    compute_kernel_config: object = None,
    numeric_stable: bool = True,
) -> Tensor:
    """The softmax along the last dimension, in the tensor's own memory."""
    if has_nothing_to_weigh(input_tensor):
        return _ones(input_tensor)
    rank = len(input_tensor.shape)
    if dim not in (-1, rank - 1) or rank < 4:
        raise fatal(f"Invalid dimension: {dim % max(rank, 1)}. Currently softmax inplace supports dim -1.")
    _check_softmax(input_tensor)
    _check_program(input_tensor, None, program_config)
    return output(_softmax(working(input_tensor)), input_tensor, into=input_tensor)


def _scale_mask(
    input_tensor: torch.Tensor, scale: float | None = None, mask: torch.Tensor | None = None
) -> torch.Tensor:
    scores = input_tensor.float() * (1.0 if scale is None else scale)
    return torch.softmax(scores if mask is None else scores + mask, -1)


def scaled_and_masked(
    tensor: Tensor,
    scale: float | None,
    mask: Tensor | None,
    *,
    causal: bool = False,
    in_place: bool = False,
    rank: int = _RANK,
) -> torch.Tensor:
    """The softmax of scaled, masked scores. Raises ttnn's errors for a mask that doesn't fit.

    A mask has the height of a tile, whatever the scores' height is, and every row of scores gets its first row. ttnn
    sees ``rank`` dimensions of the scores, but those of the mask as they are, all with their padding.
    """
    if in_place:
        _check_softmax(tensor)
    else:
        check_float(tensor)
    if mask is None:
        if scale is not None:
            raise fatal("Scale value must not be set when mask is not present")
        return _scale_mask(working(tensor))
    if causal:
        raise NotEmulated("a causal mask")
    seen = _raised(tensor.padded_shape, rank)
    if in_place:
        _check_mask_in_place(seen, mask)
    else:
        _check_mask(seen, mask)
    shape, own = _raised(mask.shape, _RANK), _raised(tensor.shape, _RANK)
    if own[3] != shape[3] or shape[2] not in (1, TILE_SIZE, own[2]):
        raise NotEmulated(f"a mask of shape {list(mask.shape)} for scores of shape {list(tensor.shape)}")
    values = working(mask).reshape(shape)
    weights = _scale_mask(working(tensor).reshape(own), scale, values if own[2] == shape[2] else values[..., :1, :])
    return weights.reshape(tuple(tensor.shape))


def _raised(shape: Shape, rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + tuple(shape)


_UNIFORM = (
    "This path requires head-uniform masks; apply a per-head bias with a separate ttnn::add before ttnn::softmax."
)


def _check_mask(own: tuple[int, ...], mask: Tensor) -> None:
    shape = tuple(mask.padded_shape)
    if own[-1] != shape[-1]:
        raise fatal(f"Input and mask inner dimensions must match, got input: {own[-1]} vs mask: {shape[-1]}")
    if own[0] != shape[0]:
        raise fatal(f"Input and mask batch sizes must match, got input: {own[0]} vs mask: {shape[0]}")
    for dim, size in enumerate(shape[1:-2], start=1):
        if size != 1:
            raise fatal(f"Mask intermediate dimension {dim} must be 1, got: {size}. {_UNIFORM}")
    if shape[-2] not in (1, TILE_SIZE):
        raise fatal(
            f"Mask height must be 1 or input tensor tile height ({TILE_SIZE}), got: {shape[-2]}. "
            "A full causal mask is not accepted here; for causal attention use "
            "ttnn::transformer::scaled_dot_product_attention with is_causal=true."
        )


def _check_mask_in_place(own: tuple[int, ...], mask: Tensor) -> None:
    """The checks of ttnn's in-place variants, which look at less."""
    _check_uniform(len(own), mask)
    shape = mask.padded_shape
    if mask.layout is Layout.ROW_MAJOR and tuple(shape) != (own[0], 1, own[-1] // TILE_SIZE, TILE_SIZE):
        raise fatal("Non-sharded mask shape must match expected shape")
    if own[0] != shape.dimensions[0]:
        raise fatal(f"Input and mask batch sizes must match, got {Shape(own)} for input and {shape} for mask")
    if len(own) < 3:  # where ttnn goes on as if there were more
        raise throw(f"ShapeBase[] index out of range. 2 not in [-4, {len(own)})")


def _check_uniform(rank: int, mask: Tensor) -> None:
    for dim in range(1, rank - 2):
        size = mask.padded_shape[dim]
        if size != 1:
            what = f"Non-sharded mask intermediate dimensions must be 1, got {size} at dimension {dim}"
            raise fatal(f"{what}. {_UNIFORM}")


@operation("ttnn.scale_mask_softmax", _scale_mask, operands=_OPERANDS)
def scale_mask_softmax(
    input_tensor: Tensor,
    scale: float | None = None,
    mask: Tensor | None = None,
    *,
    memory_config: MemoryConfig | None = None,
    is_causal_mask: bool = False,
    compute_kernel_config: object = None,
    numeric_stable: bool = True,
) -> Tensor:
    """The softmax along the last dimension of ``scale * input_tensor + mask``."""
    if has_nothing_to_weigh(input_tensor):
        return _ones(input_tensor, memory_config)
    values = scaled_and_masked(input_tensor, scale, mask, causal=is_causal_mask)
    return output(values, input_tensor, layout=Layout.TILE, memory_config=memory_config)


@operation("ttnn.scale_mask_softmax_in_place", _scale_mask, operands=_OPERANDS)
def scale_mask_softmax_in_place(
    input_tensor: Tensor,
    scale: float | None = None,
    mask: Tensor | None = None,
    *,
    program_config: object = None,
    is_causal_mask: bool = False,
    compute_kernel_config: object = None,
    numeric_stable: bool = False,
) -> Tensor:
    """``scale_mask_softmax`` in the tensor's own memory."""
    if has_nothing_to_weigh(input_tensor):
        return _ones(input_tensor)
    _check_softmax(input_tensor)
    _check_program(input_tensor, mask, program_config)
    values = scaled_and_masked(input_tensor, scale, mask, causal=is_causal_mask, in_place=True)
    return output(values, input_tensor, into=input_tensor)


@operation("ttnn.scale_causal_mask_hw_dims_softmax_in_place", _scale_mask, operands=_OPERANDS)
def scale_causal_mask_hw_dims_softmax_in_place(
    input_tensor: Tensor,
    scale: float | None = None,
    mask: Tensor | None = None,
    *,
    program_config: object = None,
    compute_kernel_config: object = None,
    numeric_stable: bool = False,
) -> Tensor:
    """``scale_mask_softmax_in_place`` of a sharded tensor, with one mask of its height and width for every head."""
    if has_nothing_to_weigh(input_tensor):
        return _ones(input_tensor)
    _check_softmax(input_tensor)
    if mask is None:
        if scale is not None:
            raise fatal("Scale value must not be set when mask is not present")
        raise fatal("Causal-mask softmax requires an attention mask (is_causal_mask=true with no mask is unsupported).")
    if isinstance(program_config, SoftmaxShardedMultiCoreProgramConfig):
        _check_causal(input_tensor, mask, program_config)
    else:
        _check_mask_in_place(_raised(input_tensor.padded_shape, _RANK), mask)
        _check_tiled(mask)
        raise fatal("Scale causal mask HW dims softmax not supported in default program config")
    if scale is None:
        raise fatal("Scale value is required for scale causal mask HW dims softmax")
    if tuple(mask.shape) != (1, 1, *tuple(input_tensor.shape)[-2:]):
        raise NotEmulated(f"a mask of shape {list(mask.shape)} for scores of shape {list(input_tensor.shape)}")
    return output(_scale_mask(working(input_tensor), scale, working(mask)), input_tensor, into=input_tensor)


def _check_program(tensor: Tensor, mask: Tensor | None, program: object) -> None:
    """Raise ttnn's errors for a program configuration of shards that the tensor hasn't got."""
    if not isinstance(program, SoftmaxShardedMultiCoreProgramConfig):
        return
    spec = tensor.memory_config().shard_spec
    if spec is None:
        if mask is None:
            raise fatal("output_mem_config must have a shard_spec when using SoftmaxShardedMultiCoreProgramConfig")
        raise fatal("Input tensor must be sharded when using SoftmaxShardedMultiCoreProgramConfig")
    sides = (("block_h", program.block_h, "height"), ("block_w", program.block_w, "width"))
    for (block, given, side), size in zip(sides, spec.shape, strict=True):
        if given != size // TILE_SIZE:
            what = f"{block} ({given}) must match the shard {side} in tiles ({size // TILE_SIZE})"
            raise fatal(f"{what}. Shard shape is {list(spec.shape)} with tile {side} {TILE_SIZE}.")


def _check_causal(tensor: Tensor, mask: Tensor, program: SoftmaxShardedMultiCoreProgramConfig) -> None:
    spec = tensor.memory_config().shard_spec
    if spec is None:
        raise fatal("Input tensor must be sharded when using SoftmaxShardedMultiCoreProgramConfig")
    if mask.is_sharded():
        if tuple(mask.padded_shape) != tuple(tensor.padded_shape):
            raise fatal("Sharded mask shape must match input tensor shape")
    else:
        _check_uniform(_RANK, mask)
        _check_tiled(mask)
    high, wide = (size // TILE_SIZE for size in spec.shape)
    if program.block_h != high:
        what = f"block_h ({program.block_h}) must match the shard height in tiles ({high})"
        raise fatal(f"{what}. Shard shape is {list(spec.shape)} with tile height {TILE_SIZE}.")
    if program.block_w != wide:
        raise fatal("shard width must equal to input tensor shape[3]!")


def _check_tiled(mask: Tensor) -> None:
    if mask.layout is Layout.ROW_MAJOR:
        if mask.shape[-1] == TILE_SIZE:
            raise NotEmulated("a mask in rows")
        raise fatal("Non-sharded mask shape must match expected shape")
