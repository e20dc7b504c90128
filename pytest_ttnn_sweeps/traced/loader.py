"""What sweep modules call to get traced configurations into their ``parameters`` and their ``run``."""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.traced import classic, registry
from pytest_ttnn_sweeps.traced.arguments import argument_from_json
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.describe import describe_suite
from pytest_ttnn_sweeps.traced.errors import TracedConfigWarning, TracedNameError, UnavailableConfiguration
from pytest_ttnn_sweeps.traced.master import Master
from pytest_ttnn_sweeps.traced.names import canonical_operation, find_operation, near_operations
from pytest_ttnn_sweeps.traced.native import NativeValues
from pytest_ttnn_sweeps.traced.rows import suite_rows
from pytest_ttnn_sweeps.traced.values import Enumerator, MemoryConfig

_warned: set[str] = set()


class MasterConfigLoader:
    """The traced configurations of one master, in the forms that sweep modules use::

        loader = MasterConfigLoader()
        parameters = {"model_traced": loader.get_suite_parameters("sigmoid_accurate")}

    Without ``master_file_path`` it is the default master (see ``set_default_master``), looked up at each call. Nothing
    is read before the first call, and each file is parsed once per process. Operations may be spelled ``ttnn::add``,
    ``ttnn.add`` or ``add``; an ambiguous one raises ``OperationNameError``, a broken master ``MasterError``.
    """

    def __init__(self, master_file_path: str | os.PathLike[str] | None = None) -> None:
        self._path = None if master_file_path is None else Path(master_file_path)

    def get_operation_configs(self, operation_name: str) -> Sequence[TracedConfiguration]:
        """The distinct configurations of an operation, typed; empty, with a warning, where there are none."""
        return self._configurations(operation_name, "")

    def get_raw_configurations(self, operation_name: str, max_configs: int | None = None) -> list[object]:
        """The first ``max_configs`` recorded configurations of an operation as the master's own JSON, or all."""
        master = self._master()
        operation = master and find_operation(operation_name, master.operations)
        return master.raw_configurations(operation)[:max_configs] if master and operation else []

    def get_all_operations(self) -> list[str]:
        """Every operation in the master by its canonical name (``add``, ``transformer.x``), sorted."""
        return sorted(self.get_operations_with_configs())

    def get_operations_with_configs(self) -> dict[str, int]:
        """How many configurations are recorded per operation, for those that have some; repeats count."""
        master = self._master()
        return {operation: count for operation, count in master.operations.items() if count} if master else {}

    def get_suite_parameters(
        self, operation_name: str, suite_name: str = "model_traced", all_cases: bool = False
    ) -> classic.Suite:
        """A suite in the classic form.

        By default ``{"traced_config_name": ["add_traced_05f9895a5062", ...]}``: one vector per configuration, whose
        ``run`` unpacks the name with ``unpack_traced_config`` or ``unpack_binary_traced_config``. Configurations that
        unpack to the same values are one vector.

        With ``all_cases`` every input shape with every dtype, layout and memory configuration: ``input_shape``,
        ``input_a_dtype``, ``input_a_layout`` and ``"input_a_memory_config,output_memory_config"``, the output's always
        the input's; for binary operations ``input_shape`` (pairs ``{"self": ..., "other": ...}``) and ``input_a_...``,
        ``input_b_...``. Configurations that have no place in the product are left out with a warning.

        An operation without configurations gives ``{"traced_config_name": []}`` and a ``TracedConfigWarning``.
        """
        configurations = self._configurations(operation_name, suite_name)
        if not all_cases or not configurations:
            return classic.named_suite(configurations)
        suite, left_out = classic.product_suite(configurations)
        if left_out:
            _warn(f"{left_out} of {len(configurations)} configurations of {operation_name!r} are not in all_cases")
        return suite

    def traced_parameters(
        self, operation_name: str, *, assume_defaults: Collection[str] = ()
    ) -> dict[str, list[tuple[Any, ...]]]:
        """See the module's function ``traced_parameters``."""
        configurations = self._configurations(operation_name, "model_traced")
        if not configurations:
            return {"traced_config_name": []}
        names, rows = suite_rows(configurations[0].operation, configurations, assume_defaults)
        return {",".join(names): rows}

    def get_traced_config(self, name: str) -> TracedConfiguration:
        """See the module's function ``get_traced_config``; this loader's master is among those searched."""
        self._master()
        return registry.find_configuration(name)

    def parse_dtype(self, dtype: str) -> Any:
        """The ``ttnn.DataType`` called ``DataType::BFLOAT16``, ``DataType.BFLOAT16`` or ``BFLOAT16``.

        Raises ``UnavailableConfiguration`` for one that ttnn doesn't have; so do the other two.
        """
        return NativeValues().dtype(_enumerator_name(dtype, "DataType"))

    def parse_layout(self, layout: str) -> Any:
        """The ``ttnn.Layout`` called ``Layout::TILE``, ``Layout.TILE`` or ``TILE``."""
        return NativeValues().layout(_enumerator_name(layout, "Layout"))

    def parse_memory_config(self, memory_config: Mapping[str, object], tensor_shape: object = None) -> Any:
        """The ``ttnn.MemoryConfig`` that a master's JSON describes, with exactly the recorded shard specification.

        ``tensor_shape`` is accepted for older callers; nothing is computed from it.
        """
        value = argument_from_json(memory_config)
        if not isinstance(value, MemoryConfig):
            raise UnavailableConfiguration(f"{memory_config!r} describes no memory configuration")
        return NativeValues().memory_config(value)

    def describe(self, operation_name: str) -> str:
        """One line for people: an operation's configurations, how varied they are, and the size of ``all_cases``."""
        configurations = self._configurations(operation_name, "")
        suite, _ = classic.product_suite(configurations)
        product = math.prod(len(values) for values in suite.values())
        return f"{describe_suite(canonical_operation(operation_name), configurations)}; all_cases: {product} vectors"

    def _master(self) -> Master | None:
        path = self._path or registry.default_master_path()
        return None if path is None else registry.use_master(path)

    def _configurations(self, operation_name: str, suite_name: str) -> Sequence[TracedConfiguration]:
        master = self._master()
        operation = find_operation(operation_name, master.operations) if master else None
        configurations = master.configurations(operation) if master and operation else ()
        if not configurations:
            _warn(_nothing_found(operation_name, suite_name, master))
        return configurations


