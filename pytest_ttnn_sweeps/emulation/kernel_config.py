"""How compute kernels calculate, which has no effect on the emulation's values."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .config_text import said_to_be_from
from .enums import Arch, MathFidelity, ThrottleLevel


@said_to_be_from("ttnn._ttnn.operations.core")
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
