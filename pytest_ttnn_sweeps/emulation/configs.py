"""The configuration objects that operations take: kernel, program, convolution and slicing settings, fused activations.

They have ttnn 0.81.1's names, modules, keywords, defaults, texts and (where ttnn has it) JSON. As ttnn's, they have no
equality but identity. The emulation validates with them; it doesn't compute differently because of them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field, fields, replace
from math import isfinite
from typing import Any, ClassVar, TypeVar

import numpy as np

from .coordinates import CoreCoord, CoreRangeSet, as_plain, compact_json, parsed_json, range_set_from_plain
from .enums import Arch, DataType, Layout, MathFidelity, TensorMemoryLayout, ThrottleLevel, UnaryOpType

_Class = TypeVar("_Class")
_Config = TypeVar("_Config", bound="_Convertible")


def _from(module: str) -> Callable[[type[_Class]], type[_Class]]:
    """Make a class say that it is from ``module``; after dataclass(), which looks annotations up in the true one."""

    def decorate(cls: type[_Class]) -> type[_Class]:
        cls.__module__ = module
        return cls

    return decorate


def float_text(number: float) -> str:
    """A float32 as C++'s fmt writes it: the fewest digits that round-trip, an exponent from 1e7 on; nan, inf, -inf."""
    if not isfinite(number):
        return str(float(number))
    digits, _, exponent = np.format_float_scientific(np.float32(number), trim="-").partition("e")
    if -4 <= int(exponent) < 7:
        return np.format_float_positional(np.float32(number), trim="-")
    return f"{digits}e{exponent}"


def _cpp_text(value: object, booleans: tuple[str, str]) -> str:
    """``value`` as the configurations' C++ texts have it."""
    if value is None:
        return "std::nullopt"
    if isinstance(value, bool):
        return booleans[value]
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}::{value.name}"
    return str(value)


class _Enum(enum.Enum):
    """An enumeration whose text is ``Name.MEMBER``, as nanobind's are."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    __str__ = __repr__


class _Printed:
    """A configuration with a C++ text: ``Name(field=value,...)``."""

    _separator: ClassVar[str] = ","
    _booleans: ClassVar[tuple[str, str]] = ("0", "1")
    _unprinted: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        shown = (field.name for field in fields(self) if field.name not in self._unprinted)  # type: ignore[arg-type]
        texts = (f"{name}={_cpp_text(getattr(self, name), self._booleans)}" for name in shown)
        return f"{type(self).__name__}({self._separator.join(texts)})"


class UnaryWithParam:
    """An elementwise operation and its parameters, for fusing into another operation."""

    __module__ = "ttnn._ttnn.activation"
    __slots__ = ("op_type", "params")

    def __init__(self, op_type: UnaryOpType | tuple[UnaryOpType, float], *params: float) -> None:
        if isinstance(op_type, tuple):
            op_type, *rest = op_type
            params = (*rest, *params)
        if not isinstance(op_type, UnaryOpType) or len(params) > 2:
            raise TypeError(
                f"UnaryWithParam takes a ttnn.UnaryOpType and at most two numbers, not {op_type!r}, {params}"
            )
        self.op_type = op_type
        # ttnn keeps them as C++ floats.
        self.params = [float(np.float32(param)) for param in params]

    @classmethod
    def of(cls, value: UnaryWithParam | UnaryOpType | None) -> UnaryWithParam | None:
        """``value`` with an operation type alone made whole, as ttnn converts it."""
        return cls(value) if isinstance(value, UnaryOpType) else value

    def __repr__(self) -> str:
        params = f", params=[{', '.join(map(float_text, self.params))}]" if self.params else ""
        return f"UnaryWithParam(op_type=UnaryOpType::{self.op_type.name}{params})"


@_from("ttnn._ttnn.operations.core")
@dataclass(kw_only=True, eq=False, repr=False)
class WormholeComputeKernelConfig:
    """How a compute kernel calculates; without effect on the emulation's values."""

    math_fidelity: MathFidelity = MathFidelity.Invalid
    math_approx_mode: bool = True
    fp32_dest_acc_en: bool = False
    packer_l1_acc: bool = False
    dst_full_sync_en: bool = False
    throttle_level: ThrottleLevel = ThrottleLevel.NO_THROTTLE


