"""``ttnn-sweeps ops gaps``: what of a master no run has shown to work, told from real runs' journals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.traced import TraceContext, TracedConfiguration, record, registry
from pytest_ttnn_sweeps.traced.values import MemoryConfig, TensorSpec

SWEEP = """
from pytest_ttnn_sweeps.traced import MasterConfigLoader, traced_parameters
parameters = {{"model_traced": {call}}}
def run(traced_config_name=None, **others):
    assert "{bad}" not in traced_config_name
    return True, "fine"
"""


def printed(capsys: pytest.CaptureFixture[str], master: Path, *arguments: str, status: int = 1) -> str:
    """What ``ttnn-sweeps ops gaps`` prints for ``master``."""
    assert main(["ops", "gaps", "--master", str(master), *arguments]) == status
    return capsys.readouterr().out


def test_gaps_are_what_no_module_loads_and_what_did_not_run(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a real run's journal: one configuration failed, one came later, one operation has no module."""
    monkeypatch.delenv(registry.MASTER_VARIABLE, raising=False)
    path = pytester.path / registry.MASTER_LOCATION
    add, exp = ([TracedConfiguration(name, (number,)) for number in range(2)] for name in ("add", "exp"))
    record(path, [*add, exp[0]], TraceContext("a.py"))
    pytester.makeini("[pytest]")
    sweeps = pytester.mkdir("sweeps")
    call = 'MasterConfigLoader().get_suite_parameters(operation_name="ttnn::add")'
    suite = '{"traced_config_name": [c.name for c in MasterConfigLoader().get_operation_configs("ttnn::add")]}'
    (sweeps / "add.py").write_text(SWEEP.format(call=suite, bad=add[1].name))
    (sweeps / "unused.py").write_text(SWEEP.format(call=call, bad="-").replace("operation_name=", ""))

    assert [line.split(": ", 1)[1] for line in printed(capsys, path).splitlines()[:-1]] == [
        "never run",
        "never run",
        f"no sweep module (1 configuration never run; try pytest {path})",
    ]
    pytester.runpytest_subprocess("-q", "sweeps/add.py")
    capsys.readouterr()
    record(path, [TracedConfiguration("add", (2,))], TraceContext("b.py"))

    lines = printed(capsys, path).splitlines()
    assert lines[0].startswith(f"{add[1].name}: FAIL_ASSERT_EXCEPTION")
    assert lines[1].startswith("add_traced_")
    assert lines[1].endswith(": never run")
    assert lines[2:] == [f"exp: no sweep module (1 configuration never run; try pytest {path})", "3 gaps"]
    rows = json.loads(printed(capsys, path, "--json", "--model", "a.py", "--all-runs"))
    assert [(row["operation"], row["gap"]) for row in rows] == [
        ("add", "FAIL_ASSERT_EXCEPTION"),
        ("exp", "no sweep module"),
    ]


def test_a_master_that_was_tested_itself_has_no_gaps_but_those_that_it_shows(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    """No sweeps at all: what pytest ran from the master counts as run, with its status; what it left out doesn't."""
    path = pytester.path / registry.MASTER_LOCATION
    tensor = TensorSpec((32, 32), "BFLOAT16", "TILE", MemoryConfig("INTERLEAVED", "DRAM"), storage="DEVICE")
    relu, gelu = (TracedConfiguration(name, (tensor,)) for name in ("relu", "gelu"))
    refused = TracedConfiguration("exp", (tensor,), {"bogus": 1})
    left_out = TracedConfiguration("exp", (tensor, True))
    record(path, [relu, gelu, refused, left_out], TraceContext("a.py"))
    pytester.makeini("[pytest]")

    def test(*arguments: str) -> None:
        pytester.runpytest_subprocess("-q", str(path), "--sweep-device=emulated", *arguments)
        capsys.readouterr()

    test("-k", f"relu or {refused.id}")

    lines = printed(capsys, path).splitlines()
    assert lines[0] == f"gelu: no sweep module (1 configuration never run; try pytest {path})"
    assert lines[1].startswith(f"{refused.name}: FAIL_ASSERT_EXCEPTION (")
    assert lines[2:] == [f"exp: no sweep module (1 configuration never run; try pytest {path})", "3 gaps"]
    test("-k", "gelu")
    rows = json.loads(printed(capsys, path, "--json", "--all-runs"))
    assert [row["operation"] for row in rows] == ["exp", "exp"]
    # Whichever master it was run from: a configuration is its content.
    other = pytester.path / "other.json"
    record(other, [relu, gelu], TraceContext("a.py"))
    assert printed(capsys, other, "--all-runs", status=0) == "no gaps\n"
