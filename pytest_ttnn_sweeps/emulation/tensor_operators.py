"""What Python's operators and a few methods do to a tensor: each is an operation of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .enums import StorageType
from .indexing import checked_index

if TYPE_CHECKING:
    from .tensor import Tensor


def _apply(name: str, *operands: Any) -> Any:
    # Operations are made of tensors, so the table of operations can't be imported any earlier.
    from .operation import operation_named

    return operation_named(name)(*operands)


class TensorOperators:
    """The operators of ``Tensor``, with the operations that ttnn 0.81.1 gives them."""

    __slots__ = ()

    def reshape(self, *shape: Any) -> Tensor:
        """``ttnn.reshape``, to a shape or to sizes."""
        sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        reshaped: Tensor = _apply("reshape", self, sizes)
        return reshaped

    def __getitem__(self: Tensor, index: Any) -> Tensor:  # type: ignore[misc]  # mixed into Tensor only
        chosen = checked_index(index, tuple(self.shape), on_host=self.storage_type() is StorageType.HOST)
        part: Tensor = _apply("Tensor.__getitem__", self, chosen)
        return part

    def __add__(self, other: Any) -> Any:
        return _apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _apply("add", self, other)

    def __sub__(self, other: Any) -> Any:
        return _apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _apply("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _apply("multiply", self, other)

    def __truediv__(self, other: Any) -> Any:
        return _apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _apply("rdiv", self, other)

    def __matmul__(self, other: Any) -> Any:
        return _apply("matmul", self, other)

    def __eq__(self, other: object) -> Any:
        return _apply("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return _apply("ne", self, other)

    def __gt__(self, other: Any) -> Any:
        return _apply("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return _apply("ge", self, other)

    def __lt__(self, other: Any) -> Any:
        return _apply("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return _apply("le", self, other)

    __hash__ = object.__hash__
