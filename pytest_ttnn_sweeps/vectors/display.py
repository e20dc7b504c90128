"""Values as people read and write them: one line each for failure texts, loose spellings for conditions."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

_LONGEST = 400


def one_line(value: object) -> str:
    """``repr(value)`` folded to one line, cut after 400 characters."""
    text = " ".join(_described(value, repr).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"


def folded(error: BaseException) -> str:
    """The text of an exception on one line."""
    return " ".join(str(error).split())


def parameter_lines(vector: Mapping[str, object]) -> str:
    """The parameters of a vector, one a line."""
    return "\n".join(f"{name} = {one_line(value)}" for name, value in vector.items())


def _described(value: object, describe: Callable[[object], str]) -> str:
    try:
        return describe(value)
    except Exception as error:  # noqa: BLE001 - a broken repr must not hide the failure that is being shown
        return f"<{type(value).__name__} whose {describe.__name__} raises {type(error).__name__}>"


def spellings(value: object) -> set[str]:
    """Case-folded texts that a person may write for ``value``.

    ``DataType.BFLOAT16`` is also ``bfloat16`` and, as modules write it, ``ttnn.bfloat16``; a memory config is also
    ``l1``, ``height_sharded`` and ``l1_height_sharded``.
    """
    texts = {one_line(value), _described(value, str)}
    if isinstance(value, enum.Enum):
        names = {value.name, f"{type(value).__name__}.{value.name}", f"{value.name}_LAYOUT"}
        texts |= names | {f"ttnn.{name}" for name in names}
    buffer, layout = getattr(value, "buffer_type", None), getattr(value, "memory_layout", None)
    if isinstance(buffer, enum.Enum) and isinstance(layout, enum.Enum):
        texts |= {buffer.name, layout.name, f"{buffer.name}_{layout.name}"}
    return {text.casefold() for text in texts}
