"""Matrix products with their program configurations, softmax and norms."""

from __future__ import annotations

from typing import Any

from calls import HEIGHT, L1, MATRIX, RELU, Made, N, Sharded, T, call

for _a, _b in (
    ((4, 6), (6, 5)),
    ((2, 3, 4, 6), (6, 5)),
    ((2, 3, 4, 6), (2, 3, 6, 5)),
    ((2, 3, 4, 6), (1, 1, 6, 5)),
    ((6,), (6, 5)),
    ((4, 6), (6,)),
    ((6,), (6,)),
    ((2, 2, 3, 4, 6), (6, 5)),
    ((4, 6), (1, 1, 6, 5)),
    ((4, 6), (7, 5)),
    ((4, 6), (3, 6, 5)),
    ((1, 3, 4, 6), (2, 3, 6, 5)),
    ((2, 3, 4, 6), (3, 6, 5)),
    ((), (6, 5)),
    ((0, 6), (6, 5)),
):
    call(
        "matmul",
        T(_a, "float32"),
        T(_b, "float32"),
        golden=_b in ((6, 5), (2, 3, 6, 5), (1, 1, 6, 5)) and _a not in ((4, 6), (), (1, 3, 4, 6)),
    )
_A, _B = T((2, 3, 32, 64)), T((64, 96))
call("matmul", T((6, 4), "float32"), T((6, 5), "float32"), transpose_a=True, golden=True)
call("matmul", T((4, 6), "float32"), T((5, 6), "float32"), transpose_b=True, golden=True)
for _a, _b in (
    ("bfloat8_b", "bfloat8_b"),
    ("bfloat16", "bfloat8_b"),
    ("bfloat8_b", "bfloat16"),
    ("bfloat16", "float32"),
    ("int32", "int32"),
    ("bfloat16", "int32"),
):
    call("matmul", T((32, 64), _a), T((64, 96), _b))
call("matmul", T((32, 64), layout="ROW_MAJOR"), _B)
call("matmul", _A, _B, dtype=N("bfloat8_b"), memory_config=L1, core_grid=Made("CoreGrid", (), {"x": 4, "y": 4}))
call("matmul", T((32, 64), memory="L1"), _B)
call("matmul", _A, _B, activation="relu")
call("matmul", _A, _B, activation="unknown")
call("matmul", _A, T((64, 64), memory=Sharded("HEIGHT", (32, 64), (2, 1))))
call("matmul", T(MATRIX, memory=HEIGHT), _B)
call("matmul", T(MATRIX, memory=HEIGHT), _B, memory_config=N("L1_HEIGHT_SHARDED_MEMORY_CONFIG"))
call("matmul", T(MATRIX), _B, memory_config=N("L1_WIDTH_SHARDED_MEMORY_CONFIG"))
call("matmul", T((32, 64), on_host=True), _B)
call("matmul", T((32, 64), state="deallocated"), _B)
call("matmul", _A, _B, optional_output_tensor=T((2, 3, 32, 64)))
for _activation in (None, "relu", "gelu", "silu", "sigmoid", "tanh"):
    call(
        "linear",
        T((2, 4, 6), "float32"),
        T((6, 5), "float32"),
        bias=T((1, 5), "float32"),
        activation=_activation,
        golden=True,
    )
for _bias in ((96,), (1, 1, 1, 96), (1, 64), (2, 96), (1, 1, 32, 96)):
    call("linear", T((2, 3, 64, 64)), _B, bias=T(_bias))
call(
    "linear",
    _A,
    _B,
    bias=T((1, 96)),
    dtype=N("float32"),
    compute_kernel_config=Made("WormholeComputeKernelConfig", (), {"math_fidelity": N("MathFidelity.HiFi4")}),
)
call("addmm", T((4, 5), "float32"), T((4, 6), "float32"), T((6, 5), "float32"), alpha=2.0, beta=0.5, golden=True)
call("addmm", T((4, 4)), T((4, 6)), T((6, 5)))


def _program(name: str, **settings: Any) -> Made:
    base = {"compute_with_storage_grid_size": (8, 8), "in0_block_w": 2, "out_subblock_h": 1, "out_subblock_w": 1}
    return Made(f"MatmulMultiCoreReuse{name}ProgramConfig", (), {**base, **settings})


def _one(**settings: Any) -> Made:
    base = {"per_core_M": 2, "per_core_N": 1, "fuse_batch": True, "fused_activation": None, "mcast_in0": True}
    return _program("MultiCast1D", **{**base, **settings})


