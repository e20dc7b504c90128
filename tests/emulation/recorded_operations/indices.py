"""Finding elements, and the products of chosen pairs of matrices."""

from __future__ import annotations

from typing import Any

from calls import L1, Made, N, T, call

for _shape in ((1, 1, 1, 64), (2, 3, 4, 16), (1, 1, 1, 7)):
    call("nonzero", T(_shape, "int32", "ROW_MAJOR", low=0, high=3), golden=True)
    call("nonzero", T(_shape))
for _dtype in ("float32", "bfloat8_b", "uint32", "uint16"):
    call("nonzero", T((1, 1, 2, 32), _dtype, low=0, high=3))
call("nonzero", T((1, 1, 1, 64), layout="ROW_MAJOR"), memory_config=L1)
call("nonzero", T((1, 1, 1, 64), layout="ROW_MAJOR", memory="L1"))
call("nonzero", T((4, 64)))
call("nonzero", T((1, 1, 1, 1, 64)))
call("nonzero", T((1, 1, 1, 64), on_host=True))

_SIZES = dict.fromkeys(("in0_block_w", "out_subblock_h", "out_subblock_w", "out_block_h", "out_block_w"), 1)
_PROGRAM = Made(
    "MatmulMultiCoreReuseMultiCast1DProgramConfig",
    (),
    {
        "compute_with_storage_grid_size": Made("CoreCoord", (8, 4)),
        **_SIZES,
        "per_core_M": 1,
        "per_core_N": 1,
        "fuse_batch": False,
        "mcast_in0": True,
    },
)
_A, _B = T((1, 4, 32, 64), "float32"), T((1, 8, 64, 96), "float32")


def _chosen(*shape: int, dtype: str = "bfloat16", layout: str = "ROW_MAJOR") -> T:
    return T(shape, dtype, layout, low=0, high=2)


def _sparse(*args: Any, **kwargs: Any) -> None:
    call("sparse_matmul", *args, program_config=_PROGRAM, **kwargs)


_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8), nnz=20, golden=True)
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8, dtype="float32"))
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8, layout="TILE"))
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 4))
_sparse(T((1, 4, 32, 32)), _B, sparsity=_chosen(1, 1, 4, 8))
_sparse(T((1, 8, 32, 64)), T((1, 8, 64, 96)), sparsity=_chosen(1, 1, 1, 8), is_input_a_sparse=True)
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8), is_input_b_sparse=False)
_sparse(
    T((4, 8, 32, 64), "float32"),
    _B,
    sparsity=_chosen(1, 1, 4, 8),
    is_input_a_sparse=True,
    is_input_b_sparse=False,
    golden=True,
)
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8), nnz=400)
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8), nnz=0)
_sparse(T((1, 4, 32, 64)), T((1, 8, 64, 96), "bfloat8_b"), sparsity=_chosen(1, 1, 4, 8), memory_config=L1)
_sparse(T((1, 4, 32, 64), memory="L1"), T((1, 8, 64, 96)), sparsity=_chosen(1, 1, 4, 8))
_sparse(_A, T((64, 96)), sparsity=_chosen(1, 1, 4, 1))
_sparse(T((32, 64)), _B, sparsity=_chosen(1, 1, 1, 8))
_sparse(T((1, 4, 32, 64), layout="ROW_MAJOR"), _B, sparsity=_chosen(1, 1, 4, 8))
_sparse(_A, T((1, 8, 64, 96), layout="ROW_MAJOR"), sparsity=_chosen(1, 1, 4, 8))
_sparse(T((1, 4, 32, 64), on_host=True), _B, sparsity=_chosen(1, 1, 4, 8))
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8), optional_output_tensor=T((1, 4, 1, 8, 32, 96)))
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8), nnz=4, optional_output_tensor=T((1, 4, 32, 96)), differs="skip")
_sparse(_A, _B, sparsity=_chosen(1, 1, 4, 8), indices=T((1, 2), "uint16", "ROW_MAJOR", low=0, high=2), differs="skip")


def _at(*shape: int, dtype: str = "int32", layout: str = "TILE", high: int = 4) -> T:
    return T(shape, dtype, layout, low=0, high=high)


_ROWS = ("float32", "ROW_MAJOR")
_INTO, _FROM = T((4, 64)), T((2, 64))
call("scatter", T((4, 8), *_ROWS), 0, T((1, 8), "int32", "ROW_MAJOR", low=0, high=4), T((1, 8), *_ROWS), golden=True)
call("scatter", T((1, 4), *_ROWS), -1, T((1, 1), "int32", "ROW_MAJOR", low=2, high=3), T((1, 1), *_ROWS), golden=True)
for _dim in (0, 1, -1, 2, -3):
    call("scatter", _INTO, _dim, _at(2, 64), _FROM)
for _index, _source in (
    (_at(2, 64), T((1, 64))),
    (_at(2, 64), T((3, 64))),
    (_at(2, 64), T((1, 2, 64))),
    (_at(1, 2, 64), _FROM),
    (_at(6, 64), T((6, 64))),
    (_at(2, 96), T((2, 96))),
    (_at(2, 64), T((2, 64), "float32")),
    (_at(2, 64), T((2, 64), "int32")),
    (_at(2, 64, layout="ROW_MAJOR"), T((2, 64), layout="ROW_MAJOR")),
    (_at(2, 64, dtype="uint32"), _FROM),
    (_at(2, 64, dtype="uint16"), _FROM),
    (_FROM, _FROM),
    (T((2, 64), "int32", on_host=True), _FROM),
):
    call("scatter", _INTO, 0, _index, _source)
for _into in ("float32", "bfloat8_b", "int32"):
    call("scatter", T((4, 64), _into), 0, _at(2, 64), T((2, 64), _into))
for _reduce in ("add", "multiply", "amax"):
    call("scatter", _INTO, 0, _at(2, 64), _FROM, reduce=_reduce)
call("scatter", T((4, 64), memory="L1"), 0, _at(2, 64), _FROM)
call("scatter", _INTO, 0, _at(2, 64), _FROM, memory_config=L1)
call("scatter", T((64,)), 0, _at(8), T((8,)))

for _dtype in ("bfloat16", "float32", "bfloat8_b", "bfloat4_b", "int32", "uint32", "uint16", "uint8"):
    call("rand", (2, 3), N("device"), dtype=N(_dtype), low=1.0, high=9.0)
call("rand", [2, 3], device=N("device"), layout=N("ROW_MAJOR_LAYOUT"), memory_config=L1, seed=7)
call("rand", [2, 3], N("device"), dtype=N("bfloat8_b"), layout=N("ROW_MAJOR_LAYOUT"))
call("rand", [2, 3], N("device"), low=2.0, high=1.0)
call("rand", [], N("device"))
call("rand", [2, 3])
call("rand", [2, 3], None)
