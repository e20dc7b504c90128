"""What the arguments of an operation are called.

Masters before 2026 hold C++ calls, all positional, in the parameter order of the library that was traced; later ones
hold Python calls. An operation's forms list its parameters in that order under the keyword names of ttnn 0.81.1, so
both kinds bind to one set of names. Order and types: the operations' C++ ``invoke`` declarations (tt-metal, September
2025) and the traced masters; names and defaults: the signatures that ttnn 0.81.1 prints in its ``TypeError``.

An operation that isn't here is not wrong: its positional arguments just have no names (see ``rows``).
"""

from __future__ import annotations

from dataclasses import replace

from pytest_ttnn_sweeps.traced.signatures import (
    Kind,
    Parameter,
    Signature,
    anything,
    device,
    dimensions,
    enumerator,
    flag,
    integer,
    integers,
    memory,
    number,
    operand,
    pairs,
    struct,
    tensor,
    tensors,
    text,
)
from pytest_ttnn_sweeps.traced.values import ABSENT, Enumerator, Value


def _hidden(name: str, kind: Kind = anything, default: Value = None) -> Parameter:
    return Parameter(name, kind, default, is_shown=False)


_INPUT = Parameter("input_a", tensor, keyword="input_tensor")
_LEFT = Parameter("input_a", tensor, keyword="input_tensor_a")
_RIGHT = Parameter("input_b", tensor, keyword="input_tensor_b")
_MEMORY = Parameter("memory_config", memory, None)
_OUTPUT = _hidden("output_tensor")
_CORES = _hidden("sub_core_grids")
_DTYPE = Parameter("dtype", enumerator, None)
_COMPUTE = Parameter("compute_kernel_config", struct, None)
_PROGRAM = Parameter("program_config", struct, None)
_PAD_VALUE = Parameter("pad_value", number, 0.0)
_FAST = Parameter("fast_and_approximate_mode", flag, False)
_MULTICORE = Parameter("use_multicore", flag, True)
_ATTENTION = (
    replace(_INPUT, keyword="input_tensor_q"),
    replace(_RIGHT, keyword="input_tensor_k"),
    Parameter("input_c", tensor, keyword="input_tensor_v"),
)
_MASK = Parameter("attn_mask", tensor, None)
_CAUSAL = Parameter("is_causal", flag, True)
_SCALE = Parameter("scale", number, None)
_SINK = Parameter("attention_sink", tensor, None)
_WINDOW = Parameter("sliding_window_size", integer, None)
_POSITIONS = (Parameter("cur_pos", integers, ()), Parameter("cur_pos_tensor", tensor, None))


def _unary() -> Signature:
    return Signature(((_INPUT, _MEMORY, _OUTPUT),), (_CORES,))


def _unary_with_mode() -> Signature:
    # Libraries before November 2025 had no mode for some of these.
    return Signature(((_INPUT, _FAST, _MEMORY, _OUTPUT), (_INPUT, _MEMORY, _OUTPUT)), (_CORES,))


def _binary() -> Signature:
    return Signature(
        (
            (
                _LEFT,
                replace(_RIGHT, kind=operand, scalar="scalar"),
                _DTYPE,
                _MEMORY,
                _OUTPUT,
                _hidden("activations", default=()),
                _hidden("input_tensor_a_activations", default=()),
                _hidden("input_tensor_b_activations", default=()),
                _hidden("use_legacy"),
            ),
        ),
        (_hidden("fast_and_approximate_mode", flag), _CORES, _hidden("sub_device_id")),
    )


def _matmul(*between: Parameter) -> Signature:
    return Signature(
        (
            (
                _LEFT,
                _RIGHT,
                *between,
                Parameter("transpose_a", flag, False),
                Parameter("transpose_b", flag, False),
                _MEMORY,
                _DTYPE,
                _PROGRAM,
                Parameter("activation", anything, None),
                _COMPUTE,
                Parameter("core_grid", struct, None),
                _hidden("output_tile"),
                _hidden("optional_output_tensor"),
                _hidden("global_cb"),
                _hidden("sub_device_id"),
            ),
        )
    )


def _reduction() -> Signature:
    return Signature(
        (
            (
                _INPUT,
                Parameter("dim", dimensions, None),
                Parameter("keepdim", flag, False),
                _MEMORY,
                _COMPUTE,
                _hidden("scalar", number, 1.0),
                _hidden("correction"),
            ),
        ),
        (_CORES,),
    )


def _normalization() -> Signature:
    return Signature(
        (
            (
                _INPUT,
                Parameter("epsilon", number, 1e-12),
                Parameter("weight", tensor, None),
                Parameter("bias", tensor, None),
                Parameter("residual_input_tensor", tensor, None),
                _MEMORY,
                _PROGRAM,
                _COMPUTE,
            ),
        )
    )


