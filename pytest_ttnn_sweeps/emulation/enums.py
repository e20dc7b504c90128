"""ttnn's enumerations: the members, numbers, texts and modules of ttnn 0.81.1.

The module matters because stored sweep vectors name a value's type by the module and name of its class.
"""

from __future__ import annotations

import enum


class _TtnnEnum(enum.Enum):
    """An enumeration made by ttnn's C++ side: its ``repr`` is its ``str``.

    ``int`` of a member is its number, which older releases' were convertible to and 0.81.1's aren't.
    """

    __repr__ = enum.Enum.__str__

    def __int__(self) -> int:
        return int(self.value)


class DataType(_TtnnEnum):
    """How a tensor's elements are stored."""

    __module__ = "ttnn._ttnn.tensor"

    BFLOAT16 = 0
    FLOAT32 = 1
    UINT32 = 2
    BFLOAT8_B = 3
    BFLOAT4_B = 4
    UINT8 = 5
    UINT16 = 6
    INT32 = 7
    FP8_E4M3 = 8
    INT8 = 9
    INVALID = 10


class Layout(_TtnnEnum):
    """Whether a tensor's pages are rows or tiles."""

    __module__ = "ttnn._ttnn.tensor"

    ROW_MAJOR = 0
    TILE = 1
    INVALID = 2


class BufferType(_TtnnEnum):
    """The memory that a buffer lives in."""

    __module__ = "ttnn._ttnn.tensor"

    DRAM = 0
    L1 = 1
    L1_SMALL = 3
    TRACE = 4


class TensorMemoryLayout(_TtnnEnum):
    """How a tensor's pages are spread over banks or cores."""

    __module__ = "ttnn._ttnn.tensor"

    INTERLEAVED = 0
    HEIGHT_SHARDED = 2
    WIDTH_SHARDED = 3
    BLOCK_SHARDED = 4
    ND_SHARDED = 5


class StorageType(_TtnnEnum):
    """Whether a tensor lives on the host or on a device."""

    __module__ = "ttnn._ttnn.tensor"

    HOST = 0
    DEVICE = 1


class ShardOrientation(_TtnnEnum):
    """The order in which shards are laid over a grid of cores."""

    __module__ = "ttnn._ttnn.tensor"

    ROW_MAJOR = 0
    COL_MAJOR = 1


class ShardDistributionStrategy(_TtnnEnum):
    """How the shards of an n-dimensional sharding are given to cores."""

    __module__ = "ttnn._ttnn.tensor"

    ROUND_ROBIN_1D = 0
    GRID_2D = 1
    CONTIGUOUS_1D = 2


class ShardStrategy(enum.Enum):
    """What ``create_sharded_memory_config`` splits: height, width or both."""

    __module__ = "ttnn.types"

    HEIGHT = 1
    WIDTH = 2
    BLOCK = 3


class MathFidelity(_TtnnEnum):
    """How many passes the matrix engine makes over its operands' mantissas; kept, but without effect here."""

    __module__ = "ttnn._ttnn.tensor"

    LoFi = 0
    HiFi2 = 2
    HiFi3 = 3
    HiFi4 = 4
    Invalid = 255


class BcastOpMath(_TtnnEnum):
    """The arithmetic of ``ttnn.bcast``."""

    __module__ = "ttnn._ttnn.types"

    ADD = 0
    SUB = 1
    MUL = 2


class BcastOpDim(_TtnnEnum):
    """The dimension along which ``ttnn.bcast`` repeats its second operand."""

    __module__ = "ttnn._ttnn.types"

    H = 0
    W = 1
    HW = 2


class EmbeddingsType(_TtnnEnum):
    """The kind of lookup that ``ttnn.embedding`` does."""

    __module__ = "ttnn._ttnn.operations.embedding"

    GENERIC = 0
    PADDED = 1
    BINARY = 2


class LossReductionMode(_TtnnEnum):
    """What a loss does with its elements."""

    __module__ = "ttnn._ttnn.operations.loss"

    NONE = 0
    MEAN = 1
    SUM = 2


class Arch(_TtnnEnum):
    """A chip architecture."""

    __module__ = "ttnn._ttnn.device"

    WORMHOLE_B0 = 2
    BLACKHOLE = 3
    QUASAR = 4


class DispatchCoreType(_TtnnEnum):
    """The kind of core that dispatches commands; accepted when a device is opened, without effect here."""

    __module__ = "ttnn._ttnn.device"

    WORKER = 0
    ETH = 1


class DispatchCoreAxis(_TtnnEnum):
    """Whether a row or a column of cores dispatches commands; accepted, without effect here."""

    __module__ = "ttnn._ttnn.device"

    ROW = 0
    COL = 1


class ThrottleLevel(_TtnnEnum):
    """A limit on the matrix engine's rate; kept in kernel configurations, without effect here."""

    __module__ = "ttnn._ttnn.operations.core"

    NO_THROTTLE = 0
    LEVEL_1 = 1
    LEVEL_2 = 2
    LEVEL_3 = 3
    LEVEL_4 = 4
    LEVEL_5 = 5


class UnaryOpType(_TtnnEnum):
    """An elementwise operation that another operation can apply to its result."""

    __module__ = "ttnn._ttnn.activation"

    EXP, RECIP, GELU, GELU_TANH, RELU, SQRT, SIGMOID, LOG, LOG1P, TANH, LOG2, LOG10, SIN, COS = range(14)
    COSH, SINH, ABS, ABS_INT32, SIGN, SQUARE, EQZ, NEZ, GTZ, LTZ, GEZ, LEZ, RELU_MAX, RELU_MIN = range(14, 28)
    POWER, POWER_ITERATIVE, LEAKY_RELU, ELU, EXP2, HEAVISIDE, EXPM1, SIGNBIT, ASIN, ACOS, ACOSH = range(28, 39)
    RSQRT, RELU6, ATAN, ASINH, ATANH, ERF, ERFC, ISINF, ISPOSINF, ISNEGINF, ISNAN = range(39, 50)
    LOGICAL_NOT_UNARY, ISFINITE, ERFINV, I0, I1, TAN, RSUB, RDIV, SILU, SOFTPLUS, IDENTITY, NEG = range(50, 62)
    ADD_UNARY_SFPU, SUB_UNARY_SFPU, MUL_UNARY_SFPU, DIV_UNARY_SFPU, UNARY_NE, UNARY_EQ, UNARY_GT = range(62, 69)
    UNARY_LT, UNARY_GE, UNARY_LE, TILED_PROD, TYPECAST, BITCAST, BITWISE_XOR, BITWISE_NOT = range(69, 77)
    BITWISE_AND, BITWISE_OR, RIGHT_SHIFT, FLOOR, CEIL, TRUNC, FRAC, ROUND, LEFT_SHIFT, REMAINDER = range(77, 87)
    FMOD, DROPOUT, FILL, PRELU_SFPU, ZERO_POINT, ALT_COMPLEX_ROTATE90, MISH, HARDMISH, MAXIMUM = range(87, 96)
    MINIMUM, TANHSHRINK, THRESHOLD, SOFTSHRINK, HARDSHRINK, HARDTANH, HARDSIGMOID, HARDSWISH = range(96, 104)
    WHERE_TSS, MAC_TSS, SOFTSIGN, CELU, CLAMP_TSS, SELU, RPOW, CBRT, LOGSIGMOID, LOGIT, XIELU = range(104, 115)
    LGAMMA, DIGAMMA, POLYGAMMA, SOFTCAP = range(115, 119)
