"""Looking on at what a sweep compares: which comparisons are seen, in which roles, and that nothing stays behind."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pytest_ttnn_sweeps import testing
from pytest_ttnn_sweeps.measure.comparisons import Compared, Reading, observed
from pytest_ttnn_sweeps.testing import comparison, measure_accuracy

CHECKS = """
def comp_pcc(golden, calculated, pcc=0.99):
    return True, 1.0

def check_with_pcc(expected, actual, pcc=0.9999):
    return comp_pcc(expected, actual, pcc)

def assert_with_pcc(expected, actual, pcc=0.9999):
    assert check_with_pcc(expected, actual, pcc)[0]
    raise AssertionError("it is never good enough")

def assert_allclose(actual, desired, rtol=1e-5):
    pass
"""
ONE, OTHER = torch.ones(4), torch.zeros(4)


class DataType:
    """What a tensor of ttnn says of its dtype."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"DataType.{self.name}"


class Tensor:
    def __init__(self, values: torch.Tensor, dtype: str) -> None:
        self.values, self.dtype = values, DataType(dtype)

    def to_torch(self) -> torch.Tensor:
        return self.values


@pytest.fixture
def ttnn(monkeypatch):
    """Of ttnn what reads back: a function that calls the tensor's method, and cuts what it gets."""
    module = ModuleType("ttnn")
    module.Tensor = Tensor
    module.to_torch = lambda tensor: tensor.to_torch()[:]
    monkeypatch.setitem(sys.modules, "ttnn", module)
    # A class of this file, that the module replaces a method of.
    monkeypatch.setattr(Tensor, "to_torch", Tensor.to_torch)
    return module


@pytest.fixture
def checks(monkeypatch):
    """A module of checks, in the form of tt-metal's, that sweeps import from."""
    module = ModuleType("checks_of_a_project")
    exec(CHECKS, vars(module))  # noqa: S102 - the text above
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def sweep(text: str, **names: Any) -> ModuleType:
    """A sweep module whose `run` has this body."""
    module = ModuleType("sweep")
    vars(module).update(names)
    exec(f"def run():\n    {text}", vars(module))  # noqa: S102 - the tests' own texts
    return module


def seen(module: ModuleType) -> list[Compared]:
    found: list[Compared] = []
    with observed(module, found.append):
        module.run()
    return found