GrayskullComputeKernelConfig = WormholeComputeKernelConfig
"""The name that releases before 0.60 had beside it; 0.81.1 has it no more."""


def init_device_compute_kernel_config(
    arch: Arch,
    device_kernel_config: WormholeComputeKernelConfig | None = None,
    *,
    math_fidelity: MathFidelity = MathFidelity.LoFi,
    math_approx_mode: bool = True,
    fp32_dest_acc_en: bool = False,
    packer_l1_acc: bool = False,
    dst_full_sync_en: bool = False,
    throttle_level: ThrottleLevel = ThrottleLevel.NO_THROTTLE,
) -> WormholeComputeKernelConfig:
    """A copy of ``device_kernel_config`` if there is one, else a kernel configuration of these settings."""
    if not isinstance(arch, Arch):
        raise TypeError(f"init_device_compute_kernel_config(): arch is {arch!r}, not a ttnn.device.Arch")
    if device_kernel_config is not None:
        return replace(device_kernel_config)
    return WormholeComputeKernelConfig(
        math_fidelity=math_fidelity,
        math_approx_mode=math_approx_mode,
        fp32_dest_acc_en=fp32_dest_acc_en,
        packer_l1_acc=packer_l1_acc,
        dst_full_sync_en=dst_full_sync_en,
        throttle_level=throttle_level,
    )


class _Convertible(_Printed):
    """A printed configuration that goes to JSON and back, with enumerations as numbers."""

    def __post_init__(self) -> None:
        for name, convert in _CONVERSIONS.items():
            if hasattr(self, name):
                setattr(self, name, convert(getattr(self, name)))
        for block, whole in (("out_block_h", "per_core_M"), ("out_block_w", "per_core_N")):
            if getattr(self, block, 0) is None:
                setattr(self, block, getattr(self, whole))

    def to_json(self) -> str:
        """ttnn's JSON text of the configuration."""
        return compact_json({field.name: _plain(getattr(self, field.name)) for field in fields(self)})  # type: ignore[arg-type]

    @classmethod
    def from_json(cls: type[_Config], text: str) -> _Config:
        """The configuration that ``to_json`` wrote."""
        values = parsed_json(text)
        return cls(**{name: _from_plain(name, value) for name, value in values.items()})


def _grid(value: Any) -> CoreCoord:
    return value if isinstance(value, CoreCoord) else CoreCoord(*value)


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "compute_with_storage_grid_size": _grid,
    "fused_activation": UnaryWithParam.of,
    "activation": UnaryWithParam.of,
}


def _plain(value: Any) -> Any:
    if isinstance(value, UnaryWithParam):
        return {"op_type": value.op_type.value, "param": value.params}
    return as_plain(value) if isinstance(value, (CoreCoord, CoreRangeSet)) else value


