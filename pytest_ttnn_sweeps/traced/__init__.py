"""Traced configurations: what real models passed to TTNN operations, read from masters and given to sweeps.

Importing this package costs nothing worth mentioning: its names load their modules when they are first used, ttnn is
imported when a value is made and the JSON parser when a file is read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
    from pytest_ttnn_sweeps.traced.describe import describe_configuration, describe_operation, list_operations
    from pytest_ttnn_sweeps.traced.errors import (
        MasterError,
        OperationNameError,
        TracedConfigWarning,
        TracedNameError,
        TracedTextError,
        UnavailableConfiguration,
    )
    from pytest_ttnn_sweeps.traced.filtering import OperationFilter
    from pytest_ttnn_sweeps.traced.loader import (
        MasterConfigLoader,
        get_traced_config,
        load_unary_op_configs,
        traced_parameters,
        unpack_binary_traced_config,
        unpack_traced_config,
    )
    from pytest_ttnn_sweeps.traced.master import Master, read_master
    from pytest_ttnn_sweeps.traced.names import canonical_operation, find_operation, near_operations
    from pytest_ttnn_sweeps.traced.registry import default_master_path, master_in_use, resolve_name, set_default_master
    from pytest_ttnn_sweeps.traced.rows import NOT_PASSED
    from pytest_ttnn_sweeps.traced.running import run_configuration, traced_run
    from pytest_ttnn_sweeps.traced.store import Added, TraceContext, merge, migrate, record

_MODULES = {
    "configuration": ("Execution", "Machine", "TracedConfiguration"),
    "describe": ("describe_configuration", "describe_operation", "list_operations"),
    "errors": (
        "MasterError",
        "OperationNameError",
        "TracedConfigWarning",
        "TracedNameError",
        "TracedTextError",
        "UnavailableConfiguration",
    ),
    "filtering": ("OperationFilter",),
    "loader": (
        "MasterConfigLoader",
        "get_traced_config",
        "load_unary_op_configs",
        "traced_parameters",
        "unpack_binary_traced_config",
        "unpack_traced_config",
    ),
    "master": ("Master", "read_master"),
    "names": ("canonical_operation", "find_operation", "near_operations"),
    "registry": ("default_master_path", "master_in_use", "resolve_name", "set_default_master"),
    "rows": ("NOT_PASSED",),
    "running": ("run_configuration", "traced_run"),
    "store": ("Added", "TraceContext", "merge", "migrate", "record"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "NOT_PASSED",
    "Added",
    "Execution",
    "Machine",
    "Master",
    "MasterConfigLoader",
    "MasterError",
    "OperationFilter",
    "OperationNameError",
    "TraceContext",
    "TracedConfigWarning",
    "TracedConfiguration",
    "TracedNameError",
    "TracedTextError",
    "UnavailableConfiguration",
    "canonical_operation",
    "default_master_path",
    "describe_configuration",
    "describe_operation",
    "find_operation",
    "get_traced_config",
    "list_operations",
    "load_unary_op_configs",
    "master_in_use",
    "merge",
    "migrate",
    "near_operations",
    "read_master",
    "record",
    "resolve_name",
    "run_configuration",
    "set_default_master",
    "traced_parameters",
    "traced_run",
    "unpack_binary_traced_config",
    "unpack_traced_config",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