class TestChecks:
    def test_an_imported_check(self, checks):
        """The name that the sweep has imported, with its own threshold, once: not the check inside the check."""
        module = sweep(
            "return check_with_pcc(one, other, 0.99)", check_with_pcc=checks.check_with_pcc, one=ONE, other=OTHER
        )

        (compared,) = seen(module)

        assert (compared.check, compared.pcc, compared.reading) == ("check_with_pcc", 0.99, None)
        assert compared.expected is ONE
        assert compared.actual is OTHER

    @pytest.mark.parametrize(
        ("text", "pcc"),
        [
            ("checks.check_with_pcc(one, other)", 0.9999),
            ("checks.check_with_pcc(one, actual=other, pcc=0.9)", 0.9),
            ("checks.comp_pcc(calculated=other, golden=one)", 0.99),
            ("alias(one, other)", 0.9999),
            ("from checks_of_a_project import check_with_pcc; check_with_pcc(one, other)", 0.9999),
            ("checks.assert_allclose(other, one)", None),
            ("np.testing.assert_allclose(other.numpy(), one.numpy(), atol=2)", None),
            ("torch.testing.assert_close(other, one, atol=2, rtol=2)", None),
            ("torch.allclose(one, other)", None),
        ],
    )
    def test_ways_to_call(self, checks, text, pcc):
        """By whatever name and order: what is expected is known by its parameter."""
        names = {"checks": checks, "alias": checks.check_with_pcc, "one": ONE, "other": OTHER, "torch": torch, "np": np}

        (compared,) = seen(sweep(text, **names))

        assert compared.pcc == pcc
        assert np.array_equal(compared.expected, ONE)
        assert np.array_equal(compared.actual, OTHER)

    def test_a_check_that_raises(self, checks):
        """It is seen before it raises, and what it raises arrives."""
        module = sweep("checks.assert_with_pcc(one, other)", checks=checks, one=ONE, other=OTHER)
        found: list[Compared] = []

        with pytest.raises(AssertionError, match="never good enough"), observed(module, found.append):
            module.run()

        assert [compared.check for compared in found] == ["assert_with_pcc"]

    def test_a_check_that_hands_on(self, checks):
        """A check of what is no tensor isn't a comparison; the one that it makes of it inside is."""
        checks.comp_pcc_list = lambda golden, calculated: [
            checks.check_with_pcc(*pair) for pair in zip(golden, calculated)
        ]
        module = sweep("checks.comp_pcc_list([one, one], [other, other])", checks=checks, one=ONE, other=OTHER)

        assert [compared.check for compared in seen(module)] == ["check_with_pcc", "check_with_pcc"]

    def test_what_libraries_compare_among_themselves(self, monkeypatch):
        """A golden function of ttnn that compares is none of the sweep's comparisons."""
        golden = ModuleType("ttnn.operations.golden")
        vars(golden)["torch"] = torch
        exec("def golden(one, other):\n    return torch.equal(one, other)", vars(golden))  # noqa: S102

        assert seen(sweep("golden(one, other)", golden=golden.golden, one=ONE, other=OTHER)) == []

    def test_everything_is_put_back(self, checks, ttnn):
        """After the block, and after what it raises, each name has what it had."""
        module = sweep("raise KeyError", alias=checks.check_with_pcc, to_torch=ttnn.to_torch)
        places = [checks, module, torch, np.testing, ttnn, Tensor, testing, testing.thresholds]
        before = [dict(vars(place)) for place in places]

        with pytest.raises(KeyError), observed(module, lambda compared: None):
            assert vars(module)["alias"] is not before[1]["alias"]
            module.run()

        assert [dict(vars(place)) for place in places] == before

    def test_a_check_that_is_bound_later(self, checks):
        """What binds another function the second time isn't given the first one's back."""
        module = sweep("check_with_pcc(one, other)", check_with_pcc=checks.check_with_pcc, one=ONE, other=OTHER)
        seen(module)
        mine = module.check_with_pcc = lambda expected, actual: (True, "mine")

        assert [compared.check for compared in seen(module)] == ["check_with_pcc"]
        assert module.check_with_pcc is mine

    def test_the_packages_own_check_takes_over_metrics(self):
        """A returned check reports what was measured: it may be in other units than its own."""
        module = sweep("return check_with_pcc(one, one)", check_with_pcc=testing.check_with_pcc, one=ONE)

        with observed(module, lambda compared: {"max_ulp": 7.0}):
            check = module.run()

        assert check.metrics == {"max_ulp": 7.0}
        assert check == (True, "1.0")

    def test_the_packages_own_check_takes_over_the_comparison(self, monkeypatch):
        """What was measured isn't compared a second time by the check that the meter looks at."""
        passes = []
        blocks = comparison._blocks
        monkeypatch.setattr(comparison, "_blocks", lambda *args: passes.append(args) or blocks(*args))
        near = torch.tensor([1.0, 2.0, 3.0, 5.0])
        one = torch.arange(1.0, 5.0)
        module = sweep("return check_with_pcc(one, other)", check_with_pcc=testing.check_with_pcc, one=one, other=near)
        with observed(module, lambda compared: measure_accuracy(compared.expected, compared.actual).metrics):
            check = module.run()

        assert len(passes) == 1
        assert check == testing.check_with_pcc(one, near)
        assert len(passes) == 2

    def test_time(self, checks):
        """What looking on takes is told, what the check takes isn't in it."""
        module = sweep("checks.check_with_pcc(one, other)", checks=checks, one=ONE, other=OTHER)

        with observed(module, lambda compared: sum(range(100_000))) as observation:
            module.run()

        assert observation.wall_ns > 0
        assert observation.cpu_ns > 0


