"""Record ``tests/data/captured_calls`` from a real ttnn: the same calls as each of its ways to capture them has them.

    TTNN_CONFIG_OVERRIDES='{"enable_fast_runtime_mode": false}' python tests/traced/wheel/record_calls.py DIRECTORY

``traced.json`` is what the tracer saw, ``report.json`` and ``report.python_io.json`` the captured graph, and
``operations/`` the files of ttnn's operation tracer, which is silent in the fast runtime mode. Of the graph only the
functions are kept, and of errors no backtraces: they have paths of the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch

from pytest_ttnn_sweeps.traced.tracer import trace_operations


def main(directory: Path) -> None:
    os.environ["TTNN_OPERATION_TRACE_DIR"] = str(directory / "operations")
    import ttnn

    device = ttnn.open_device(device_id=0)
    ttnn.operation_tracer.enable_tracing(True)
    with trace_operations() as trace:
        ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NORMAL)
        call_operations(ttnn, device)
        ttnn.graph.end_graph_capture_to_file(str(directory / "report.json"))
    text = json.dumps(trace.findings("calls").to_json(), indent=1)
    (directory / "traced.json").write_text(text + "\n", encoding="utf-8")
    ttnn.close_device(device)
    cut(directory)


def cut(directory: Path) -> None:
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    report["graph"] = [node for node in report["graph"] if node["node_type"] in ("function_start", "function_end")]
    for node in report["graph"]:
        node["connections"] = []
    records = json.loads((directory / "report.python_io.json").read_text(encoding="utf-8"))
    facts = ("name", "arguments", "input_tensor_ids", "output_tensor_ids")
    kept = [{name: record[name] for name in facts if name in record} for record in records]
    for record, entry in zip(records, kept):
        if "error" in record:
            message = record["error"]["message"].partition("\nbacktrace:")[0]
            entry["error"] = {**record["error"], "message": message}
    for name, data in (("report.json", report), ("report.python_io.json", kept)):
        (directory / name).write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def call_operations(ttnn: Any, device: Any) -> None:
    """Calls with every kind of argument, one that fails, one that calls another, and one on the host."""

    def tensor(*shape: int, **keywords: Any) -> Any:
        keywords = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "device": device, **keywords}
        return ttnn.from_torch(torch.ones(shape), **keywords)

    sharded = ttnn.create_sharded_memory_config(
        [1, 1, 128, 64], ttnn.CoreGrid(x=4, y=1), ttnn.ShardStrategy.HEIGHT, ttnn.ShardOrientation.ROW_MAJOR
    )
    ranges = ttnn.CoreRangeSet(
        [
            ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(7, 0)),
            ttnn.CoreRange(ttnn.CoreCoord(0, 1), ttnn.CoreCoord(2, 1)),
        ]
    )
    wide = ttnn.MemoryConfig(
        ttnn.TensorMemoryLayout.WIDTH_SHARDED,
        ttnn.BufferType.L1,
        ttnn.ShardSpec(ranges, [32, 32], ttnn.ShardOrientation.COL_MAJOR),
    )
    height = tensor(1, 1, 128, 64, dtype=ttnn.bfloat8_b, memory_config=sharded)
    weights = tensor(64, 96)
    gate = ttnn.sigmoid_accurate(height, memory_config=sharded)
    ttnn.silu(tensor(1, 1, 32, 352, memory_config=wide))
    states = ttnn.sharded_to_interleaved(gate, ttnn.DRAM_MEMORY_CONFIG)
    product = ttnn.matmul(
        states,
        weights,
        program_config=ttnn.MatmulMultiCoreReuseMultiCast1DProgramConfig(
            compute_with_storage_grid_size=(8, 1),
            in0_block_w=2,
            out_subblock_h=1,
            out_subblock_w=1,
            per_core_M=4,
            per_core_N=1,
            fuse_batch=True,
            fused_activation=ttnn.UnaryWithParam(ttnn.UnaryOpType.GELU, 1.0),
            mcast_in0=True,
        ),
        compute_kernel_config=ttnn.WormholeComputeKernelConfig(
            math_fidelity=ttnn.MathFidelity.HiFi2, fp32_dest_acc_en=True
        ),
        dtype=ttnn.bfloat16,
    )
    ttnn.linear(states, weights, bias=None, core_grid=ttnn.CoreGrid(x=8, y=4))
    product[:, :, :64]
    ttnn.permute(product, (0, 2, 1, 3))
    ttnn.reshape(product, [1, 1, 64, 192])
    ttnn.concat([product, product], dim=-1)
    ttnn.softmax(product, dim=-1)
    ttnn.layer_norm(product, epsilon=1e-5, program_config=ttnn.LayerNormDefaultProgramConfig())
    ttnn.add(product, product, activations=[ttnn.UnaryWithParam(ttnn.UnaryOpType.RELU)])
    ttnn.full([1, 1, 32, 32], 1.5, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    kernel = ttnn.from_torch(torch.ones(1, 1, 32, 32), dtype=ttnn.bfloat16)
    ttnn.pad(kernel, [(0, 0), (0, 0), (0, 32), (0, 0)], 0.0)
    with contextlib.suppress(RuntimeError):
        ttnn.reshape(product, [7, 7])
    ttnn.multiply_(product, 2.0)
    ttnn.deallocate(product)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
