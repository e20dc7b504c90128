"""Convolutions, pools and upsampling."""

from __future__ import annotations

from typing import Any

from calls import BLOCK, DRAM, HEIGHT, L1, MATRIX, RELU, WIDTH, Made, N, T, call


def _convolution(operation: str = "conv2d", *, golden: bool = False, differs: str = "", **settings: Any) -> None:
    base: dict[str, Any] = {
        "input_tensor": T((1, 1, 64, 4), layout="ROW_MAJOR"),
        "weight_tensor": T((6, 4, 3, 3), layout="ROW_MAJOR", on_host=True),
        "device": N("device"),
        "in_channels": 4,
        "out_channels": 6,
        "batch_size": 1,
        "input_height": 8,
        "input_width": 8,
        "kernel_size": (3, 3),
        "stride": (1, 1),
        "padding": (1, 1),
        "dilation": (1, 1),
        "groups": 1,
    }
    call(operation, golden=golden, differs=differs, **{**base, **settings})


_BIAS = T((1, 1, 1, 6), layout="ROW_MAJOR", on_host=True)
_convolution(golden=True)
_convolution(bias_tensor=_BIAS, stride=(2, 2), return_output_dim=True)
_convolution(
    bias_tensor=_BIAS, padding=(1, 0, 2, 1), return_output_dim=True, return_weights_and_bias=True, differs="padding"
)
_convolution(return_weights_and_bias=True, differs="padding")
_convolution(dilation=(2, 2), dtype=N("bfloat8_b"))
_convolution(groups=2, weight_tensor=T((6, 2, 3, 3), layout="ROW_MAJOR", on_host=True), golden=True)
_convolution(input_tensor=T((1, 8, 8, 4), layout="ROW_MAJOR"))
_convolution(input_tensor=T((1, 1, 64, 4)))
_convolution(input_tensor=T((1, 1, 64, 2), layout="ROW_MAJOR"))
_convolution(input_tensor=T((1, 1, 64, 4), layout="ROW_MAJOR", on_host=True))
_convolution(conv_config=Made("Conv2dConfig", (), {"activation": RELU}), golden=True)
_convolution(kernel_size=(1, 1), padding=(0, 0), weight_tensor=T((6, 4, 1, 1), layout="ROW_MAJOR", on_host=True))
for _memory in (HEIGHT, BLOCK, WIDTH):
    _convolution(
        input_tensor=T(MATRIX, memory=_memory),
        weight_tensor=T((64, 64, 3, 3), layout="ROW_MAJOR", on_host=True),
        in_channels=64,
        out_channels=64,
    )
for _scheme in ("HEIGHT", "BLOCK"):
    _convolution(
        slice_config=N("Conv2dL1FullSliceConfig"),
        conv_config=Made("Conv2dConfig", (), {"shard_layout": N(f"TensorMemoryLayout.{_scheme}_SHARDED")}),
    )
_convolution(slice_config=N("Conv2dL1FullSliceConfig"), memory_config=L1)
_convolution(slice_config=N("Conv2dL1FullSliceConfig"), differs="placement")
_convolution(input_tensor=T((1, 1, 64, 4), "bfloat8_b", memory="L1"), differs="placement")
call(
    "conv1d",
    input_tensor=T((1, 1, 16, 4), layout="ROW_MAJOR"),
    weight_tensor=T((6, 4, 3), layout="ROW_MAJOR", on_host=True),
    device=N("device"),
    in_channels=4,
    out_channels=6,
    batch_size=1,
    input_length=16,
    kernel_size=3,
    padding=1,
    return_output_dim=True,
)
_convolution(
    "conv_transpose2d",
    weight_tensor=T((4, 6, 3, 3), layout="ROW_MAJOR", on_host=True),
    stride=(2, 2),
    output_padding=(1, 1),
    return_output_dim=True,
)


def _pool(operation: str, *, differs: str = "placement", **settings: Any) -> None:
    base: dict[str, Any] = {
        "input_tensor": T((1, 1, 64, 32), layout="ROW_MAJOR"),
        "batch_size": 1,
        "input_h": 8,
        "input_w": 8,
        "channels": 32,
        "kernel_size": [2, 2],
        "stride": [2, 2],
        "padding": [0, 0],
    }
    base |= {"dilation": [1, 1]} if operation == "max_pool2d" else {}
    call(operation, differs=differs, **{**base, **settings})


for _name in ("max_pool2d", "avg_pool2d"):
    _pool(_name)
    _pool(_name, memory_config=DRAM, differs="")
    _pool(_name, kernel_size=[3, 3], padding=[1, 1], memory_config=DRAM, differs="")
    _pool(_name, kernel_size=[3, 3], padding=[1, 1], ceil_mode=True, memory_config=DRAM, differs="")
    _pool(_name, applied_shard_scheme=N("TensorMemoryLayout.HEIGHT_SHARDED"), differs="")
    _pool(_name, dtype=N("bfloat8_b"), output_layout=N("TILE_LAYOUT"))
    _pool(_name, input_tensor=T((1, 1, 64, 32), "float32", layout="ROW_MAJOR"), differs="")
call("global_avg_pool2d", T((2, 7, 7, 32), memory="L1"))
call("global_avg_pool2d", T((1, 7, 7, 32), layout="ROW_MAJOR"), memory_config=L1)
call("upsample", T((1, 4, 4, 32), layout="ROW_MAJOR"), 2, golden=True)
call("upsample", T((1, 4, 4, 32), layout="ROW_MAJOR"), [2, 3], memory_config=L1)
call("upsample", T((1, 4, 4, 32)), 2)
call("upsample", T((1, 4, 4, 32), layout="ROW_MAJOR"), 2, mode="cubic")
call("upsample", T((4, 4, 32), layout="ROW_MAJOR"), 2)
for _shape in ((1, 8, 8, 32), (1, 1, 784, 144), (1, 9, 8, 32), (2, 7, 7, 64)):
    for _dtype in ("bfloat16", "float32", "bfloat8_b", "bfloat4_b"):
        call("global_avg_pool2d", T(_shape, _dtype))
        call("global_avg_pool2d", T(_shape, _dtype), dtype=N("float32"))
for _padding in ([2, 1], [1, 2, 1, 1], [0, 1, 3, 2]):
    _pool("max_pool2d", kernel_size=[3, 5], padding=_padding, differs="")