class TestReadings:
    def test_the_dtype_is_that_of_the_output_that_is_compared(self, checks, ttnn):
        """Of two outputs each has its own; a part of one, and an array that shares its memory, belong to it."""
        names = {"ttnn": ttnn, "checks": checks, "one": ONE, "np": np}
        names |= {"first": Tensor(torch.zeros(2, 4), "BFLOAT16"), "second": Tensor(torch.zeros(4), "UINT16")}
        module = sweep(
            "a = ttnn.to_torch(first); b = second.to_torch(); checks.check_with_pcc(one, a[1]); "
            "checks.check_with_pcc(one, b); np.array_equal(a[0].numpy(), one.numpy())",
            **names,
        )

        found = seen(module)

        assert [compared.reading.dtype for compared in found if compared.reading] == ["bfloat16", "uint16", "bfloat16"]
        # np.array_equal has no order of its own.
        assert np.array_equal(found[2].expected, ONE)

    @pytest.mark.parametrize("check", ["torch.allclose", "torch.equal", "np.allclose", "np.array_equal"])
    def test_a_librarys_check_has_no_order_of_its_own(self, ttnn, check):
        """What was read back is what is to be checked, on whichever side it stands."""
        names = {"ttnn": ttnn, "torch": torch, "np": np, "one": ONE, "output": Tensor(torch.zeros(4), "BFLOAT16")}

        for pair in ("one, ttnn.to_torch(output)", "ttnn.to_torch(output), one"):
            (compared,) = seen(sweep(f"{check}({pair})", **names))
            assert np.array_equal(compared.expected, ONE)

    def test_of_what_was_made_of_outputs_the_last_counts(self, checks, ttnn):
        """A copy is no part of any; what was read last is what is most likely compared."""
        names = {"ttnn": ttnn, "checks": checks, "one": ONE}
        names |= {"first": Tensor(torch.zeros(4), "BFLOAT16"), "second": Tensor(torch.zeros(4), "UINT16")}
        module = sweep("a, b = map(ttnn.to_torch, (first, second)); checks.check_with_pcc(one, a + b)", **names)

        (compared,) = seen(module)

        assert compared.reading is not None
        assert compared.reading.dtype == "uint16"
        assert not compared.reading.holds(compared.actual)


class TestBlocks:
    """Whether a part of a tensor has its blocks of 16."""

    @pytest.mark.parametrize(
        ("part", "has"),
        [
            (lambda x: x, True),
            (lambda x: x[0], True),
            (lambda x: x[:, 3:5], True),
            (lambda x: x.reshape(64, 48), True),
            (lambda x: x.reshape(2, -1), True),
            (lambda x: x[..., :32], True),
            (lambda x: x[..., 16:], True),
            (lambda x: x[..., :40], False),
            (lambda x: x[..., 8:24], False),
            (lambda x: x.transpose(1, 2), False),
            (lambda x: x.permute(1, 0, 2), True),
            (lambda x: x.reshape(-1, 24), False),
            (lambda x: x[..., 0], False),
            (lambda x: x.bfloat16(), False),
        ],
    )
    def test_of_rows_of_48(self, part, has):
        read = torch.zeros(2, 32, 48)

        assert Reading(read, "bfloat8_b").has_whole_blocks(part(read)) is has

    def test_of_rows_that_end_within_a_block(self):
        """Whole rows have their blocks whatever their width; rows of another width have not."""
        read = torch.zeros(4, 20)

        assert Reading(read, "bfloat8_b").has_whole_blocks(read[1:3])
        assert not Reading(read, "bfloat8_b").has_whole_blocks(read.reshape(5, 16))
        assert not Reading(read, "bfloat8_b").has_whole_blocks(read[:, :16])

    def test_of_one_number(self):
        """A loss that was read back is a block of its own; a number out of a row isn't."""
        assert Reading(torch.zeros(1, 1), "bfloat8_b").has_whole_blocks(torch.zeros(1, 1)[0, 0])
        assert not Reading(torch.zeros(1, 2), "bfloat8_b").has_whole_blocks(torch.zeros(1, 2)[0, 0])
        assert not Reading(torch.zeros(0, 2), "bfloat8_b").has_whole_blocks(torch.zeros(0))


def test_other_namespaces_are_left_alone(monkeypatch):
    """What isn't a module's own dict of names is passed over, whatever it answers."""
    monkeypatch.setitem(sys.modules, "odd", SimpleNamespace(check_with_pcc=1))
    monkeypatch.setitem(sys.modules, "none", None)

    assert seen(sweep("pass")) == []
