"""The complex tensor: two tensors that operations take for one, of real parts and imaginary parts."""

from __future__ import annotations

from .errors import incompatible
from .tensor import Tensor


class ComplexTensor:
    """Complex numbers as a pair of tensors.

    ttnn checks neither that the parts have one shape nor that they have one dtype; operations do. There is no way to
    move the pair or to read it: that is done with its parts.
    """

    __module__ = "ttnn._ttnn.operations.complex"
    __slots__ = ("_imag", "_real")

    def __init__(self, parts: tuple[Tensor, Tensor]) -> None:
        """The complex tensor of ``(real, imag)``, which it shares."""
        if not (isinstance(parts, tuple) and len(parts) == 2 and all(isinstance(part, Tensor) for part in parts)):
            raise incompatible("ComplexTensor", parts)
        self._real, self._imag = parts

    @property
    def real(self) -> Tensor:
        """The real parts."""
        return self._real

    @property
    def imag(self) -> Tensor:
        """The imaginary parts."""
        return self._imag

    def __getitem__(self, index: int) -> Tensor:
        """The real parts for 0, the imaginary ones for 1; ttnn reads foreign memory for anything else."""
        return (self._real, self._imag)[index]

    def deallocate(self) -> None:
        """Give back the device memory of both parts."""
        self._real.deallocate()
        self._imag.deallocate()
