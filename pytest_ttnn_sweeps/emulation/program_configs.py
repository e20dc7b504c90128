"""How matmuls, norms, softmax and attention are laid out over the cores: ttnn's program configurations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from .config_text import Printed, said_to_be_from
from .coordinates import CoreCoord, CoreRangeSet, as_plain, compact_json, parsed_json, range_set_from_plain
from .enums import MathFidelity, UnaryOpType
from .unary_settings import UnaryWithParam

_Config = TypeVar("_Config", bound="_Convertible")


class _Convertible(Printed):
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


@said_to_be_from("ttnn._ttnn.operations.matmul")
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


@said_to_be_from("ttnn._ttnn.operations.matmul")
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


@said_to_be_from("ttnn._ttnn.operations.matmul")
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


@said_to_be_from("ttnn._ttnn.operations.matmul")
@dataclass(kw_only=True, eq=False, repr=False)
class MatmulMultiCoreReuseMultiCastDRAMShardedProgramConfig(_Convertible):
    """A matmul with its weights sharded over the DRAM banks; sizes in tiles."""

    in0_block_w: int
    per_core_M: int
    per_core_N: int
    fused_activation: UnaryWithParam | None = None
    num_workers_per_dram_bank: int = 1


@said_to_be_from("ttnn._ttnn.operations.matmul")
@dataclass(kw_only=True, eq=False, repr=False)
class MatmulMultiCoreReuseMultiCastBatchedDRAMShardedProgramConfig(_Convertible):
    """A batched matmul with its weights sharded over the DRAM banks; sizes in tiles."""

    in0_block_w: int
    per_core_M: int
    per_core_N: int
    fused_activation: UnaryWithParam | None = None


@said_to_be_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class LayerNormDefaultProgramConfig(Printed):
    """A layer_norm or rms_norm of an interleaved tensor."""

    _unprinted = ("legacy_rsqrt",)

    legacy_reduction: bool = False
    legacy_rsqrt: bool = False
    use_welford: bool = False


@said_to_be_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class LayerNormShardedMultiCoreProgramConfig(Printed):
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


@said_to_be_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class SoftmaxProgramConfig:
    """What the softmax program configurations have in common: nothing."""


@said_to_be_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class SoftmaxDefaultProgramConfig:
    """A softmax of an interleaved tensor."""


@said_to_be_from("ttnn._ttnn.operations.normalization")
@dataclass(kw_only=True, eq=False, repr=False)
class SoftmaxShardedMultiCoreProgramConfig(Printed):
    """A softmax of a sharded tensor; sizes in tiles."""

    _separator = ", "

    compute_with_storage_grid_size: CoreCoord
    subblock_w: int
    block_h: int
    block_w: int

    def __post_init__(self) -> None:
        self.compute_with_storage_grid_size = _grid(self.compute_with_storage_grid_size)


@said_to_be_from("ttnn._ttnn.operations.transformer")
@dataclass(kw_only=True, eq=False, repr=False)
class SDPAProgramConfig(Printed):
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
