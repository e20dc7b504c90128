"""Running vectors: arguments, random numbers, devices, verdicts, failures, the debugger."""

from __future__ import annotations

import pytest
from sweep_tree import ADD, SweepTree


def test_run_gets_own_copies_of_containers(tree: SweepTree) -> None:
    """A vector that changes its lists, dicts or tuples in place changes no other vector."""
    tree.write(
        "mutating",
        """
        parameters = {"s": {"shape": [[1, 2]], "spec": [{"dims": [3]}], "n": [1, 2, 3]}}

        def run(shape, spec, n, *, device):
            ok = shape == [1, 2] and spec == {"dims": [3]}
            shape.append(n)
            spec["dims"].clear()
            return ok, f"{shape} {spec}"
        """,
    )

    tree.run().assert_outcomes(passed=3)


def test_other_values_are_passed_as_they_are(tree: SweepTree) -> None:
    """Objects that can't be copied reach ``run`` as the module declared them."""
    tree.write(
        "objects",
        """
        import enum
        class Mode(enum.Enum):
            FAST = 1
        parameters = {"s": {"mode": [Mode.FAST]}}

        def run(mode, *, device):
            return mode is Mode.FAST, ""
        """,
    )

    tree.run().assert_outcomes(passed=1)


def test_random_numbers_depend_on_the_vector_alone(tree: SweepTree) -> None:
    """A vector draws the same numbers alone, in another order and on another worker; another seed changes them."""
    tree.write(
        "random_data",
        """
        import random
        parameters = {"s": {"a": [1, 2, 3, 4]}}

        def run(a, *, device):
            print("drew", a, random.random())
            return True, ""
        """,
    )

    def draws(*arguments: str) -> set[str]:
        result = tree.run_apart("-rP", "-q", *arguments)
        return {line for line in result.outlines if line.startswith("drew")}

    alone = draws("--sweep-where", "a=3")
    together = draws()

    assert len(together) == 4
    assert alone < together
    assert draws("-n2") == together
    assert not draws("--sweep-seed", "1") & together


def test_each_verdict_becomes_its_outcome(tree: SweepTree) -> None:
    """Every return form of upstream's modules, plain asserts and skips end as a pytest user expects."""
    tree.write(
        "verdicts",
        """
        import pytest
        FORMS = "pair timed none bool assert raise false skip junk dict"
        parameters = {"s": {"form": FORMS.split()}}

        def run(form, *, device):
            if form == "pair": return True, "0.999"
            if form == "timed": return [(True, "0.999"), 1500]
            if form == "none": return None
            if form == "bool": return True
            if form == "assert": assert form == "other"
            if form == "raise": raise RuntimeError("went wrong")
            if form == "false": return [(False, "0.5"), 1500]
            if form == "skip": pytest.skip("not today")
            if form == "junk": return [1.0, 0.0]
            if form == "dict": return {"ok": True, "pcc": 0.99}
        """,
    )

    result = tree.run("-rA", "--tb=line")

    result.assert_outcomes(passed=5, failed=4, skipped=1)
    result.stdout.fnmatch_lines(["*RuntimeError: went wrong*", "SKIPPED * not today"])


def test_a_failure_shows_parameters_then_message_and_no_frame_of_ours(tree: SweepTree) -> None:
    """What a developer needs: the vector one parameter a line, then the sweep's own words or its own frames."""
    tree.write(
        "failing",
        """
        parameters = {"s": {"how": ["returns", "raises"], "shape": [[1, 32]]}}

        def helper():
            raise ValueError("deep inside")

        def run(how, shape, *, device):
            if how == "raises":
                helper()
            return [(False, "PCC 0.7 is below 0.99"), 10]
        """,
    )

    result = tree.run()

    result.stdout.fnmatch_lines(
        [
            "vector * of suite s",
            "  how = 'returns'",
            "  shape = [[]1, 32]",
            "",
            "PCC 0.7 is below 0.99",
            "vector * of suite s",
            "  how = 'raises'",
            "sweeps/failing.py:9: *",
            "E *ValueError: deep inside",
            "FAILED sweeps/failing.py::s::* - PCC 0.7 is below 0.99",
            "FAILED sweeps/failing.py::s::* - ValueError: deep inside",
        ]
    )
    for line in ("*item.py*", "*runtest*", "*_callers.py*", "*_pytest*"):
        result.stdout.no_fnmatch_line(line)


