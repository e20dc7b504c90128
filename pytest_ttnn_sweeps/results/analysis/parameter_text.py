"""Parameters as records store them, which is the codec's encoding, as people read them; ttnn isn't needed for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_ttnn_sweeps.results.analysis.visible import cut, visible_line

Json = Any
_MOST = 1000


def spelled(data: Json) -> str:
    """An encoded value on one line: ``BFLOAT16``, ``[1, 32]``, ``MemoryConfig(INTERLEAVED, DRAM, None)``.

    Equal values have equal texts. Arrays are shown by dtype, shape and a hash of their content.
    """
    return cut(visible_line(_spelled(data)), _MOST)


def spelled_parameters(parameters: Mapping[str, Json]) -> dict[str, str]:
    """The text of each of `flat_parameters`, by name."""
    return {name: spelled(value) for name, value in flat_parameters(parameters)}


def flat_parameters(parameters: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    """Names and encoded values; the entries of a dict have dotted names."""
    for name, value in _flat(parameters):
        yield visible_line(name), value


def traits(parameters: Mapping[str, Json]) -> set[tuple[str, str]]:
    """Members of enums anywhere in the parameters, such as ``("DataType", "BFLOAT16")``: whichever tensor has it."""
    found: set[tuple[str, str]] = set()
    for value in parameters.values():
        if isinstance(value, (dict, list)):
            _gather(value, found)
    return found


def _flat(parameters: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for name, value in parameters.items():
        entries = value.get("dict") if isinstance(value, dict) and len(value) == 1 else None
        if entries and all(isinstance(entry[0], str) for entry in entries):
            yield from _flat({f"{name}.{key}": item for key, item in entries})
        else:
            yield name, value


def _gather(data: Json, found: set[tuple[str, str]]) -> None:
    if isinstance(data, list):
        for item in data:
            if isinstance(item, (dict, list)):
                _gather(item, found)
    elif isinstance(data, dict):
        for tag, content in data.items():
            if tag == "enum" and isinstance(content, list) and len(content) == 2:
                found.add((visible_line(str(content[0]).rpartition(":")[2]), visible_line(str(content[1]))))
            elif tag == "torch.dtype":
                found.add((tag, visible_line(str(content))))
            elif isinstance(content, (dict, list)):
                _gather(content, found)


def _spelled(data: Json) -> str:
    if isinstance(data, list):
        return f"[{_joined(data)}]"
    if not isinstance(data, dict):
        return repr(data)
    if len(data) == 1:
        ((tag, content),) = data.items()
        spell = _TAGS.get(tag)
        try:
            if spell is not None:
                return spell(content)
        except (TypeError, ValueError, AttributeError):
            pass  # Not what the codec writes: shown as it is.
    return json.dumps(data, separators=(",", ":"))


def _joined(items: Json) -> str:
    return ", ".join(map(_spelled, items))


def _tuple(content: Json) -> str:
    return f"({_joined(content)},)" if len(content) == 1 else f"({_joined(content)})"


def _ttnn(content: Json) -> str:
    name, arguments = content
    if isinstance(arguments, dict):
        return f"{name}({', '.join(f'{key}={_spelled(item)}' for key, item in arguments.items())})"
    return f"{name}({_joined(arguments)})"


def _array(content: Json) -> str:
    library, dtype, shape, data = content
    return f"{library} {dtype}{shape} {hashlib.blake2b(data.encode(), digest_size=4).hexdigest()}"


def _enum(content: Json) -> str:
    _, member = content
    return str(member)


_TAGS: dict[str, Callable[[Json], str]] = {
    "tuple": _tuple,
    "set": lambda content: f"{{{_joined(content)}}}",
    "frozenset": lambda content: f"frozenset({{{_joined(content)}}})",
    "dict": lambda content: f"{{{', '.join(f'{_spelled(key)}: {_spelled(item)}' for key, item in content)}}}",
    "float": str,
    "bytes": lambda content: f"bytes {content}",
    "complex": lambda content: f"complex({_joined(content)})",
    "range": lambda content: f"range({_joined(content)})",
    "enum": _enum,
    "operation": str,
    "ttnn": _ttnn,
    "array": _array,
    "torch.dtype": lambda content: f"torch.{content}",
    "unavailable": lambda content: f"unavailable: {content}",
}
