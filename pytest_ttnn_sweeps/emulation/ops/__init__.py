"""The operations, a module for each family; importing this package fills ``operation.OPERATIONS``."""

from . import (
    activation,
    arrangement,
    attention,
    binary,
    composite,
    convolution,
    creation,
    matmul,
    movement,
    normalization,
    placement,
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
    "composite",
    "convolution",
    "creation",
    "matmul",
    "movement",
    "normalization",
    "placement",
    "pooling",
    "reduction",
    "ternary",
    "unary",
]
