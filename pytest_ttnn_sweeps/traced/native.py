"""Typed values as objects of the ttnn that this process uses, the real wheel or the emulation.

Exactly what was recorded is rebuilt: shard shapes and core ranges verbatim, in their order. What can't be rebuilt
raises ``UnavailableConfiguration``; there are no substitutes. Importing this module doesn't import ttnn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.values import (
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    NdShardSpec,
    Opaque,
    Struct,
    TensorSpec,
    Value,
)

_STRUCTS = frozenset(
    {
        "Conv2dConfig",
        "CoreGrid",
        "LayerNormDefaultProgramConfig",
        "LayerNormShardedMultiCoreProgramConfig",
        "MatmulMultiCoreReuseMultiCast1DProgramConfig",
        "MatmulMultiCoreReuseMultiCastDRAMShardedProgramConfig",
        "MatmulMultiCoreReuseMultiCastProgramConfig",
        "MatmulMultiCoreReuseProgramConfig",
        "SDPAProgramConfig",
        "SoftmaxDefaultProgramConfig",
        "SoftmaxShardedMultiCoreProgramConfig",
        "WormholeComputeKernelConfig",
    }
)
"""The only types that a trace may name for construction, each from keywords alone."""
_CORE_SET_FIELDS = frozenset({"hop_cores", "sub_core_grids", "allowed_worker_cores", "core_grid"})
# C++ prints flags as 0 and 1, and ttnn's constructors take only True and False for them.
_FLAG_FIELDS = frozenset(
    {
        "math_approx_mode",
        "fp32_dest_acc_en",
        "packer_l1_acc",
        "dst_full_sync_en",
        "transpose_mcast",
        "fuse_batch",
        "mcast_in0",
        "gather_in0",
        "untilize_out",
        "stream_in1",
        "exp_approx_mode",
        "segmented_accumulation",
        "inplace",
        "legacy_reduction",
        "legacy_rsqrt",
        "use_welford",
        "deallocate_activation",
        "reallocate_halo_output",
        "config_tensors_in_dram",
        "reshard_if_not_optimal",
        "override_sharding_config",
        "override_output_sharding_config",
        "transpose_shards",
        "enable_act_double_buffer",
        "enable_weights_double_buffer",
        "full_inner_dim",
        "enable_kernel_stride_folding",
        "enable_activation_reuse",
        "force_split_reader",
    }
)


class NativeValues:
    """Converts values with one ttnn; equal memory configurations become one object."""

    def __init__(self) -> None:
        import ttnn

        self._ttnn: Any = ttnn
        self._memory_configs: dict[MemoryConfig, Any] = {}

    def dtype(self, name: str) -> Any:
        return self._enumerator("DataType", name)

    def layout(self, name: str | None) -> Any:
        if name is None:
            raise UnavailableConfiguration("the trace holds nothing that tells the tensor's layout")
        return self._enumerator("Layout", name)

    def memory_config(self, config: MemoryConfig) -> Any:
        """The memory configuration, sharded ones made from their recorded grid, shard shape and orientation."""
        if config not in self._memory_configs:
            self._memory_configs[config] = self._construct("MemoryConfig", lambda: self._memory_config(config))
        return self._memory_configs[config]

    def tensor_memory_config(self, spec: TensorSpec) -> Any:
        """Where to put an input: None for a tensor that was on the host, which is made without a device."""
        if spec.storage == "HOST":
            return None
        if spec.memory_config is None:
            raise UnavailableConfiguration("the trace holds no memory configuration of the tensor")
        if spec.memory_config.is_sharded and spec.memory_config.defining_spec is None:
            raise UnavailableConfiguration(
                f"the {spec.memory_config.memory_layout} tensor was traced without its shards"
            )
        return self.memory_config(spec.memory_config)

    def value(self, value: Value) -> Any:
        """Any argument but a tensor; sequences become lists."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, tuple):
            return [self.value(item) for item in value]
        if isinstance(value, Enumerator):
            return self._enumerator(value.type, value.name)
        if isinstance(value, MemoryConfig):
            return self.memory_config(value)
        if isinstance(value, Core):
            return self._ttnn.CoreCoord(value.x, value.y)
        if isinstance(value, Struct):
            return self._struct(value)
        if isinstance(value, Opaque):
            raise UnavailableConfiguration(unreadable(value))
        raise UnavailableConfiguration(f"a {type(value).__name__} can't be passed as an argument")

    def _enumerator(self, type_name: str, name: str) -> Any:
        members = getattr(getattr(self._ttnn, type_name, None), "__members__", {})
        if name not in members:
            raise UnavailableConfiguration(f"this ttnn has no {type_name}.{name}")
        return members[name]

    def _memory_config(self, config: MemoryConfig) -> Any:
        ttnn, spec = self._ttnn, config.defining_spec
        buffer_type = self._enumerator("BufferType", config.buffer_type)
        if isinstance(spec, NdShardSpec):
            strategy = self._enumerator("ShardDistributionStrategy", spec.strategy)
            orientation = self._enumerator("ShardOrientation", spec.orientation)
            shape = ttnn.Shape(list(spec.shape))
            return ttnn.MemoryConfig(
                buffer_type, ttnn.NdShardSpec(shape, self._core_set(spec.grid), orientation, strategy)
            )
        memory_layout = self._enumerator("TensorMemoryLayout", config.memory_layout)
        if spec is None:
            return ttnn.MemoryConfig(memory_layout, buffer_type)
        orientation = self._enumerator("ShardOrientation", spec.orientation)
        shard_spec = ttnn.ShardSpec(self._core_set(spec.grid), list(spec.shape), orientation)
        return ttnn.MemoryConfig(memory_layout, buffer_type, shard_spec)

    def _core_set(self, ranges: Value) -> Any:
        """A ``CoreRangeSet`` in recorded order: made from a list, because one made from a set is sorted."""
        ttnn = self._ttnn
        return ttnn.CoreRangeSet(
            [
                ttnn.CoreRange(ttnn.CoreCoord(cores.start.x, cores.start.y), ttnn.CoreCoord(cores.end.x, cores.end.y))
                for cores in _core_ranges(ranges)
            ]
        )

    def _struct(self, struct: Struct) -> Any:
        fields = dict(struct.fields)
        name = struct.name
        if name == "UnaryWithParam":
            return self._unary_with_parameters(fields)
        if name in ("", "ComputeKernelConfig", "DeviceComputeKernelConfig") and "math_fidelity" in fields:
            name = "WormholeComputeKernelConfig"  # The one class that ttnn has for every architecture.
        if name not in _STRUCTS or struct.items:
            shown = name or "without a type name"
            raise UnavailableConfiguration(f"an object {shown} (fields {', '.join(fields) or 'none'}) can't be rebuilt")
        arguments = {field: self._field(field, value) for field, value in fields.items()}
        return self._construct(name, lambda: getattr(self._ttnn, name)(**arguments))

    def _field(self, field: str, value: Value) -> Any:
        if field in _FLAG_FIELDS and isinstance(value, int):
            return bool(value)
        if field in _CORE_SET_FIELDS and isinstance(value, (tuple, CoreRange)):
            return self._construct("CoreRangeSet", lambda: self._core_set(value))
        return self.value(value)

    def _unary_with_parameters(self, fields: dict[str, Value]) -> Any:
        """A fused activation: ``UnaryWithParam(op_type=UnaryOpType::GELU, params=[1])``."""
        operation = self.value(fields.get("op_type"))
        parameters = self.value(fields.get("params", fields.get("param", ())))
        return self._construct("UnaryWithParam", lambda: self._ttnn.UnaryWithParam(operation, *parameters))

    def _construct(self, what: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gives; ttnn's refusal of recorded values (overlapping core ranges, a missing field) is told."""
        try:
            return make()
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            message = str(error)
            if "info:\n" in message:
                message = message.partition("info:\n")[2]
            first_line = message.strip().partition("\n")[0]
            raise UnavailableConfiguration(f"ttnn refuses the recorded {what}: {first_line}") from None


def unreadable(value: Opaque) -> str:
    """Why ``value`` can't be used, with the beginning of its text."""
    shown = value.text if len(value.text) <= 80 else f"{value.text[:77]}..."
    return f"it can't be read from the trace ({value.reason}): {shown}"


def _core_ranges(value: Value) -> Iterator[CoreRange]:
    if isinstance(value, CoreRange):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _core_ranges(item)
    else:
        raise UnavailableConfiguration(f"{value!r} is no core range")
