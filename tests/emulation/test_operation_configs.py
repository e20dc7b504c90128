"""Configuration objects have ttnn 0.81.1's texts, JSON, defaults and modules."""

from __future__ import annotations

import pytest

from pytest_ttnn_sweeps.emulation import convolution_configs, kernel_config, program_configs
from pytest_ttnn_sweeps.emulation.coordinates import CoreCoord, CoreRange, CoreRangeSet
from pytest_ttnn_sweeps.emulation.enums import Arch, DataType, MathFidelity, TensorMemoryLayout, UnaryOpType
from pytest_ttnn_sweeps.emulation.unary_settings import UnaryWithParam

_CORES = CoreRangeSet({CoreRange((0, 0), (7, 6))})
_MATMUL = {"compute_with_storage_grid_size": (8, 7), "in0_block_w": 2, "out_subblock_h": 1, "out_subblock_w": 4}
_MATMUL_TEXT = "compute_with_storage_grid_size=8-7,in0_block_w=2,out_subblock_h=1,out_subblock_w=4"
_BLOCKS = {"per_core_M": 1, "per_core_N": 4}

# Texts and JSON printed by the wheel.
PRINTED = [
    (
        program_configs.MatmulMultiCoreReuseProgramConfig(**_MATMUL, **_BLOCKS),
        f"MatmulMultiCoreReuseProgramConfig({_MATMUL_TEXT},per_core_M=1,per_core_N=4,allowed_worker_cores=std::nullopt)",
        '{"allowed_worker_cores":null,"compute_with_storage_grid_size":{"x":8,"y":7},"in0_block_w":2,'
        '"out_subblock_h":1,"out_subblock_w":4,"per_core_M":1,"per_core_N":4}',
    ),
    (
        program_configs.MatmulMultiCoreReuseMultiCastProgramConfig(
            **_MATMUL,
            **_BLOCKS,
            out_block_w=8,
            transpose_mcast=False,
            fused_activation=UnaryWithParam(UnaryOpType.CLAMP_TSS, 1.0, 2.0),
            fuse_batch=False,
            allowed_worker_cores=_CORES,
        ),
        f"MatmulMultiCoreReuseMultiCastProgramConfig({_MATMUL_TEXT},out_block_h=1,out_block_w=8,per_core_M=1,"
        "per_core_N=4,transpose_mcast=0,fused_activation=UnaryWithParam(op_type=UnaryOpType::CLAMP_TSS, params=[1, 2]),"
        "fuse_batch=0,allowed_worker_cores={[0-0 - 7-6]})",
        '{"allowed_worker_cores":[{"end":{"x":7,"y":6},"start":{"x":0,"y":0}}],'
        '"compute_with_storage_grid_size":{"x":8,"y":7},"fuse_batch":false,'
        '"fused_activation":{"op_type":108,"param":[1.0,2.0]},"in0_block_w":2,"out_block_h":1,"out_block_w":8,'
        '"out_subblock_h":1,"out_subblock_w":4,"per_core_M":1,"per_core_N":4,"transpose_mcast":false}',
    ),
    (
        program_configs.MatmulMultiCoreReuseMultiCast1DProgramConfig(
            **_MATMUL, **_BLOCKS, fuse_batch=True, fused_activation=UnaryOpType.RELU, mcast_in0=True
        ),
        f"MatmulMultiCoreReuseMultiCast1DProgramConfig({_MATMUL_TEXT},out_block_h=1,out_block_w=4,per_core_M=1,"
        "per_core_N=4,fuse_batch=1,fused_activation=UnaryWithParam(op_type=UnaryOpType::RELU),mcast_in0=1,gather_in0=0,"
        "hop_cores={},num_global_cb_receivers=1,untilize_out=0,allowed_worker_cores=std::nullopt,stream_in1=0)",
        '{"allowed_worker_cores":null,"compute_with_storage_grid_size":{"x":8,"y":7},"fuse_batch":true,'
        '"fused_activation":{"op_type":4,"param":[]},"gather_in0":false,"hop_cores":[],"in0_block_w":2,'
        '"mcast_in0":true,"num_global_cb_receivers":1,"out_block_h":1,"out_block_w":4,"out_subblock_h":1,'
        '"out_subblock_w":4,"per_core_M":1,"per_core_N":4,"stream_in1":false,"untilize_out":false}',
    ),
    (
        program_configs.MatmulMultiCoreReuseMultiCastDRAMShardedProgramConfig(in0_block_w=2, **_BLOCKS),
        "MatmulMultiCoreReuseMultiCastDRAMShardedProgramConfig(in0_block_w=2,per_core_M=1,per_core_N=4,"
        "fused_activation=std::nullopt,num_workers_per_dram_bank=1)",
        '{"fused_activation":null,"in0_block_w":2,"num_workers_per_dram_bank":1,"per_core_M":1,"per_core_N":4}',
    ),
    (
        program_configs.LayerNormShardedMultiCoreProgramConfig(
            compute_with_storage_grid_size=(8, 7), subblock_w=1, block_h=2, block_w=3, inplace=False
        ),
        "LayerNormShardedMultiCoreProgramConfig(compute_with_storage_grid_size=8-7,subblock_w=1,block_h=2,block_w=3,"
        "inplace=0,legacy_reduction=0,use_welford=0)",
        None,
    ),
    (
        program_configs.SoftmaxShardedMultiCoreProgramConfig(
            compute_with_storage_grid_size=CoreCoord(8, 7), subblock_w=1, block_h=2, block_w=3
        ),
        "SoftmaxShardedMultiCoreProgramConfig(compute_with_storage_grid_size=8-7, subblock_w=1, block_h=2, block_w=3)",
        None,
    ),
    (
        program_configs.SDPAProgramConfig(
            compute_with_storage_grid_size=(8, 7),
            q_chunk_size=32,
            k_chunk_size=64,
            exp_approx_mode=False,
            sub_core_grids=_CORES,
            matmul_math_fidelity=MathFidelity.HiFi2,
        ),
        "SDPAProgramConfig(compute_with_storage_grid_size=8-7, sub_core_grids={[0-0 - 7-6]}, q_chunk_size=32, "
        "k_chunk_size=64, exp_approx_mode=false, max_cores_per_head_batch=16, max_k_splits=1, "
        "matmul_math_fidelity=MathFidelity::HiFi2, segmented_accumulation=false)",
        None,
    ),
    (
        convolution_configs.Conv2dConfig(
            weights_dtype=DataType.BFLOAT8_B,
            activation=UnaryWithParam(UnaryOpType.RELU),
            shard_layout=TensorMemoryLayout.HEIGHT_SHARDED,
            enable_kernel_stride_folding=True,
        ),
        "Conv2dConfig(weights_dtype=DataType::BFLOAT8_B,activation=UnaryWithParam(op_type=UnaryOpType::RELU),"
        "deallocate_activation=0,reallocate_halo_output=1,config_tensors_in_dram=0,act_block_h_override=0,"
        "act_block_w_div=1,reshard_if_not_optimal=0,override_sharding_config=0,"
        "shard_layout=TensorMemoryLayout::HEIGHT_SHARDED,core_grid=std::nullopt,transpose_shards=0,"
        "output_layout=Layout::TILE,enable_act_double_buffer=0,enable_weights_double_buffer=0,full_inner_dim=0,"
        "enable_kernel_stride_folding=1,enable_activation_reuse=0,force_split_reader=std::nullopt,"
        "override_output_sharding_config=0,padding_mode=PaddingMode::Zeros)",
        None,
    ),
    (
        convolution_configs.Conv2dSliceConfig(slice_type=convolution_configs.Conv2dDRAMSliceWidth, num_slices=3),
        "Op2DSliceConfig(slice_type=SliceType::DRAM_WIDTH,num_slices=3)",
        None,
    ),
]