def _two(**settings: Any) -> Made:
    base = {"per_core_M": 1, "per_core_N": 1, "transpose_mcast": False, "fused_activation": None}
    return _program("MultiCast", **{**base, **settings})


def _reuse(**settings: Any) -> Made:
    return _program("", **{"per_core_M": 2, "per_core_N": 3, **settings})


for _config in (
    _one(),
    _one(per_core_M=1),
    _one(in0_block_w=3),
    _one(out_subblock_w=2),
    _one(out_subblock_h=3),
    _one(in0_block_w=0),
    _one(out_subblock_h=4, out_subblock_w=4, per_core_M=4, per_core_N=4),
    _one(compute_with_storage_grid_size=(2, 1)),
    _one(compute_with_storage_grid_size=(9, 9)),
    _one(mcast_in0=False, per_core_N=3),
    _one(mcast_in0=False),
    _one(out_block_h=3),
    _one(out_block_w=2, per_core_N=3),
    _one(fused_activation=RELU),
    _one(per_core_N=0),
    _two(),
    _two(compute_with_storage_grid_size=(2, 1)),
    _two(compute_with_storage_grid_size=(3, 1)),
    _two(in0_block_w=3),
    _two(transpose_mcast=True),
    _two(transpose_mcast=True, compute_with_storage_grid_size=(2, 2)),
    _two(fused_activation=RELU),
    _reuse(),
    _reuse(per_core_N=1),
    _reuse(per_core_M=1),
    _reuse(per_core_M=3),
    _reuse(out_subblock_h=4),
    _reuse(out_subblock_w=2),
):
    call("matmul", T(MATRIX, "float32"), T((1, 1, 64, 96), "float32"), program_config=_config)
call("matmul", T(MATRIX), T((1, 1, 64, 96)), program_config=_one(), core_grid=Made("CoreGrid", (), {"x": 8, "y": 8}))
call("matmul", T(MATRIX), T((1, 1, 64, 96)), program_config=_one(), memory_config=N("L1_WIDTH_SHARDED_MEMORY_CONFIG"))
call("matmul", T(MATRIX), T((1, 1, 64, 96)), program_config=_one(), memory_config=N("L1_HEIGHT_SHARDED_MEMORY_CONFIG"))
call("matmul", T(MATRIX), T((1, 1, 64, 96)), program_config=_two(), memory_config=N("L1_BLOCK_SHARDED_MEMORY_CONFIG"))
call("matmul", T(MATRIX), T((1, 1, 64, 96)), program_config=_reuse(), memory_config=N("L1_BLOCK_SHARDED_MEMORY_CONFIG"))


_SCHEMES = {name: N(f"L1_{name}_SHARDED_MEMORY_CONFIG") for name in ("HEIGHT", "WIDTH", "BLOCK")}
for _name, _wanted in _SCHEMES.items():
    for _columns in (32, 96, 512):
        call("matmul", T((256, 64)), T((64, _columns)), memory_config=_wanted)
        for _placed in (Sharded("HEIGHT", (64, 64), (4, 1)), Sharded("HEIGHT", (96, 64), (3, 1))):
            call("matmul", T((256, 64), memory=_placed), T((64, _columns)), memory_config=_wanted)
        for _placed in (Sharded("WIDTH", (64, 64), (2, 2)), Sharded("WIDTH", (64, 96), (3, 1))):
            call("matmul", T((64, 256), memory=_placed), T((256, _columns)), memory_config=_wanted)
        for _placed in (Sharded("BLOCK", (64, 128), (2, 4)), Sharded("BLOCK", (96, 96), (3, 3))):
            call("matmul", T((256, 256), memory=_placed), T((256, _columns)), memory_config=_wanted)
    call("matmul", T((2, 128, 64)), T((2, 64, 64)), memory_config=_wanted, differs="skip")
for _config in (_one(per_core_M=4), _two(per_core_M=4), _two(per_core_M=2), _reuse(per_core_M=2)):
    call("matmul", T((2, 1, 64, 64)), T((64, 96)), program_config=_config)
    call("matmul", T((2, 1, 64, 64)), T((2, 1, 64, 96)), program_config=_config)
    call("matmul", T((64, 64)), T((64, 96)), program_config=_config)
for _config in (_one(in0_block_w=2), _one(mcast_in0=False, per_core_N=3), _two(), _two(transpose_mcast=True)):
    call("matmul", T((1, 1, 64, 64), memory=Sharded("HEIGHT", (32, 64), (2, 1))), T((64, 96)), program_config=_config)
    call("matmul", T((1, 1, 64, 64), memory=Sharded("WIDTH", (64, 32), (2, 1))), T((64, 96)), program_config=_config)
    call("matmul", T((1, 1, 64, 64), memory=Sharded("BLOCK", (32, 32), (2, 2))), T((64, 96)), program_config=_config)
