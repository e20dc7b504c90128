"""The master that the project ships: where each of its configurations comes from, and what it says of that."""

from __future__ import annotations

import json
from types import SimpleNamespace

from pytest_ttnn_sweeps.traced import read_master
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration, merged_executions
from pytest_ttnn_sweeps.traced.describe import describe_operation
from pytest_ttnn_sweeps.traced.master import Master
from pytest_ttnn_sweeps.traced.references import former_hashes
from pytest_ttnn_sweeps.traced.selection import Selection


def test_what_is_called_verbatim_is(sample: SimpleNamespace) -> None:
    """Every configuration in that file is, byte for byte after normalising spaces, one of the public samples'."""
    recorded = {
        (operation, json.dumps(configuration))
        for path in sample.every
        for operation, entry in json.loads(path.read_text())["operations"].items()
        for configuration in entry["configurations"]
    }
    content = json.loads(sample.verbatim.read_text())

    held = [
        (operation, json.dumps(configuration))
        for operation, entry in content["operations"].items()
        for configuration in entry["configurations"]
    ]

    assert set(held) <= recorded
    assert len(held) == len(set(held)) == content["metadata"]["total_configurations"] == 96


def test_the_projects_master_holds_what_is_verbatim_unchanged_and_first(sample: SimpleNamespace) -> None:
    """96 configurations with all arguments, the unreadable ones with their text, where they were seen and the hashes of
    their era.
    """
    verbatim, master = read_master(sample.verbatim), read_master(sample.project)

    assert list(master.operations)[: len(verbatim.operations)] == list(verbatim.operations)
    for operation in verbatim.operations:
        old = verbatim.configurations(operation)
        new = master.configurations(operation)[: len(old)]
        assert [facts(configuration) for configuration in new] == [facts(configuration) for configuration in old]
        raw_hashes = {text for raw in verbatim.raw_configurations(operation) for text in former_hashes(raw)}
        assert {text for configuration in new for text in configuration.former_hashes} == raw_hashes
    assert master.metadata["models"][:4] == verbatim.metadata["models"]


def test_the_rest_of_the_projects_master_is_what_the_models_call_and_says_emulated(sample: SimpleNamespace) -> None:
    """The same 106 that a recording on the wheel has, in the same tests; nothing of them passes for silicon's."""
    verbatim, on_wheel = read_master(sample.verbatim), read_master(sample.directory / "models_traced_on_wheel.json")
    master = read_master(sample.project)
    known = {configuration.name for configuration in everything_in(verbatim)}
    emulated = [configuration for configuration in everything_in(master) if configuration.name not in known]

    assert (len(known), len(emulated), master.metadata["total_configurations"]) == (96, 106, 202)
    assert {(c.name, execution.source, execution.count) for c in emulated for execution in c.executions} == {
        (c.name, execution.source, execution.count) for c in everything_in(on_wheel) for execution in c.executions
    }
    for execution in (execution for configuration in emulated for execution in configuration.executions):
        assert execution.machine is not None
        assert execution.machine.provider == "emulated"
        assert str(execution.ttnn_version).endswith("+emulated")
    assert "machine: Wormhole n150 (emulated)" in describe_operation(master, "gelu")
    of_silicon = [c for c in everything_in(master) if not Selection(boards=["emulated"]).matches(c)]
    assert {configuration.name for configuration in of_silicon} == known


def everything_in(master: Master) -> list[TracedConfiguration]:
    return [configuration for operation in master.operations for configuration in master.configurations(operation)]


def facts(configuration: TracedConfiguration) -> tuple[str, str, object]:
    arguments = repr((configuration.positional, dict(configuration.keywords)))
    return configuration.name, arguments, set(merged_executions(configuration.executions))