def _from_plain(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "compute_with_storage_grid_size":
        return CoreCoord(value["x"], value["y"])
    if name == "fused_activation":
        return UnaryWithParam(UnaryOpType(value["op_type"]), *value["param"])
    return range_set_from_plain(value) if name in ("hop_cores", "allowed_worker_cores") else value


@_from("ttnn._ttnn.operations.matmul")
@dataclass(kw_only=True, eq=False, repr=False)
class MatmulMultiCoreReuseProgramConfig(_Convertible):
    """A batched matmul; sizes in tiles."""

    compute_with_storage_grid_size: CoreCoord
    in0_block_w: int
    out_subblock_h: int
    out_subblock_w: int
    per_core_M: int
    per_core_N: int
    allowed_worker_cores: CoreRangeSet | None = None


@_from("ttnn._ttnn.operations.matmul")
@dataclass(kw_only=True, eq=False, repr=False)
class MatmulMultiCoreReuseMultiCastProgramConfig(_Convertible):
    """A matmul over a two-dimensional grid of cores; sizes in tiles."""

    compute_with_storage_grid_size: CoreCoord
    in0_block_w: int
    out_subblock_h: int
    out_subblock_w: int
    out_block_h: int | None = None
    out_block_w: int | None = None
    per_core_M: int
    per_core_N: int
    transpose_mcast: bool
    fused_activation: UnaryWithParam | None = None
    fuse_batch: bool = True
    allowed_worker_cores: CoreRangeSet | None = None


@_from("ttnn._ttnn.operations.matmul")
@dataclass(kw_only=True, eq=False, repr=False)
class MatmulMultiCoreReuseMultiCast1DProgramConfig(_Convertible):
    """A matmul whose one operand is multicast along a line of cores; sizes in tiles."""

    compute_with_storage_grid_size: CoreCoord
    in0_block_w: int
    out_subblock_h: int
    out_subblock_w: int
    out_block_h: int | None = None
    out_block_w: int | None = None
    per_core_M: int
    per_core_N: int
    fuse_batch: bool
    fused_activation: UnaryWithParam | None = None
    mcast_in0: bool
    gather_in0: bool = False
    hop_cores: CoreRangeSet = field(default_factory=lambda: CoreRangeSet(()))
    num_global_cb_receivers: int = 1
    untilize_out: bool = False
    allowed_worker_cores: CoreRangeSet | None = None
    stream_in1: bool = False


@_from("ttnn._ttnn.operations.matmul")
@dataclass(kw_only=True, eq=False, repr=False)
class MatmulMultiCoreReuseMultiCastDRAMShardedProgramConfig(_Convertible):
    """A matmul with its weights sharded over the DRAM banks; sizes in tiles."""

    in0_block_w: int
    per_core_M: int
    per_core_N: int
    fused_activation: UnaryWithParam | None = None
    num_workers_per_dram_bank: int = 1


@_from("ttnn._ttnn.operations.matmul")
@dataclass(kw_only=True, eq=False, repr=False)
class MatmulMultiCoreReuseMultiCastBatchedDRAMShardedProgramConfig(_Convertible):
    """A batched matmul with its weights sharded over the DRAM banks; sizes in tiles."""

    in0_block_w: int
    per_core_M: int
    per_core_N: int
    fused_activation: UnaryWithParam | None = None


@_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class LayerNormDefaultProgramConfig(_Printed):
    """A layer_norm or rms_norm of an interleaved tensor."""

    _unprinted = ("legacy_rsqrt",)

    legacy_reduction: bool = False
    legacy_rsqrt: bool = False
    use_welford: bool = False


@_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class LayerNormShardedMultiCoreProgramConfig(_Printed):
    """A layer_norm or rms_norm of a sharded tensor; sizes in tiles."""

    _unprinted = ("legacy_rsqrt",)

    compute_with_storage_grid_size: CoreCoord
    subblock_w: int
    block_h: int
    block_w: int
    inplace: bool
    legacy_reduction: bool = False
    legacy_rsqrt: bool = False
    use_welford: bool = False

    def __post_init__(self) -> None:
        self.compute_with_storage_grid_size = _grid(self.compute_with_storage_grid_size)


@_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class SoftmaxProgramConfig:
    """What the softmax program configurations have in common: nothing."""


@_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class SoftmaxDefaultProgramConfig:
    """A softmax of an interleaved tensor."""


@_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class SoftmaxShardedMultiCoreProgramConfig(_Printed):
    """A softmax of a sharded tensor; sizes in tiles."""

    _separator = ", "

    compute_with_storage_grid_size: CoreCoord
    subblock_w: int
    block_h: int
    block_w: int

    def __post_init__(self) -> None:
        self.compute_with_storage_grid_size = _grid(self.compute_with_storage_grid_size)


@_from("ttnn._ttnn.operations.transformer")
@dataclass(kw_only=True, eq=False, repr=False)
class SDPAProgramConfig(_Printed):
    """A scaled dot product attention; chunk sizes in elements."""

    _separator = ", "
    _booleans = ("false", "true")

    compute_with_storage_grid_size: CoreCoord
    sub_core_grids: CoreRangeSet | None = None
    q_chunk_size: int
    k_chunk_size: int
    exp_approx_mode: bool | None = None
    max_cores_per_head_batch: int = 16
    max_k_splits: int = 1
    matmul_math_fidelity: MathFidelity | None = None
    segmented_accumulation: bool = False

    def __post_init__(self) -> None:
        self.compute_with_storage_grid_size = _grid(self.compute_with_storage_grid_size)


class PaddingMode(_Enum):
    """What a convolution finds outside its input."""

    __module__ = "ttnn._ttnn.operations.conv"

    Zeros = 0
    Replicate = 1


@_from("ttnn._ttnn.operations.conv")
@dataclass(kw_only=True, eq=False, repr=False)
class Conv2dConfig(_Printed):
    """How a convolution is laid out on the device; ``activation`` and ``output_layout`` change its result.

    The first three are older releases', which had the kernel's configuration in here; they are without effect.
    """

    math_fidelity: InitVar[MathFidelity | None] = None
    fp32_dest_acc_enabled: InitVar[bool] = False
    packer_l1_accum_enabled: InitVar[bool] = False
    weights_dtype: DataType | None = None
    activation: UnaryWithParam | None = None
    deallocate_activation: bool = False
    reallocate_halo_output: bool = True
    config_tensors_in_dram: bool = False
    act_block_h_override: int = 0
    act_block_w_div: int = 1
    reshard_if_not_optimal: bool = False
    override_sharding_config: bool = False
    shard_layout: TensorMemoryLayout | None = None
    core_grid: CoreRangeSet | None = None
    transpose_shards: bool = False
    output_layout: Layout = Layout.TILE
    enable_act_double_buffer: bool = False
    enable_weights_double_buffer: bool = False
    full_inner_dim: bool = False
    enable_kernel_stride_folding: bool | None = None
    enable_activation_reuse: bool = False
    force_split_reader: bool | None = None
    override_output_sharding_config: bool = False
    padding_mode: PaddingMode = PaddingMode.Zeros

    def __post_init__(
        self, math_fidelity: MathFidelity | None, fp32_dest_acc_enabled: bool, packer_l1_accum_enabled: bool
    ) -> None:
        self.activation = UnaryWithParam.of(self.activation)


class Op2DSliceConfig:
    """Into how many slices along which dimension a two-dimensional sliding-window operation cuts its input."""

    __module__ = "ttnn._ttnn.operations.sliding_window"
    __slots__ = ("num_slices", "slice_type")

    class SliceTypeEnum(_Enum):
        """The dimension that is cut."""

        __module__ = "ttnn._ttnn.operations.sliding_window"

        L1Full = 2
        DRAMSliceHeight = 0
        DRAMSliceWidth = 1

    def __init__(self, *, slice_type: SliceTypeEnum, num_slices: int = 0) -> None:
        self.slice_type = slice_type
        self.num_slices = num_slices

    def __repr__(self) -> str:
        name = {"L1Full": "L1_FULL", "DRAMSliceHeight": "DRAM_HEIGHT", "DRAMSliceWidth": "DRAM_WIDTH"}[
            self.slice_type.name
        ]
        return f"Op2DSliceConfig(slice_type=SliceType::{name},num_slices={self.num_slices})"


Conv1dConfig = Conv2dConfig
Conv2dSliceConfig = Op2DSliceConfig
Conv2dL1Full = Op2DSliceConfig.SliceTypeEnum.L1Full
Conv2dDRAMSliceHeight = Op2DSliceConfig.SliceTypeEnum.DRAMSliceHeight
Conv2dDRAMSliceWidth = Op2DSliceConfig.SliceTypeEnum.DRAMSliceWidth
Op2DDRAMSliceHeight = Conv2dDRAMSliceHeight
Op2DDRAMSliceWidth = Conv2dDRAMSliceWidth
Op2DL1FullSliceConfig = Conv2dL1FullSliceConfig = Op2DSliceConfig(slice_type=Conv2dL1Full)


class GeluVariant(_Enum):
    """Which approximation of gelu; ``Tanh`` is another function, the others differ in accuracy only."""

    __module__ = "ttnn._ttnn.operations.unary"

    Accurate = 0
    FastLut = 1
    Tanh = 2


class SigmoidMode(_Enum):
    """How accurately sigmoid is calculated; without effect here."""

    __module__ = "ttnn._ttnn.operations.unary"

    FastApproximate = 0
    AccurateWithFastExp = 1
    Accurate = 2
