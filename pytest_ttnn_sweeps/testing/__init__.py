"""What a sweep module imports: checks with measured accuracy, timing, and generators of shapes and inputs.

Names, arguments and results follow tt-metal's own sweep utilities, so that a sweep moves over by changing its imports.
Needs torch and numpy; nothing else of the package, and ttnn only inside the functions that say so.
"""

from __future__ import annotations

from pytest_ttnn_sweeps.testing.accuracy import (
    Check,
    assert_equal,
    assert_with_pcc,
    check_allclose,
    check_equal,
    check_with_pcc,
)
from pytest_ttnn_sweeps.testing.formats import StorageFormat, block_float, format_of
from pytest_ttnn_sweeps.testing.inputs import (
    gen_bin,
    gen_func_with_cast_tt,
    gen_low_high_scalars,
    gen_rand_exclude_range,
    gen_rand_inf,
    gen_with_zeroes,
    tensor_to_dtype,
    torch_random,
)
from pytest_ttnn_sweeps.testing.measurement import Accuracy, Element, measure_accuracy
from pytest_ttnn_sweeps.testing.roofline import (
    get_byte_count,
    get_roofline_message,
    get_rooofline_message,
    get_run_return,
    get_updated_message,
    update_check_result,
)
from pytest_ttnn_sweeps.testing.shapes import gen_shapes, sanitize_shape_rm
from pytest_ttnn_sweeps.testing.sharding import (
    ShardingSpec,
    gen_sharded_spec_unary,
    invalidate_vector_sharding,
    parse_sharding_spec,
)
from pytest_ttnn_sweeps.testing.thresholds import THRESHOLDS, check_with_dtype
from pytest_ttnn_sweeps.testing.timing import start_measuring_time, stop_measuring_time

__all__ = [
    "THRESHOLDS",
    "Accuracy",
    "Check",
    "Element",
    "ShardingSpec",
    "StorageFormat",
    "assert_equal",
    "assert_with_pcc",
    "block_float",
    "check_allclose",
    "check_equal",
    "check_with_dtype",
    "check_with_pcc",
    "format_of",
    "gen_bin",
    "gen_func_with_cast_tt",
    "gen_low_high_scalars",
    "gen_rand_exclude_range",
    "gen_rand_inf",
    "gen_shapes",
    "gen_sharded_spec_unary",
    "gen_with_zeroes",
    "get_byte_count",
    "get_roofline_message",
    "get_rooofline_message",
    "get_run_return",
    "get_updated_message",
    "invalidate_vector_sharding",
    "measure_accuracy",
    "parse_sharding_spec",
    "sanitize_shape_rm",
    "start_measuring_time",
    "stop_measuring_time",
    "tensor_to_dtype",
    "torch_random",
    "update_check_result",
]