@pytest.mark.parametrize(
    ("config", "text", "json_text"), PRINTED, ids=[type(config).__name__ for config, *_ in PRINTED]
)
def test_text_and_json_are_ttnns(
    config: program_configs.MatmulMultiCoreReuseProgramConfig, text: str, json_text: str
) -> None:
    """A configuration prints as ttnn prints it, and where ttnn has JSON the JSON is the same and comes back whole."""
    assert str(config) == repr(config) == text
    assert hasattr(config, "to_json") == (json_text is not None)
    if json_text is not None:
        assert config.to_json() == json_text
        assert repr(type(config).from_json(json_text)) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.5, "2.5"),
        (7e6, "7000000"),
        (1e7, "1e+07"),
        (123456.7, "123456.7"),
        (123456789.0, "1.2345679e+08"),
        (0.0001, "0.0001"),
        (1e-05, "1e-05"),
        (0.1, "0.1"),
        (1e16, "1e+16"),
    ],
)
def test_parameters_print_as_float32(number: float, text: str) -> None:
    """A fused operation's parameter is printed with the digits that a float32 needs, as C++ does."""
    assert (
        repr(UnaryWithParam(UnaryOpType.POWER, number))
        == f"UnaryWithParam(op_type=UnaryOpType::POWER, params=[{text}])"
    )


def test_kernel_settings_have_ttnns_defaults() -> None:
    """The default fidelity is Invalid when a configuration is made directly, and LoFi when it is made for a chip."""
    direct = kernel_config.WormholeComputeKernelConfig()
    for_chip = kernel_config.init_device_compute_kernel_config(Arch.WORMHOLE_B0)

    assert (direct.math_fidelity, direct.math_approx_mode, direct.packer_l1_acc) == (MathFidelity.Invalid, True, False)
    assert for_chip.math_fidelity is MathFidelity.LoFi
    assert repr(direct).startswith("<ttnn._ttnn.operations.core.WormholeComputeKernelConfig object at 0x")
    assert kernel_config.GrayskullComputeKernelConfig is kernel_config.WormholeComputeKernelConfig


def test_an_unknown_setting_is_refused() -> None:
    """A keyword that a configuration hasn't got is a TypeError that names it."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        convolution_configs.Conv2dConfig(colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize("config", [config for config, *_ in PRINTED], ids=lambda config: type(config).__name__)
def test_configurations_say_that_they_are_ttnns(config: object) -> None:
    """Codecs and texts name a value's type by its module, so the module is ttnn's; equality is identity, as in ttnn."""
    assert type(config).__module__.startswith("ttnn._ttnn.")
    assert type(config).__eq__ is object.__eq__