@pytest.mark.parametrize("style", ["auto", "long", "short", "line", "native", "no"])
def test_every_traceback_style_works(tree: SweepTree, style: str) -> None:
    """``--tb`` means what pytest says, for returned failures and for exceptions, with and without xdist."""
    tree.write(
        "failing",
        "parameters = {'s': {'a': [1, 2]}}\ndef run(a, *, device):\n    assert a == 1\n    return False, 'PCC 0.1'\n",
    )

    tree.run(f"--tb={style}").assert_outcomes(failed=2)


@pytest.mark.parametrize("how", ["returns", "raises"])
def test_pdb_stops_in_the_sweeps_own_frame(tree: SweepTree, how: str) -> None:
    """``--pdb`` gives the sweep's locals for an exception, and for a ``run`` that returned a failure."""
    tree.write(
        "failing",
        """
        parameters = {"s": {"how": ["returns", "raises"]}}

        def run(how, *, device):
            mine = "local of " + how
            assert how == "returns"
            return False, "PCC 0.1"
        """,
    )

    child = tree.pytester.spawn_pytest(f"-p ttnn_sweeps --pdb --sweep-where how={how}")
    child.expect("Pdb")
    child.sendline("p mine")
    child.expect(f"local of {how}")
    child.sendline("q")
    child.expect("1 failed")
    child.close()


def test_a_module_fixture_opens_once_and_closes_after_the_module(tree: SweepTree) -> None:
    """``mesh_device_fixture`` is entered once a module; what comes after the yield runs before the next module."""
    text = """
        parameters = {"s": {"a": [1, 2]}, "t": {"a": [3]}}

        def mesh_device_fixture():
            print("open NAME")
            yield "device of NAME", "label"
            print("close NAME")

        def run(a, *, device):
            return device == "device of NAME", str(device)
        """
    for name in ("first", "second"):
        tree.write(name, text.replace("NAME", name), device=True)

    result = tree.run("-s", "-q")

    result.assert_outcomes(passed=6)
    said = [line.strip(". ") for line in result.outlines if "open" in line or "close" in line]
    assert said == ["open first", "close first", "open second", "close second"]


def test_an_assertion_before_the_yield_skips_the_module(tree: SweepTree) -> None:
    """A device that won't do is a skip with the assertion's text; any other exception is an error."""
    for name, line in (("unsuitable", "assert False, 'needs a p150'"), ("broken", "1 / 0")):
        tree.write(
            name,
            f"""
            parameters = {{"s": {{"a": [1, 2]}}}}
            def mesh_device_fixture():
                {line}
                yield None, ""
            def run(a, *, device): pass
            """,
            device=True,
        )

    result = tree.run("-rs")

    result.assert_outcomes(skipped=2, errors=2)
    result.stdout.fnmatch_lines(["*ZeroDivisionError*", "SKIPPED *needs a p150*"])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("return 'device'", "*mesh_device_fixture returned 'device'; expected a generator*"),
        ("yield 'device'", "*mesh_device_fixture yielded 'device'; expected a pair*"),
        ("yield from ()", "*mesh_device_fixture yielded nothing; expected (device, label)*"),
    ],
)
def test_a_device_fixture_that_breaks_the_contract_says_so(tree: SweepTree, body: str, text: str) -> None:
    """A wrong ``mesh_device_fixture`` is an error that states the contract."""
    tree.write(
        "bad",
        f"parameters = {{'s': {{'a': [1]}}}}\ndef mesh_device_fixture():\n    {body}\ndef run(a, *, device): pass\n",
        device=True,
    )

    result = tree.run()

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([text])


def test_a_fixture_that_yields_twice_is_closed(tree: SweepTree) -> None:
    """Real modules yield a second time by mistake; their teardown still runs."""
    tree.write(
        "twice",
        """
        parameters = {"s": {"a": [1]}}
        def mesh_device_fixture():
            try:
                yield None, "x"
                yield None, "x"
            finally:
                print("closed")
        def run(a, *, device): pass
        """,
        device=True,
    )

    tree.run("-s").stdout.fnmatch_lines(["*closed*"])