def traced_parameters(
    operation_name: str,
    *,
    assume_defaults: Collection[str] = (),
    master_file_path: str | os.PathLike[str] | None = None,
) -> dict[str, list[tuple[Any, ...]]]:
    """A suite with one vector per traced configuration of an operation and every argument of the call::

        parameters = {"model_traced": traced_parameters("transpose")}

        def run(
            input_a_shape, input_a_dtype, input_a_layout, input_a_memory_config, dim1, dim2,
            memory_config=None, pad_value=0.0, traced_config_name=None, *, device,
        ):
            x = torch.randn(input_a_shape)
            a = ttnn.from_torch(x, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=...)

    The result is one zipped key, the same for an operation whatever the master holds:

    - ``input_a_shape`` (logical, a list of ints), ``input_a_dtype``, ``input_a_layout``, ``input_a_memory_config`` for
      the first tensor, ``input_b_...``, ``input_c_...`` for further ones; other tensors are called as ttnn calls them
      (``bias_shape``, ``weight_tensor_dtype``). A shape of None: the call passes no such tensor. A memory configuration
      of None: the tensor was on the host, make it without a device. A list of tensors gives lists.
    - ``scalar``, where an operation like add takes a number instead of its second tensor; the tensor's four are None
      then. (``exponent`` of pow, ``true_value`` and ``false_value`` of where.)
    - every other argument under ttnn's keyword (``dims``, ``memory_config``, ``compute_kernel_config``), as a ttnn
      object, with ttnn's own default where the call left it out.
    - ``traced_config_name``, last: stable as masters grow, see ``get_traced_config``.

    An operation whose signature the package doesn't know has the same names for tensors, ``arg<i>`` for what else was
    positional, keywords by name, and ``"__ABSENT__"`` for what only other configurations pass.

    What can't be represented is an ``Unavailable`` with the reason, and the vector is skipped. Older tracers could not
    print some arguments at all (``activations`` of add, ``conv_config`` of conv2d); where you know that the models pass
    ttnn's default for them, say so: ``assume_defaults=["conv_config"]``. Values that were recorded stay as they are.

    No configuration at all gives ``{"traced_config_name": []}`` and a ``TracedConfigWarning``.
    """
    return MasterConfigLoader(master_file_path).traced_parameters(operation_name, assume_defaults=assume_defaults)


