"""The matrix products of chosen pairs only: what a mixture of experts computes."""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from ..coordinates import CoreGrid
from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal
from ..kernel_config import WormholeComputeKernelConfig
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import Operands, operation
from ..shape import Tile
from ..storage_format import torch_dtype
from ..tensor import Tensor
from .broadcast import broadcast_shape
from .result import as_stored, cpp, working

_OPERANDS = Operands(on_host="Operand to matmul must be on device", deallocated="Operand to matmul must be on device")


def _sparse_matmul(
    input_tensor_a: torch.Tensor,
    input_tensor_b: torch.Tensor,
    *,
    sparsity: torch.Tensor,
    is_input_a_sparse: bool = False,
    dtype: DataType | None = None,
) -> torch.Tensor:
    a, b = input_tensor_a, input_tensor_b
    if is_input_a_sparse:
        batch = torch.Size(broadcast_shape(a.shape[:-2], b.shape[:-2]))
    else:
        batch = torch.Size((*a.shape[:-2], *b.shape[:-2]))
        a = a.reshape(*a.shape[:-2], *(1 for _ in b.shape[:-2]), *a.shape[-2:])
    left, right = a.expand(*batch, *a.shape[-2:]), b.expand(*batch, *b.shape[-2:])
    products = torch.zeros((*batch, a.shape[-2], b.shape[-1]), dtype=a.dtype if dtype is None else torch_dtype(dtype))
    # One product after the other and in the output's type: there may be no memory, nor time, for all of them at once.
    for pair in map(tuple, (sparsity != 0).reshape(batch).nonzero().tolist()):
        products[pair] = torch.matmul(left[pair], right[pair].to(a.dtype))
    return products if dtype is None else as_stored(products, dtype)


def _check(a: Tensor, b: Tensor, sparsity: Tensor, nnz: int | None, *, a_is_sparse: bool, b_is_sparse: bool) -> None:
    if not (a_is_sparse or b_is_sparse):
        raise fatal("sparse_matmul requires at least one of is_input_a_sparse or is_input_b_sparse to be true")
    for name, tensor in (("A", a), ("B", b)):
        if tensor.layout is not Layout.TILE:
            raise fatal(f"Input tensor {name} must be TILE layout, got {cpp(tensor.layout)}")
    if sparsity.layout is not Layout.ROW_MAJOR:
        raise fatal(f"Sparsity tensor must be ROW_MAJOR layout, got {cpp(sparsity.layout)}")
    if a.shape[-1] != b.shape[-2]:
        sizes = f"K (A.shape[-1] {a.shape[-1]}) and B.shape[-2] ({b.shape[-2]})"
        raise fatal(f"Dimension {sizes} must match for A and B")
    batches_a, batches_b = (prod(tuple(tensor.shape)[:-2]) for tensor in (a, b))
    pairs = batches_a * batches_b if not a_is_sparse else batches_b if b_is_sparse else batches_a
    if sparsity.logical_volume() != pairs:
        asked = f"is_input_a_sparse={str(a_is_sparse).lower()}, is_input_b_sparse={str(b_is_sparse).lower()}"
        volumes = f"logical_volume ({sparsity.logical_volume()}) must equal batch_length ({pairs})"
        raise fatal(f"sparsity {volumes} [sparsity_shape={sparsity.shape}, {asked}]")
    if nnz is not None and nnz <= 0:
        raise fatal(f"nnz ({nnz}) must be greater than 0")
    if nnz is not None and nnz > pairs:
        raise fatal(f"nnz ({nnz}) must be less than or equal to the length of all batch dimensions ({pairs})")


@operation("ttnn.sparse_matmul", _sparse_matmul, operands=_OPERANDS)
def sparse_matmul(
    input_tensor_a: Tensor,
    input_tensor_b: Tensor,
    *,
    sparsity: Tensor,
    program_config: Any = None,
    nnz: int | None = None,
    is_input_a_sparse: bool = False,
    is_input_b_sparse: bool = True,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    compute_kernel_config: WormholeComputeKernelConfig | None = None,
    core_grid: CoreGrid | None = None,
    output_tile: Tile | None = None,
    optional_output_tensor: Tensor | None = None,
    global_cb: object = None,
    sub_device_id: object = None,
    indices: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """The products of those pairs of matrices for which ``sparsity`` isn't zero; zeros, in DRAM, for the others.

    ttnn 0.81.1 demands a program configuration; older releases chose one. ``nnz``, the number of such pairs, only
    saves the chip counting them.
    """
    if indices is not None or bias is not None:
        raise NotEmulated("indices or a bias of sparse products")
    a, b = input_tensor_a, input_tensor_b
    _check(a, b, sparsity, nnz, a_is_sparse=is_input_a_sparse, b_is_sparse=is_input_b_sparse)
    values = _sparse_matmul(
        working(a),
        b.values,
        sparsity=working(sparsity),
        is_input_a_sparse=is_input_a_sparse,
        dtype=dtype or a.dtype,
    )
    if optional_output_tensor is not None:
        if tuple(optional_output_tensor.shape) != tuple(values.shape):
            raise NotEmulated(f"sparse products packed into a tensor of shape {list(optional_output_tensor.shape)}")
        optional_output_tensor.overwrite(values)
        return optional_output_tensor
    return Tensor.create(
        values,
        dtype=dtype or a.dtype,
        layout=Layout.TILE,
        device=a.device(),
        memory_config=memory_config or DRAM_MEMORY_CONFIG,
        tile=output_tile or Tile((a.tile.tile_shape[0], b.tile.tile_shape[1])),
    )
