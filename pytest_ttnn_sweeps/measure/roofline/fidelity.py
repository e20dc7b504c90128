"""How many phases the matrix unit takes: of the kernel configuration that a call passes, else of ttnn's default.

The defaults are those of tt-metal at 1cc956995147: ``matmul_op.cpp`` (``create_matmul_struct``), ``conv2d_utils.cpp``,
``sdpa.cpp``, ``softmax_device_operation.cpp``, ``layernorm.cpp``, ``rmsnorm.cpp``, ``reduce_op.cpp``, and
``kernel_types.hpp`` for operations that set none.
"""

from __future__ import annotations

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall
from pytest_ttnn_sweeps.measure.roofline.operands import Uncounted
from pytest_ttnn_sweeps.measure.roofline.peaks import phases_of
from pytest_ttnn_sweeps.traced.values import Enumerator, Struct

_CONFIGURATIONS = ("compute_kernel_config", "compute_config")
_DEFAULTS = {
    "transformer.scaled_dot_product_attention": "HiFi2",
    "transformer.scaled_dot_product_attention_decode": "HiFi2",
}
_DEFAULT = "HiFi4"
_LOW_PRECISION = ("BFLOAT8_B", "BFLOAT4_B")
_PRODUCTS = ("matmul", "linear")


def fidelity_of(call: OperationCall) -> str:
    """The name of the ``ttnn.MathFidelity`` that ``call`` computes with. Raises `Uncounted` where it can't be read."""
    for name in _CONFIGURATIONS:
        config = call.argument(name)
        if isinstance(config, Struct):
            fidelity = dict(config.fields).get("math_fidelity")
            if isinstance(fidelity, Enumerator):
                return fidelity.name
            raise Uncounted(f"the math fidelity of {name} can't be read")
    if call.operation in _PRODUCTS:
        return _of_product(call)
    return _DEFAULTS.get(call.operation, _DEFAULT)


def phases(call: OperationCall) -> int:
    """The phases of that fidelity."""
    return phases_of(fidelity_of(call))


def _of_product(call: OperationCall) -> str:
    dtypes = [spec.dtype for spec in call.inputs[:2]]
    if all(dtype == "FLOAT32" for dtype in dtypes):
        return "HiFi4"
    is_low = all(dtype in _LOW_PRECISION for dtype in dtypes)
    is_placed = call.argument("program_config") is not None or call.argument("core_grid") is not None
    return "LoFi" if is_low or is_placed else "HiFi2"