def get_traced_config(name: str) -> TracedConfiguration:
    """The configuration that ``name`` means: ``add_traced_05f9895a5062``, or ``add_traced_0`` by its place.

    Any master that this process has used is searched, and the default one. Raises ``TracedNameError`` with near names.
    """
    return registry.find_configuration(name)


def unpack_traced_config(traced_config_name: str, use_defaults: bool = False) -> classic.UnaryValues:
    """Shape, dtype, layout and memory configuration of a unary configuration, and the output's memory configuration,
    which is the input's.

    Raises ``TracedNameError`` for an unknown name, unless ``use_defaults`` asks for a small interleaved bfloat16 tensor
    then, and for a binary configuration; ``UnavailableConfiguration`` for one that can't be represented.
    """
    native = NativeValues()
    configuration = _find(traced_config_name, use_defaults)
    if configuration is None:
        dtype, layout, memory_config = _default_tensor(native)
        return [1, 32, 32], dtype, layout, memory_config, memory_config
    return classic.unpack_unary(configuration, native)


def unpack_binary_traced_config(traced_config_name: str, use_defaults: bool = False) -> classic.BinaryValues:
    """Shapes ``{"self": ..., "other": ...}``, then dtypes, layouts and memory configurations of a and b.

    Raises as ``unpack_traced_config`` does, with unary and binary exchanged.
    """
    native = NativeValues()
    configuration = _find(traced_config_name, use_defaults)
    if configuration is None:
        dtype, layout, memory = _default_tensor(native)
        return {"self": [1, 32, 32], "other": [1, 32, 32]}, dtype, dtype, layout, layout, memory, memory
    return classic.unpack_binary(configuration, native)


def load_unary_op_configs(operation_name: str, all_cases: bool = False) -> classic.Suite:
    """``{"traced_config": [(shape, memory configuration), ...]}`` of an operation's unary configurations, or with
    ``all_cases`` the distinct ones of each, ``{"input_shapes": [...], "input_memory_config": [...]}``.

    Unavailable and binary configurations are left out with a warning.
    """
    native = NativeValues()
    shapes, memory_configs = [], []
    for configuration in MasterConfigLoader().get_operation_configs(operation_name):
        try:
            shape, _, _, memory_config, _ = classic.unpack_unary(configuration, native)
        except (UnavailableConfiguration, TracedNameError) as problem:
            _warn(f"not in the configurations of {operation_name!r}: {problem}")
        else:
            shapes.append(shape)
            memory_configs.append(memory_config)
    if all_cases:
        return {
            "input_shapes": classic.distinct(shapes),
            "input_memory_config": classic.distinct(memory_configs),
        }
    return {"traced_config": list(zip(shapes, memory_configs))}


def _find(name: str, use_defaults: bool) -> TracedConfiguration | None:
    try:
        return registry.find_configuration(name)
    except TracedNameError:
        if use_defaults:
            return None
        raise


def _default_tensor(native: NativeValues) -> tuple[Any, Any, Any]:
    memory_config = MemoryConfig("INTERLEAVED", "DRAM")
    return native.dtype("BFLOAT16"), native.layout("TILE"), native.memory_config(memory_config)


def _enumerator_name(text: str, enumeration: str) -> str:
    value = argument_from_json(text)
    return value.name if isinstance(value, Enumerator) and value.type == enumeration else text


def _nothing_found(operation_name: str, suite_name: str, master: Master | None) -> str:
    suite = f"; suite {suite_name!r} is empty" if suite_name else ""
    if master is None:
        where = f"no {registry.MASTER_LOCATION} in this directory or above"
        return (
            f"No configurations found for operation {operation_name!r}{suite}: {where}; name a master or trace a model"
        )
    near = near_operations(operation_name, master.operations)
    hint = f"near names: {', '.join(near)}" if near else "its operations: `ttnn-sweeps ops`"
    remedy = "check the spelling (ttnn::x, ttnn.x and x are the same) or trace a model that uses it"
    return f"No configurations found for operation {operation_name!r} in {master.path}{suite}; {hint}; {remedy}"


def _warn(message: str) -> None:
    """Warn once per process, at the line outside of this package that asked."""
    if message in _warned:
        return
    _warned.add(message)
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(__package__ or ""):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, TracedConfigWarning, stacklevel=level)
