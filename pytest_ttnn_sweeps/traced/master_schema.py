"""The current schema of masters, as models that print it as JSON Schema and check files against it.

``encoding`` writes it and ``schemas`` reads it, more liberally; a test holds the three together. Imports pydantic, so
nothing that reads masters for a run imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter, ValidationError

from pytest_ttnn_sweeps.traced.scan import SCHEMA_VERSION

ContentHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Length = Annotated[int, Field(ge=0)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CorePosition(_Exact):
    """A core, counted from 0."""

    x: Length
    y: Length


class CoreRectangle(_Exact):
    """A rectangle of cores, both corners included."""

    start: CorePosition
    end: CorePosition


class ShardSpecification(_Exact):
    """How a tensor lies on cores; ranges in the order that decides which core holds what."""

    grid: list[CoreRectangle]
    shape: Annotated[list[Length], Field(min_length=2, max_length=2, description="height and width, in elements")]
    orientation: Literal["ROW_MAJOR", "COL_MAJOR"]


class NdShardSpecification(_Exact):
    """The n-dimensional form."""

    grid: list[CoreRectangle]
    shard_shape: list[Length]
    orientation: Literal["ROW_MAJOR", "COL_MAJOR"]
    shard_distribution_strategy: str


class MemoryConfiguration(_Exact):
    """Where a tensor lives."""

    memory_layout: str = Field(pattern=r"^TensorMemoryLayout\.")
    buffer_type: str = Field(pattern=r"^BufferType\.")
    shard_spec: ShardSpecification | None = None
    nd_shard_spec: NdShardSpecification | None = None
    created_with_nd_shard_spec: bool = False


class TensorPlacement(_Exact):
    """How a tensor was spread over a mesh of devices."""

    placement: list[str]
    mesh_device_shape: list[int]


class Tensor(_Exact):
    """A tensor without its values; what was not recorded is left out."""

    type: Literal["ttnn.Tensor"]
    original_shape: Annotated[list[Length], Field(description="logical shape")]
    padded_shape: Annotated[list[Length] | None, Field(description="where it isn't the logical shape")] = None
    original_dtype: str = Field(pattern=r"^DataType\.")
    layout: Literal["Layout.TILE", "Layout.ROW_MAJOR"] | None = None
    storage_type: Literal["StorageType.DEVICE", "StorageType.HOST"] | None = None
    memory_config: MemoryConfiguration | None = None
    alignment: list[int] | None = None
    tensor_placement: TensorPlacement | None = None


class Enumerator(_Exact):
    """An enumerator: ``{"type": "DataType", "repr": "DataType.BFLOAT16"}``."""

    type: str
    repr: str


class Tagged(_Model):
    """A value that has no plain form, or whose plain form would be read as another value.

    ``text``: ``text``. ``float``: ``inf``, ``-inf`` or ``nan`` in ``text``. ``enumerator``: ``type`` and ``name``.
    ``struct``: ``name``, ``fields`` (pairs) and ``items``. ``queue``: ``number``. ``opaque``: ``text`` that no reader
    understands, and the ``reason``. ``absent``: an argument that was not passed.
    """

    tag: Literal["text", "float", "enumerator", "struct", "queue", "opaque", "absent"] = Field(alias="$")


class Structure(_Model):
    """An object by its type's name: ``{"type": "WormholeComputeKernelConfig", "math_approx_mode": 0, ...}``."""

    type: str


class Argument(RootModel["_AnyArgument"]):
    """Any value of an argument. A JSON string is a text, a number a number, a list a list of arguments."""


_Plain = bool | int | float | str | list[Argument] | dict[str, Argument] | None
_Object = Tensor | MemoryConfiguration | CorePosition | CoreRectangle | Enumerator | Tagged | Structure
_AnyArgument = Annotated[_Object | _Plain, Field(union_mode="left_to_right")]


class MachineInfo(_Model):
    """The machine of a traced run, as far as it was recorded."""

    board_type: str | None = None
    device_series: str | list[str] | None = None
    card_count: int | None = None
    mesh_device_shape: list[int] | None = None
    device_count: int | None = None
    device_ids: list[int] | None = None


class ExecutionEntry(_Model):
    """Where a configuration was seen."""

    source: str | None = Field(default=None, description="node id of the test, or path of the script")
    machine_info: MachineInfo | None = None
    count: int | None = Field(default=None, ge=0, description="calls in that run")
    trace_uid: str | None = None
    ttnn_version: str | None = None
    timestamp: str | None = Field(default=None, description="ISO 8601, UTC")


class ConfigurationEntry(_Model):
    """One distinct set of arguments."""

    content_hash: ContentHash = Field(description="SHA-256 of operation and arguments, whatever their spelling")
    arguments: dict[str, Argument] = Field(description="positional ones as arg0, arg1, ..., others by keyword")
    executions: list[ExecutionEntry] = []
    former_hashes: list[str] = Field(default=[], description="v1:<md5> and v2:<config_hash> of older masters")


class OperationEntry(_Exact):
    """The configurations of one operation."""

    configurations: list[ConfigurationEntry]


class MasterMetadata(_Model):
    """About the file as a whole; the counts follow from its operations."""

    models: list[str] = []
    unique_operations: int
    total_configurations: int
    operations_summary: dict[str, int]
    last_updated: str


class MasterFile(_Model):
    """A master of traced configurations."""

    schema_version: Literal[3]
    operations: dict[str, OperationEntry] = Field(description="by name, spelled ttnn.add")
    metadata: MasterMetadata


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a master of the current schema."""
    schema = MasterFile.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Master of traced TTNN configurations, version {SCHEMA_VERSION}",
        **{name: value for name, value in schema.items() if name != "title"},
    }


_OPERATION: TypeAdapter[OperationEntry] = TypeAdapter(OperationEntry)
_METADATA: TypeAdapter[MasterMetadata] = TypeAdapter(MasterMetadata)


def entry_troubles(operation: str, data: bytes) -> Iterator[str]:
    """What is wrong with the JSON of an operation's entry, each with its path: ``ttnn.add[3].executions[0].count``."""
    yield from _troubles(_OPERATION, operation, data)


def metadata_troubles(data: bytes) -> Iterator[str]:
    """The same for the metadata."""
    yield from _troubles(_METADATA, "metadata", data)


def _troubles(adapter: TypeAdapter[Any], where: str, data: bytes) -> Iterator[str]:
    try:
        adapter.validate_json(data)
    except ValidationError as error:
        seen = set()
        for trouble in error.errors(include_url=False, include_input=False):
            place = where
            for step in trouble["loc"]:
                if step in ("configurations", "operations"):
                    continue
                # Names of the union's members say nothing to the reader of a file.
                if isinstance(step, str) and not step.isidentifier():
                    break
                place += f"[{step}]" if isinstance(step, int) else f".{step}"
            line = f"{place}: {trouble['msg']}"
            if place not in seen:
                seen.add(place)
                yield line
