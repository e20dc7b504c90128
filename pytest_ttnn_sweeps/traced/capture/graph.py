"""Captured graphs: the list of ``end_graph_capture``, and the reports that ``end_graph_capture_to_file`` writes.

In graphs of 2025 each ``function_start`` has its arguments as texts, and scopes inside of it are calls that the
operation makes. In those of ttnn 0.81.1 what the user calls has no arguments, and the ``python_io`` records beside the
graph have them; the graph then tells which of these were made inside of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pytest_ttnn_sweeps.traced.arguments import argument_from_text
from pytest_ttnn_sweeps.traced.capture import python_io
from pytest_ttnn_sweeps.traced.capture.calls import Call, Capture
from pytest_ttnn_sweeps.traced.capture.forms import normalised
from pytest_ttnn_sweeps.traced.configuration import Machine
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.values import Opaque, Value

_BOARD = re.compile(r"^ *-? *board_type: *(\w{1,40})$", re.MULTILINE)
_BOARD_TYPES = {"WORMHOLE_B0": "Wormhole", "BLACKHOLE": "Blackhole", "GRAYSKULL": "Grayskull"}


def of_report(report: Mapping[str, object], records: object, where: str) -> Capture:
    """The calls of a report; ``records`` are the ``python_io`` records beside it, if there are some."""
    nodes = report["graph"]
    assert isinstance(nodes, list)
    capture = capture_of(nodes, records if isinstance(records, list) else None, where)
    metadata = report.get("metadata")
    version = metadata.get("version") if isinstance(metadata, Mapping) else None
    return Capture(
        capture.calls,
        machine=_machine(report.get("devices"), report.get("cluster_descriptor")),
        ttnn_version=version if isinstance(version, str) else None,
        troubles=capture.troubles,
    )


def _machine(devices: object, cluster: object) -> Machine | None:
    """A mesh is listed beside its chips, so how many there are isn't told."""
    found = [device for device in devices if isinstance(device, Mapping)] if isinstance(devices, list) else []
    arch = found[0].get("arch") if found else None
    board = _BOARD.search(cluster) if isinstance(cluster, str) else None
    if not isinstance(arch, str):
        return None
    return Machine(_BOARD_TYPES.get(arch, arch), (board[1],) if board else ())


def capture_of(nodes: Sequence[object], records: Sequence[object] | None, where: str) -> Capture:
    """The calls of a graph, from ``records`` where there are some."""
    scopes = list(_scopes(nodes))
    if records is not None:
        return python_io.capture_of(records, where, _depths(scopes, python_io.names_of(records)))
    calls: list[Call] = []
    nameless = 0
    for name, texts, depth in scopes:
        if texts:
            calls.append(Call.of(name, map(_value, texts), {}, depth))
        elif depth == 0:
            nameless += 1
    troubles = (
        f"{where}: {nameless} calls stand in the graph without arguments, which ttnn writes to *.python_io.json "
        "beside a report: ttnn.graph.end_graph_capture_to_file",
    )
    return Capture(tuple(calls), troubles=troubles if nameless else ())


def _scopes(nodes: Sequence[object]) -> Iterator[tuple[str, list[str], int]]:
    """Name, texts of arguments and depth of every function, in order of their beginnings."""
    depth = 0
    for node in nodes:
        if not isinstance(node, Mapping):
            continue
        kind = node.get("node_type")
        if kind == "function_end":
            depth = max(depth - 1, 0)
        elif kind == "function_start":
            params, arguments = node.get("params"), node.get("arguments")
            name = params.get("name") if isinstance(params, Mapping) else None
            texts = [text for text in arguments if isinstance(text, str)] if isinstance(arguments, list) else []
            yield name if isinstance(name, str) else "", texts, depth
            depth += 1


def _depths(scopes: Sequence[tuple[str, list[str], int]], names: Sequence[str]) -> list[int] | None:
    """Depths of the calls with ``names``; None where the graph has others, or in another order."""
    python = [(canonical_operation(name), depth) for name, _, depth in scopes if name.startswith("ttnn.")]
    if [name for name, _ in python] == list(names):
        return [depth for _, depth in python]
    # The slow runtime mode doesn't record what is called inside.
    return [0] * len(names) if [name for name, depth in python if not depth] == list(names) else None


def _value(text: str) -> Value:
    value = normalised(argument_from_text(text))
    return Opaque(text, "ttnn printed no value for it") if text in ("<optional>", "<variant>") else value
