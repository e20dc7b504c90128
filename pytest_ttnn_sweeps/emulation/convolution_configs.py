"""How convolutions are laid out on the device, and into how many slices they and pools cut their inputs."""

from __future__ import annotations

from dataclasses import InitVar, dataclass

from .config_text import Printed, PrintedEnum, said_to_be_from
from .coordinates import CoreRangeSet
from .enums import DataType, Layout, MathFidelity, TensorMemoryLayout
from .unary_settings import UnaryWithParam


class PaddingMode(PrintedEnum):
    """What a convolution finds outside its input."""

    __module__ = "ttnn._ttnn.operations.conv"

    Zeros = 0
    Replicate = 1


@said_to_be_from("ttnn._ttnn.operations.conv")
@dataclass(kw_only=True, eq=False, repr=False)
class Conv2dConfig(Printed):
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

    class SliceTypeEnum(PrintedEnum):
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
