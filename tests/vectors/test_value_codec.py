"""Values as JSON and back: exact, total, safe."""

from __future__ import annotations

import enum
import json
import math
import struct
import subprocess
import sys
from typing import Any

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.vectors import Unavailable
from pytest_ttnn_sweeps.vectors.codec import UndecodableValue, UnencodableValue, canonical_text, decode, encode


class Colour(enum.Enum):
    RED = 1
    ROUGE = 1  # noqa: PIE796 - an alias is the point
    BLUE = "b"


class Permission(enum.Flag):
    READ = 1
    WRITE = 2


def same(one: Any, other: Any, *, dicts_in_order: bool = True) -> bool:
    """Equal in type and content, floats by their bits."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other)
    if isinstance(one, complex):
        return same(one.real, other.real) and same(one.imag, other.imag)
    if isinstance(one, (numpy.ndarray, numpy.generic)):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, torch.Tensor):
        same_form = one.dtype == other.dtype and one.shape == other.shape
        return same_form and same(*(tensor.reshape(-1).view(torch.uint8).numpy() for tensor in (one, other)))
    if isinstance(one, (list, tuple)):
        pairs = zip(one, other)
        return len(one) == len(other) and all(same(*pair, dicts_in_order=dicts_in_order) for pair in pairs)
    if isinstance(one, dict):
        by_key = None if dicts_in_order else lambda pair: canonical_text(pair[0])
        items = [sorted(value.items(), key=by_key) if by_key else list(value.items()) for value in (one, other)]
        return same(*items, dicts_in_order=dicts_in_order)
    if isinstance(one, (set, frozenset)):
        return same(*(sorted(value, key=canonical_text) for value in (one, other)))
    return bool(one == other)


def floats() -> st.SearchStrategy[float]:
    # encode keeps no NaN's payload: it is one value, spelled "nan".
    return st.floats().map(lambda number: math.nan if math.isnan(number) else number)


NUMPY_NAMES = ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64"]
TORCH_NAMES = ["bool", "uint8", "int16", "int64", "bfloat16", "float16", "float32", "complex64", "float8_e4m3fn"]


def numpy_values() -> st.SearchStrategy[Any]:
    def made(name: str, shape: list[int], raw: bytes, scalar: bool) -> Any:
        count = math.prod(shape) * numpy.dtype(name).itemsize
        flat = numpy.frombuffer((raw * (count // max(1, len(raw)) + 1))[:count] or b"", dtype="uint8")
        array = (flat & 1 if name == "bool" else flat).view(name).reshape(shape)
        return array.reshape(-1)[0] if scalar and array.size else array

    shapes = st.lists(st.integers(0, 3), max_size=3)
    return st.builds(made, st.sampled_from(NUMPY_NAMES), shapes, st.binary(min_size=1, max_size=9), st.booleans())


def torch_values() -> st.SearchStrategy[Any]:
    def made(name: str, shape: list[int], step: int) -> torch.Tensor:
        numbers = torch.arange(math.prod(shape)).mul(step)
        return numbers.remainder(2 if name == "bool" else 100).to(getattr(torch, name)).reshape(shape)

    return st.builds(made, st.sampled_from(TORCH_NAMES), st.lists(st.integers(0, 3), max_size=3), st.integers(0, 7))


hashables = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        floats(),
        st.text(),
        st.binary(max_size=5),
        st.complex_numbers(allow_nan=False),
        st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 3)),
        st.sampled_from([Colour.RED, Colour.BLUE, Permission.READ, torch.bfloat16, torch.float32]),
        st.builds(Unavailable, st.text()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple),
        st.frozensets(inner, max_size=3),
    ),
    max_leaves=8,
)
values = st.recursive(
    st.one_of(hashables, numpy_values(), torch_values()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(hashables, inner, max_size=4),
        st.sets(hashables, max_size=3),
    ),
    max_leaves=12,
)


@given(values)
def test_a_value_comes_back_in_type_and_content(value: Any) -> None:
    """``decode(encode(x))`` is ``x``, through the text of a JSON file too."""
    assert same(decode(encode(value)), value)
    assert same(decode(json.loads(json.dumps(encode(value), allow_nan=False))), value)


look_alikes = st.recursive(
    st.sampled_from(
        [0, False, 0.0, -0.0, math.nan, "", "0", None, b"", 0j, range(0), numpy.float64(0), torch.zeros(())]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.lists(inner, max_size=2).map(tuple),
        st.lists(st.tuples(st.sampled_from([0, "0", (), frozenset()]), inner), max_size=2).map(dict),
        st.sets(st.sampled_from([0, "0", ()]), max_size=2),
    ),
    max_leaves=3,
)


@given(look_alikes, look_alikes)
def test_one_text_is_one_value(one: Any, other: Any) -> None:
    """Two values have one canonical text exactly where they are the same, dicts in any order."""
    assert (canonical_text(one) == canonical_text(other)) is same(one, other, dicts_in_order=False)


@given(st.dictionaries(hashables, values, max_size=5), st.randoms())
def test_the_order_of_a_dict_has_no_part_in_its_text(value: dict[Any, Any], random: Any) -> None:
    """Equal dicts have one canonical text at any depth; ``decode`` keeps the order that was stored."""
    pairs = list(value.items())
    random.shuffle(pairs)
    shuffled = dict(pairs)
    assert canonical_text([{"outer": shuffled}]) == canonical_text([{"outer": value}])
    assert same(decode(encode(shuffled)), shuffled)


def test_the_order_of_sequences_is_part_of_their_text() -> None:
    """Lists, tuples, and dicts with other keys or values have texts of their own."""
    pairs = [({"a": 1, "b": 2}, {"a": 2, "b": 1}), ([1, 2], [2, 1]), ((1, 2), (2, 1)), ({1: "x"}, {1.0: "x"})]
    assert all(canonical_text(one) != canonical_text(other) for one, other in pairs)


def test_texts_do_not_depend_on_the_hash_seed() -> None:
    """Sets and dicts of texts have the same canonical text in every process."""
    program = (
        "from pytest_ttnn_sweeps.vectors.codec import canonical_text as text;"
        "words = 'alpha beta gamma delta epsilon'.split();"
        "print(text([set(words), frozenset(words), {frozenset(words): set(words)}]))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in ("0", "1", "2")
    ]
    assert len({run.stdout for run in runs}) == 1


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_depth_is_limited_alike_in_both_directions() -> None:
    """What ``encode`` accepts at its limit ``decode`` accepts; one level more, or a list inside itself, is an error."""
    assert decode(encode(nested(63))) == nested(63)
    with pytest.raises(UnencodableValue, match="deeper than 64"):
        encode(nested(64))
    with pytest.raises(UndecodableValue, match="deeper than 64"):
        decode(nested(64))
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(UnencodableValue):
        canonical_text(cycle)


class Text(str):
    """A text with a type of its own, which a plain text would lose."""


class Local:
    pass


def local_enum() -> enum.Enum:
    class Shade(enum.Enum):
        DARK = 1

    return Shade.DARK


REFUSED = {
    "object": object(),
    "function": len,
    "class": Local,
    "text subclass": Text("x"),
    "dict subclass": __import__("collections").OrderedDict(a=1),
    "named tuple": __import__("collections").namedtuple("Pair", "a b")(1, 2),
    "bytearray": bytearray(b"x"),
    "integer too long for JSON": 10**5000,
    "long range": range(10**5000),
    "enum of a function": local_enum(),
    "two flags": Permission.READ | Permission.WRITE,
    "masked array": numpy.ma.masked_array([1, 2], mask=[True, False]),
    "structured array": numpy.zeros(1, dtype=[("a", "i4")]),
    "array of objects": numpy.array([None]),
    "array of text": numpy.array(["a"]),
    "dates": numpy.array(["2020-01-01"], dtype="datetime64[D]"),
    "big-endian array": numpy.array([1], dtype=">i4"),
    "long double, whose padding is random": numpy.longdouble(1),
    "parameter": torch.nn.Parameter(torch.zeros(1)),
    "sparse tensor": torch.zeros(2, 2).to_sparse(),
    "tensor without data": torch.zeros(2, device="meta"),
    "generator": torch.Generator(),
    "deep": {"a": [(object(),)]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_come_back_is_refused(name: str) -> None:
    """A value that JSON and back would change is an error of one line that names its type."""
    with pytest.raises(UnencodableValue) as caught:
        encode(REFUSED[name])
    assert "\n" not in str(caught.value)
    assert str(caught.value)


def test_an_alias_of_an_enum_member_is_the_member() -> None:
    """Two names of one member have one text."""
    assert canonical_text(Colour.ROUGE) == canonical_text(Colour.RED)


def test_tensors_are_stored_as_what_they_show() -> None:
    """Views, transposes, lazy conjugates and negatives have the text of a plain tensor of their values."""
    base = torch.arange(6.0).reshape(2, 3)
    turned = torch.tensor([1 + 2j]).conj()
    pairs = [(base.T, base.T.contiguous()), (base[:, 1:], base[:, 1:].clone()), (turned, torch.tensor([1 - 2j]))]
    for view, plain in [*pairs, (turned.imag, torch.tensor([-2.0]))]:
        assert canonical_text(view) == canonical_text(plain)
    decoded = decode(encode(base))
    assert isinstance(decoded, torch.Tensor)
    decoded.add_(1)
    assert base[0, 0] == 0


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)
TAGS = [
    *("float", "tuple", "set", "frozenset", "dict", "bytes", "complex", "range"),
    *("enum", "operation", "ttnn", "array", "torch.dtype", "unavailable"),
]
CLASSES = ["CoreCoord", "Shape", "MemoryConfig", "Conv2dConfig", "Tensor", "open_device", "types", "__builtins__"]
hostile_names = st.sampled_from(
    [
        *(f"ttnn:{name}" for name in CLASSES),
        *CLASSES,
        *("os:system", "enum:Enum", "builtins:eval", "sys:modules", "antigravity:x"),
        *("torch", "numpy", "float32", "_dynamo", "onnx", "int8", "O", "V4", "i4,f8", "object", "="),
    ]
)
hostile = st.recursive(
    st.one_of(json_values, hostile_names),
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(TAGS), inner, min_size=1, max_size=1),
        st.lists(inner, max_size=4),
        st.tuples(st.sampled_from(["torch", "numpy", "numpy scalar"]), hostile_names, inner, st.just("AAAA")).map(list),
        st.builds(lambda key, item: {"dict": [[key, item]]}, inner, inner),
        st.builds(lambda name, item: {"ttnn": [name, item]}, hostile_names, inner),
        st.builds(lambda name, item: {"enum": [name, item]}, hostile_names, inner),
    ),
    max_leaves=10,
)


def complaint_about(data: Any) -> str:
    """The text of the ``UndecodableValue`` that decoding ``data`` raises; empty where it raises none."""
    try:
        decode(data)
    except UndecodableValue as error:
        return str(error)
    return ""


@settings(max_examples=400)
@given(hostile)
def test_hostile_json_is_an_error_and_imports_nothing(data: Any) -> None:
    """Any JSON is decoded or an ``UndecodableValue`` of one short line; no module but ttnn is looked for."""
    asked: list[str] = []

    class Watcher:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            asked.append(name)

    sys.meta_path.insert(0, Watcher)
    try:
        complaint = complaint_about(data)
    finally:
        sys.meta_path.remove(Watcher)
    assert "\n" not in complaint
    assert len(complaint) < 2000
    assert set(asked) <= {"ttnn"}


@pytest.mark.parametrize(
    "data",
    [
        {"float": nested(100_000)},
        {"neither": nested(100_000), "tag": 1},
        nested(100_000),
        {"bytes": "A" * 10_000_001},
        {"array": ["numpy", "float64", [0, -1], ""]},
        {"array": ["numpy", "float64", [10**30], ""]},
        {"array": ["torch", "float64", [10**30], ""]},
        {"array": ["torch", "qint8", [1], "AAAA"]},
        {"array": ["torch", "_dynamo", [1], "AAAA"]},
        {"array": ["numpy", "float64", [True], "AAAAAAAAAAA="]},
        {"complex": [1, 2]},
        {"complex": [10**400, 0.0]},
        {"range": [1]},
        {"range": [1, 2, 0]},
        {"dict": ["ab"]},
        {"dict": {"ab": 1}},
        {"dict": [[[], 1]]},
        {"set": [[]]},
        {"float": "1.0"},
        {"float": []},
        {"unavailable": 1},
        {"enum": [f"{__name__}:Colour", "mro"]},
        {"enum": [f"{__name__}:Colour", "PURPLE"]},
        {"enum": ["enum:Enum", "RED"]},
        {"enum": ["no.such.module:Colour", "RED"]},
        {"operation": "os.system"},
        {"operation": "ttnn"},
        {"ttnn": ["open_device", [0]]},
        {"ttnn": ["CoreGrid", {"x": 1, "z": 2}]},
        {"torch.dtype": "nn"},
        {"torch.dtype": []},
        math.inf,
        math.nan,
        {},
        {"a": 1, "b": 2},
        {1: 2},
        (1, 2),
        object(),
    ],
    ids=lambda data: "",
)
def test_what_no_value_is_encoded_to_is_an_error(data: Any) -> None:
    """Malformed, oversized and misleading JSON ends in ``UndecodableValue``, quickly and in one line."""
    complaint = complaint_about(data)
    assert 0 < len(complaint) < 2000
    assert "\n" not in complaint


def test_decoding_without_ttnn_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stored ttnn value where ttnn can't be imported is undecodable, not an ``ImportError``."""
    monkeypatch.setitem(sys.modules, "ttnn", None)
    with pytest.raises(UndecodableValue, match="ttnn"):
        decode({"enum": ["ttnn:DataType", "BFLOAT16"]})


def test_plain_values_are_stored_without_torch_and_numpy() -> None:
    """Encoding and decoding plain values import neither torch nor numpy."""
    program = (
        "import sys; from pytest_ttnn_sweeps.vectors.codec import decode, encode;"
        "decode(encode([1, 1.5, 'x', (None, True), {'a': {1, 2}}, b'x', 1j, range(3)]));"
        "assert not {'torch', 'numpy', 'ttnn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