def _pool(*after_padding: Parameter) -> Signature:
    return Signature(
        (
            (
                _INPUT,
                Parameter("batch_size", integer),
                Parameter("input_h", integer),
                Parameter("input_w", integer),
                Parameter("channels", integer),
                Parameter("kernel_size", integers),
                Parameter("stride", integers),
                Parameter("padding", integers),
                *after_padding,
                _MEMORY,
                Parameter("applied_shard_scheme", enumerator, None),
            ),
        )
    )


_UNARY = (
    "abs acos acosh asin asinh atan atanh bitwise_not ceil cos cosh eqz erfc erfinv exp2 expm1 floor frac gez gtz "
    "hardsigmoid hardswish i0 i1 isfinite isinf isnan isneginf isposinf lez log_sigmoid logical_not ltz neg nez "
    "reciprocal relu relu6 sign signbit silu sin softsign square swish tan trunc"
)
_UNARY_WITH_MODE = "erf exp gelu log log10 log1p log2 mish rsqrt sigmoid_accurate sqrt"
_BINARY = (
    "add divide eq ge gt le logaddexp logaddexp2 logical_and logical_or logical_xor lt maximum minimum multiply ne "
    "squared_difference subtract xlogy"
)

SIGNATURES: dict[str, Signature] = {
    **dict.fromkeys(_UNARY.split(), _unary()),
    **dict.fromkeys(_UNARY_WITH_MODE.split(), _unary_with_mode()),
    **dict.fromkeys(_BINARY.split(), _binary()),
    **dict.fromkeys(("sum", "mean", "max", "min", "std", "var"), _reduction()),
    **dict.fromkeys(("layer_norm", "rms_norm"), _normalization()),
    "pow": Signature(
        ((_INPUT, Parameter("input_b", operand, scalar="exponent"), _MEMORY, _OUTPUT),),
    ),
    "where": Signature(
        (
            (
                Parameter("input_a", tensor, keyword="predicate"),
                Parameter("input_b", operand, keyword="true_value", scalar="true_value"),
                Parameter("input_c", operand, keyword="false_value", scalar="false_value"),
                _MEMORY,
                _OUTPUT,
            ),
        ),
        (_CORES,),
    ),
    "clamp": Signature(((_INPUT, Parameter("min", number, None), Parameter("max", number, None), _MEMORY, _OUTPUT),)),
    "typecast": Signature(((_INPUT, replace(_DTYPE, default=ABSENT), _MEMORY, _OUTPUT, _CORES),)),
    "matmul": _matmul(),
    "linear": _matmul(Parameter("bias", tensor, None)),
    "softmax": Signature(
        ((_INPUT, Parameter("dim", integer, -1), _MEMORY, _COMPUTE, Parameter("numeric_stable", flag, True)),)
    ),
    "embedding": Signature(
        (
            (
                _INPUT,
                Parameter("weight", tensor),
                Parameter("padding_idx", integer, None),
                Parameter("layout", enumerator, None),
                _hidden("embeddings_type", default=Enumerator("EmbeddingsType", "GENERIC")),
                _DTYPE,
                _MEMORY,
                _OUTPUT,
            ),
        )
    ),
    "concat": Signature(
        (
            (
                Parameter("tensors", tensors),
                Parameter("dim", integer, 0),
                _MEMORY,
                _OUTPUT,
                _hidden("groups", integer, 1),
            ),
        ),
        (_CORES,),
    ),
    "permute": Signature(
        (
            (_INPUT, Parameter("dims", integers), _MEMORY, _PAD_VALUE),
            (_INPUT, Parameter("dims", integers), _PAD_VALUE),
        )
    ),
    "transpose": Signature(
        (
            (_INPUT, Parameter("dim1", integer), Parameter("dim2", integer), _MEMORY, _PAD_VALUE),
            (_INPUT, Parameter("dim1", integer), Parameter("dim2", integer), _PAD_VALUE),
        )
    ),
    # ``shape`` is called ``logical_shape`` by the overload that takes a padded shape too; both take it second.
    "reshape": Signature(
        (
            (
                _INPUT,
                Parameter("shape", integers),
                _MEMORY,
                replace(_PAD_VALUE, default=None),
                _hidden("reshape_tile_mode", enumerator, Enumerator("TileReshapeMapMode", "CACHE")),
            ),
            (
                _INPUT,
                Parameter("shape", integers, keyword="logical_shape"),
                Parameter("padded_shape", integers, None),
                _MEMORY,
                replace(_PAD_VALUE, default=None),
                _hidden("reshape_tile_mode", enumerator, Enumerator("TileReshapeMapMode", "CACHE")),
            ),
        ),
        (_CORES, _hidden("skip_padding_fill", flag, False)),
    ),
    "pad": Signature(
        (
            (_INPUT, Parameter("padding", pairs, None), Parameter("value", number), _MULTICORE, _MEMORY),
            (
                _INPUT,
                Parameter("output_padded_shape", integers, None),
                Parameter("input_tensor_start", integers, None),
                Parameter("value", number),
                _MULTICORE,
                _MEMORY,
            ),
        ),
        (_CORES,),
    ),
    "slice": Signature(
        (
            (
                _INPUT,
                Parameter("slice_start", integers),
                Parameter("slice_end", integers),
                Parameter("slice_step", integers, None),
                _MEMORY,
                _OUTPUT,
                replace(_PAD_VALUE, default=None),
            ),
        ),
        (_CORES,),
    ),
    "repeat": Signature(((_INPUT, Parameter("repeat_dims", integers), _MEMORY),)),
    "tilize": Signature(((_INPUT, _MEMORY, _DTYPE, _MULTICORE),), (_CORES,)),
    "untilize": Signature(((_INPUT, _MEMORY, _MULTICORE, _hidden("use_pack_untilize", flag, True), _CORES),)),
    "tilize_with_val_padding": Signature(
        (
            (
                _INPUT,
                Parameter("output_tensor_shape", integers),
                replace(_PAD_VALUE, default=ABSENT),
                _MEMORY,
                _DTYPE,
                _MULTICORE,
            ),
        ),
        (_CORES,),
    ),
    "untilize_with_unpadding": Signature(
        (
            (
                _INPUT,
                Parameter("output_tensor_end", integers),
                _MEMORY,
                _MULTICORE,
                _hidden("use_pack_untilize", flag, True),
            ),
        ),
        (_CORES,),
    ),
    "sharded_to_interleaved": Signature(
        ((_INPUT, _MEMORY, Parameter("output_dtype", enumerator, None), _hidden("is_l1_aligned", flag, False)),)
    ),
    "interleaved_to_sharded": Signature(
        (
            (
                _INPUT,
                Parameter("sharded_memory_config", memory),
                Parameter("output_dtype", enumerator, None),
                _hidden("keep_l1_aligned", flag, False),
            ),
        )
    ),
    "reshard": Signature(((_INPUT, Parameter("output_memory_config", memory), _OUTPUT),)),
    "conv2d": Signature(
        (
            (
                _INPUT,
                Parameter("weight_tensor", tensor),
                _hidden("device", device),
                Parameter("in_channels", integer),
                Parameter("out_channels", integer),
                Parameter("batch_size", integer),
                Parameter("input_height", integer),
                Parameter("input_width", integer),
                Parameter("kernel_size", integers),
                Parameter("stride", integers, (1, 1)),
                Parameter("padding", integers, (0, 0)),
                Parameter("dilation", integers, (1, 1)),
                Parameter("groups", integer, 1),
                _DTYPE,
                Parameter("bias_tensor", tensor, None),
                Parameter("conv_config", struct, None),
                Parameter("compute_config", struct, None),
                _MEMORY,
                Parameter("slice_config", struct, None),
                Parameter("return_output_dim", flag, False),
                Parameter("return_weights_and_bias", flag, False),
            ),
        )
    ),
    "max_pool2d": _pool(Parameter("dilation", integers), Parameter("ceil_mode", flag, False)),
    "avg_pool2d": _pool(
        Parameter("ceil_mode", flag, False),
        Parameter("count_include_pad", flag, True),
        Parameter("divisor_override", integer, None),
    ),
    "global_avg_pool2d": Signature(((_INPUT, _MEMORY, _DTYPE),)),
    "upsample": Signature(
        (
            (
                _INPUT,
                Parameter("scale_factor", anything),
                Parameter("mode", text, "nearest"),
                _MEMORY,
                _COMPUTE,
            ),
        )
    ),
    "transformer.scaled_dot_product_attention": Signature(
        ((*_ATTENTION, _MASK, _CAUSAL, _SCALE, _MEMORY, _PROGRAM, _COMPUTE),), (_WINDOW, _SINK)
    ),
    "transformer.scaled_dot_product_attention_decode": Signature(
        (
            (*_ATTENTION, _CAUSAL, _MASK, *_POSITIONS, _SINK, _SCALE, _WINDOW, _MEMORY, _PROGRAM, _COMPUTE),
            # Libraries before November 2025 had no sliding window.
            (*_ATTENTION, _CAUSAL, _MASK, *_POSITIONS, _SINK, _SCALE, _MEMORY, _PROGRAM, _COMPUTE),
        )
    ),
}