def test_ordinary_plugins_see_functions(tree: SweepTree) -> None:
    """``--setup-show``, ``--durations`` and ``usefixtures`` treat vectors as the functions they are."""
    tree.write("add", ADD)

    result = tree.run("--setup-show", "--durations=0", "-vv", "--tb=no")

    result.stdout.fnmatch_lines(
        ["*SETUP*M sweep_device*", "*sweeps/add.py::nightly::* (fixtures used: *sweep_device*)*"]
    )
    result.stdout.fnmatch_lines(["*slowest durations*", "*s call * sweeps/add.py::*"])


def test_exitfirst_and_no_sweeps(tree: SweepTree) -> None:
    """``-x`` stops at the first failure; ``-p no:ttnn_sweeps`` makes sweep files nobody's business."""
    tree.write("add", ADD)

    tree.run("-x", "--tb=no").assert_outcomes(passed=7, failed=1)
    assert tree.pytester.runpytest("-p", "no:ttnn_sweeps").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_value_that_is_unavailable_skips_its_vector_alone(tree: SweepTree) -> None:
    """``Unavailable`` reaches neither ``invalidate_vector`` nor ``run``; the skip names parameter and reason."""
    tree.write(
        "traced",
        """
        from pytest_ttnn_sweeps.vectors import Unavailable
        shapes = [[1, 32], Unavailable("the grid can't be read")]
        parameters = {"model_traced": {"shape": shapes}, "empty": {"other": []}}

        def invalidate_vector(vector):
            return len(vector["shape"]) != 2, "rank"

        def run(shape, *, device):
            return len(shape) == 2, ""
        """,
    )

    result = tree.run("-rs")

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED * sweeps/traced.py:*: shape: the grid can't be read"])


def test_a_tensor_beyond_the_bound_is_a_skip_with_its_size(tree: SweepTree) -> None:
    """The bound counts elements, and is met before the memory is asked for."""
    pytest.importorskip("torch")
    tree.write(
        "big",
        """
        import torch

        parameters = {"s": {"rows": [2, 200, 10**12]}}

        def run(rows, *, device):
            return bool(torch.zeros(rows, 10).numel()), ""
        """,
    )

    result = tree.run("--sweep-max-elements", "1000", "-rs")

    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["*torch.zeros: *200, 10* is 2,000 elements, more than 1,000 (--sweep-max-elements)*"])


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_failed_vector_leaves_nothing_in_the_devices_memory(tree: SweepTree, isolation: str) -> None:
    """What the frames of a failure hold, tensors above all, is let go of before the next vector runs."""
    pytest.importorskip("torch")
    tree.write(
        "holding",
        """
        import torch, ttnn
        parameters = {"s": {"n": [1, 2, 3, 4]}}

        def run(n, *, device):
            try:
                # Two thirds of the memory: there is no room for another one's.
                tensor = ttnn.zeros([4096, 6144], ttnn.bfloat16, ttnn.TILE_LAYOUT, device, ttnn.L1_MEMORY_CONFIG)
                if n == 2:
                    return False, ""
                raise ValueError(n)
            except ValueError as error:
                failure = error
            raise KeyError(n) from failure
        """,
        device=True,
    )

    result = tree.run("--sweep-device=emulated", f"--sweep-isolation={isolation}", "--tb=line")

    result.assert_outcomes(failed=4)
    result.stdout.no_fnmatch_line("*Out of Memory*")


def test_a_vector_that_timed_out_leaves_nothing_in_the_devices_memory(tree: SweepTree) -> None:
    """Its frames are let go of as those of any other failure."""
    pytest.importorskip("torch")
    tree.write(
        "slow",
        """
        import time
        import ttnn
        parameters = {"s": {"seconds": [60, 0]}}

        def run(seconds, *, device):
            tensor = ttnn.zeros([4096, 6144], ttnn.bfloat16, ttnn.TILE_LAYOUT, device, ttnn.L1_MEMORY_CONFIG)
            time.sleep(seconds)
            return True, ""
        """,
        device=True,
    )

    result = tree.run("--sweep-device=emulated", "--sweep-isolation=none", "--sweep-timeout=2", "--tb=line")

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*FAIL_CRASH_HANG 1*"])