call("matmul", T((512, 64)), T((64, 1024)), memory_config=_SCHEMES["HEIGHT"], differs="skip")
call(
    "matmul",
    T((256, 256)),
    T((256, 256)),
    memory_config=_SCHEMES["BLOCK"],
    core_grid=Made("CoreGrid", (), {"x": 4, "y": 2}),
)
call(
    "matmul",
    T((32, 64)),
    T((64, 256)),
    memory_config=_SCHEMES["WIDTH"],
    core_grid=Made("CoreGrid", (), {"x": 4, "y": 2}),
)
call("matmul", T((256, 64), memory=Sharded("HEIGHT", (32, 64), (8, 1))), _B, memory_config=HEIGHT)


for _dim in (-1, 0, 1, 7):
    call("softmax", T((2, 3, 8), "float32"), dim=_dim, golden=_dim != 7)
call("softmax", T((2, 30, 60), layout="ROW_MAJOR"))
call("softmax", T((2, 30), "int32"))
call("softmax", T((2, 30), memory="L1"))
call("softmax", T((2, 30), "bfloat8_b"), memory_config=L1)
call("softmax", T(()))
call("softmax", T(MATRIX, memory=HEIGHT))
call("softmax", T(MATRIX), memory_config=N("L1_HEIGHT_SHARDED_MEMORY_CONFIG"))
call("softmax_in_place", T((2, 3, 32, 64)))
call("softmax_in_place", T((32, 64)))
call("scale_mask_softmax", T((2, 3, 4, 32), "float32"), 0.5, T((2, 1, 1, 32), "float32"), golden=True)
call("scale_mask_softmax", T((2, 3, 4, 32), "float32"), golden=True)
call("scale_mask_softmax", T((2, 3, 4, 32)), 0.5)
for _mask in ((2, 1, 32, 64), (1, 1, 32, 64), (2, 3, 32, 64), (2, 1, 64, 64), (2, 1, 1, 32)):
    call("scale_mask_softmax", T((2, 3, 64, 64)), 0.5, T(_mask))
    call("scale_mask_softmax_in_place", T((2, 3, 64, 64)), 0.5, T(_mask), differs="skip" if _mask[3] == 32 else "")
for _name in ("layer_norm", "rms_norm"):
    call(_name, T((2, 3, 8), "float32"), golden=True)
    call(_name, T((2, 3, 8), "float32"), epsilon=1e-3, weight=T((8,), "float32"), bias=T((8,), "float32"), golden=True)
    call(_name, T((2, 3, 8), "float32"), residual_input_tensor=T((2, 3, 8), "float32"), golden=True)
    call(_name, T((3, 30, 50)), weight=T((1, 50)), bias=T((1, 50)), memory_config=L1)
    call(_name, T((2, 3, 32, 64)), weight=T((1, 1, 2, 32), layout="ROW_MAJOR"))
    call(_name, T((2, 3, 32, 64)), weight=T((64,), layout="ROW_MAJOR"))
    call(_name, T((2, 3, 32, 64)), weight=T((32,)))
    call(_name, T((2, 3, 32, 64)), bias=T((32,)))
    call(_name, T((2, 3, 32, 64)), residual_input_tensor=T((2, 3, 32, 32)))
    call(_name, T((2, 64), "int32"))
    call(_name, T(()))
    call(_name, T((2, 3, 32, 64), layout="ROW_MAJOR"))
_CHANNELS = (1, 3, 1, 1)
call(
    "batch_norm",
    T((2, 3, 4, 5), "float32"),
    running_mean=T(_CHANNELS, "float32"),
    running_var=T(_CHANNELS, "float32", low=0.5),
    golden=True,
)
call(
    "batch_norm",
    T((2, 3, 4, 5), "float32"),
    running_mean=T(_CHANNELS, "float32"),
    running_var=T(_CHANNELS, "float32", low=0.5),
    weight=T(_CHANNELS, "float32"),
    bias=T(_CHANNELS, "float32"),
    training=True,
    eps=1e-3,
    golden=True,
)
call("batch_norm", T((2, 3, 32, 32)), training=True)
call("batch_norm", T((2, 3, 32, 32)))
call("batch_norm", T((3, 32, 32)), training=True)
call("batch_norm", T((2, 3, 32, 32)), running_mean=T((1, 2, 1, 1)), running_var=T(_CHANNELS))
call("group_norm", T((1, 1, 64, 64)), num_groups=2)
