"""Counts of pools, normalisations and decoding against programs that do the work and count what they do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.measure.roofline import OperationCall, Uncounted
from pytest_ttnn_sweeps.measure.roofline.model import workload
from pytest_ttnn_sweeps.measure.roofline.traffic import Traffic, traffic
from pytest_ttnn_sweeps.traced.values import MemoryConfig, TensorSpec

torch = pytest.importorskip("torch")

DRAM = MemoryConfig("INTERLEAVED", "DRAM")


def tensor(*shape: int, layout: str = "TILE") -> TensorSpec:
    return TensorSpec(shape, "BFLOAT16", layout, DRAM, "DEVICE")


def flop(operation: str, *inputs: TensorSpec, **keywords: Any) -> float | None:
    found = workload(OperationCall(operation, inputs, inputs[:1], positional=inputs, keywords=keywords))
    return None if found is None else found.flop


pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


class TestPools:
    @given(
        st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12), st.integers(1, 3)),
        pairs,
        pairs,
        pairs,
        st.tuples(*[st.integers(0, 3)] * 4),
    )
    @settings(deadline=None)
    def test_windows_are_unfolded(self, image: Any, kernel: Any, stride: Any, dilation: Any, padding: Any) -> None:
        """torch lays out every window of an image of ones that has zeros around it: their sum is the count."""
        batch, height, width, channels = image
        top, bottom, left, right = padding
        ones = torch.nn.functional.pad(torch.ones(batch, channels, height, width), (left, right, top, bottom))
        keywords = {
            "batch_size": batch,
            "input_h": height,
            "input_w": width,
            "channels": channels,
            "kernel_size": kernel,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
        }
        try:
            expected = torch.nn.functional.unfold(ones, kernel, dilation, 0, stride).sum().item()
        except RuntimeError:
            expected = None

        assert flop("max_pool2d", tensor(1, 1, 8, 8, layout="ROW_MAJOR"), **keywords) == expected

    @given(st.tuples(st.integers(1, 12), st.integers(1, 12)), pairs, pairs, st.data(), st.booleans())
    @settings(deadline=None)
    def test_ceil_mode_is_torchs(self, image: Any, kernel: Any, stride: Any, data: Any, ceil_mode: bool) -> None:
        """The sums of torch's windows of ones, without the padding, which is at most half of a window."""
        padding = tuple(data.draw(st.integers(0, size // 2)) for size in kernel)
        expected: float | None = None
        if all(size + 2 * pad >= length for size, pad, length in zip(image, padding, kernel)):
            sums = torch.nn.functional.avg_pool2d(
                torch.ones(1, 1, *image), kernel, stride, padding, ceil_mode, divisor_override=1
            )
            expected = sums.sum().item()
        keywords = dict(zip(("input_h", "input_w"), image))

        found = flop(
            "avg_pool2d",
            tensor(1, 1, 8, 8, layout="ROW_MAJOR"),
            batch_size=1,
            channels=1,
            kernel_size=kernel,
            stride=stride,
            padding=padding,
            ceil_mode=ceil_mode,
            **keywords,
        )

        assert found == expected

    def test_a_whole_image(self) -> None:
        """Every element is added once."""
        assert flop("global_avg_pool2d", tensor(2, 7, 7, 100)) == 2 * 7 * 7 * 100

    def test_cycles(self) -> None:
        """ResNet's pool: 3 x 3 of 112 x 112 by 2, whose first row and column are padding; 256 of them a cycle."""
        keywords: dict[str, Any] = {
            "batch_size": 1,
            "input_h": 112,
            "input_w": 112,
            "channels": 64,
            "kernel_size": (3, 3),
            "stride": (2, 2),
            "padding": (1, 1),
            "dilation": (1, 1),
        }
        pool = OperationCall("max_pool2d", (), (), positional=(tensor(1, 1, 12544, 64),), keywords=keywords)
        found = workload(pool)
        assert found is not None
        assert found.flop == 64 * (56 * 3 - 1) ** 2
        assert found.core_cycles == found.flop / 256


class Counted:
    """A number that counts what is done with its kind."""

    operations = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def _done(self, value: float) -> Counted:
        Counted.operations += 1
        return Counted(value)

    def __add__(self, other: Counted) -> Counted:
        return self._done(self.value + other.value)

    def __sub__(self, other: Counted) -> Counted:
        return self._done(self.value - other.value)

    def __mul__(self, other: Counted) -> Counted:
        return self._done(self.value * other.value)


def total(values: list[Counted]) -> Counted:
    first, *rest = values
    for value in rest:
        first = first + value
    return first


def normalised(group: list[Counted], given: tuple[Counted, Counted] | None, extras: str) -> list[Counted]:
    """The definition: by the group's own mean and deviation, or those ``given``. Roots and quotients are a group's."""
    share = Counted(1 / len(group))
    mean = given[0] if given else total(group) * share
    centred = [value - mean for value in group]
    scale = given[1] if given else Counted((total([one * one for one in centred]) * share).value ** -0.5)
    results = [one * scale for one in centred]
    if "weight" in extras:
        results = [one * Counted(2.0) for one in results]
    return [one + Counted(1.0) for one in results] if "bias" in extras else results


@pytest.mark.parametrize("extras", ["", "weight", "weight bias"])
@pytest.mark.parametrize("operation", ["layer_norm", "group_norm", "batch_norm in training", "batch_norm"])
def test_normalisations_are_counted_by_doing_them(operation: str, extras: str) -> None:
    """What 32 elements more in each of 3 groups add: so what is done once a group falls out."""
    name, _, training = operation.partition(" in ")
    given = (Counted(0.5), Counted(2.0)) if operation == "batch_norm" else None
    counts = []
    for size in (64, 96):
        Counted.operations = 0
        for number in range(3):
            normalised([Counted(float(number + at)) for at in range(size)], given, extras)
        counts.append(Counted.operations)
    keywords: dict[str, Any] = {word: tensor(1, 1, 1, 32) for word in extras.split()}
    if training:
        keywords["training"] = True

    found = [flop(name, tensor(1, 1, 3, size), **keywords) for size in (64, 96)]

    assert None not in found
    assert found[1] - found[0] == counts[1] - counts[0]  # type: ignore[operator]


def decode(*shapes: tuple[int, ...], **keywords: Any) -> OperationCall:
    tensors = tuple(tensor(*shape) for shape in shapes)
    name = "transformer.scaled_dot_product_attention_decode"
    return OperationCall(name, tensors, tensors[:1], positional=tensors, keywords=keywords)


class TestDecoding:
    @given(st.lists(st.integers(-1, 127), min_size=1, max_size=4), st.integers(1, 3), st.sampled_from([32, 64]))
    @settings(deadline=None, max_examples=30)
    def test_products_are_counted_by_doing_them(self, positions: list[int], groups: int, width: int) -> None:
        """Each user's queries by the keys up to its position, weights by their values: 2 an element of each product."""
        users, heads = len(positions), 2 * groups
        query, cache = torch.ones(1, users, heads, width), torch.ones(users, groups, 128, width)
        expected = 0
        for user, position in enumerate(positions):
            for head in range(heads):
                keys = cache[user, head // 2, : position + 1]
                weights = query[0, user, head] @ keys.T
                expected += 2 * (width * weights.numel() + weights.numel() * width)

        call = decode(query.shape, cache.shape, cache.shape, cur_pos=tuple(positions))

        found = workload(call)
        assert found is not None
        assert found.flop == expected
        assert found.core_cycles == expected / 4096 * 2  # HiFi2, ttnn's default

    def test_the_cache_is_read_as_far_as_it_is_filled(self) -> None:
        """Tiles of 2048 B: the query and the result have 2 each, of 2 KV heads 33 keys take 2 x 2, 32 keys 1 x 2."""
        call = decode((1, 3, 8, 64), (3, 2, 1024, 64), (3, 2, 1024, 64), cur_pos=(32, 31, -1))
        assert traffic(call) == Traffic(dram=2048 * (6 + 6 + 2 * 2 * (4 + 2)))

    def test_without_a_mask_of_positions_everything_is_read(self) -> None:
        """Not causal, without positions: all keys, and the mask that is passed."""
        call = decode((1, 2, 8, 64), (2, 1, 64, 64), (2, 1, 64, 64), (1, 2, 8, 64), is_causal=False)
        assert traffic(call) == Traffic(dram=2048 * (4 + 4 + 2 * 2 * 4 + 4))
        assert workload(call) == workload(decode((1, 2, 8, 64), (2, 1, 64, 64), (2, 1, 64, 64), cur_pos=(63, 63)))

    @pytest.mark.parametrize(
        "keywords",
        [
            {},
            {"cur_pos": (3,)},
            {"cur_pos": (3, 64)},
            {"cur_pos": (3, -2)},
            {"cur_pos": (3, 4), "is_causal": False},
            {"cur_pos_tensor": TensorSpec((2,), "INT32", "ROW_MAJOR", DRAM, "DEVICE")},
            {"cur_pos": (3, 4), "sliding_window_size": 32},
        ],
    )
    def test_what_depends_on_values_is_not_counted(self, keywords: dict[str, Any]) -> None:
        """Neither its bytes nor its operations."""
        call = decode((1, 2, 8, 64), (2, 1, 64, 64), (2, 1, 64, 64), **keywords)
        with pytest.raises(Uncounted):
            traffic(call)
        assert workload(call) is None
