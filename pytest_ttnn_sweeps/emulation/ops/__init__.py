"""The operations on device tensors, a module for each family; importing this package puts them into the table."""

from . import (
    activation,
    arrangement,
    attention,
    binary,
    casting,
    complex_numbers,
    composite,
    convolution,
    matmul,
    movement,
    normalization,
    pooling,
    reduction,
    ternary,
    unary,
)

__all__ = [
    "activation",
    "arrangement",
    "attention",
    "binary",
    "casting",
    "complex_numbers",
    "composite",
    "convolution",
    "matmul",
    "movement",
    "normalization",
    "pooling",
    "reduction",
    "ternary",
    "unary",
]
