"""Run by ``test_golden_values.py`` in a process of its own: prints what it finds on the mock device, as JSON.

Of close cases that is the correlation with torch's own result, of exact ones whether every bit agrees.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import ttnn

from pytest_ttnn_sweeps.devices.mock.absence import NoGoldenValue
from pytest_ttnn_sweeps.devices.mock.following import install, uninstall

torch.manual_seed(0)
TILE, ROWS = ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT
SIZES = {"in_channels": 32, "out_channels": 32, "batch_size": 1, "input_height": 8, "input_width": 8, "groups": 1}
WINDOW = {"kernel_size": (3, 3), "stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}
device: Any = None


def put(values: torch.Tensor, dtype: Any = ttnn.bfloat16, **options: Any) -> Any:
    return ttnn.from_torch(values, **{"dtype": dtype, "layout": TILE, "device": device, **options})


def correlation(tensor: Any, expected: torch.Tensor) -> float:
    actual = (tensor if isinstance(tensor, torch.Tensor) else ttnn.to_torch(tensor)).double()
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    return float(torch.corrcoef(torch.stack([actual.flatten(), expected.double().flatten()]))[0, 1])


def raised(call: Callable[[], Any]) -> str:
    try:
        call()
    except (NoGoldenValue, RuntimeError) as error:
        return f"{type(error).__name__}: {error}"
    return "nothing raised"


def sharded(shape: list[int], rows: int) -> Any:
    cores = ttnn.CoreRangeSet({ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(0, rows - 1))})
    spec = ttnn.ShardSpec(cores, shape, ttnn.ShardOrientation.ROW_MAJOR)
    return ttnn.MemoryConfig(ttnn.TensorMemoryLayout.HEIGHT_SHARDED, ttnn.BufferType.L1, spec)


def close_cases() -> dict[str, float]:
    a, b = torch.randn(64, 64), torch.randn(64, 64)
    x, y = put(a), put(b)
    in_place, output = put(a), put(torch.zeros(64, 64))
    ttnn.add_(in_place, 1.0)
    ttnn.add(x, y, output_tensor=output)
    image, weights = torch.randn(1, 8, 8, 32), torch.randn(32, 32, 3, 3)
    rows = put(image.reshape(1, 1, 64, 32), layout=ROWS)
    convolve = {"input_tensor": rows, "device": device, **SIZES, **WINDOW}
    convolved = torch.nn.functional.conv2d(image.permute(0, 3, 1, 2), weights, padding=1)
    convolved = convolved.permute(0, 2, 3, 1).reshape(1, 1, 64, 32)
    host_weights = ttnn.from_torch(weights, dtype=ttnn.bfloat16)
    prepared = prepare_weights(host_weights)
    pooled = ttnn.max_pool2d(
        rows, batch_size=1, input_h=8, input_w=8, channels=32, kernel_size=[2, 2], stride=[2, 2], padding=[0, 0],
        dilation=[1, 1],
    )  # fmt: skip
    expected_pool = torch.nn.functional.max_pool2d(image.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
    number = ttnn.complex_tensor(x, y)
    stored = b.bfloat16().float()
    # No number of bfloat16 is a bound: there torch's releases differ.
    inside = (stored > -1.001) & (stored < 0.501)
    part = put(torch.randn(1, 1, 30, 64))
    return {
        "add": correlation(ttnn.add(x, y), a + b),
        "operator": correlation(2.0 - x * y, 2 - a * b),
        "matmul of other dtypes": correlation(ttnn.matmul(put(a, ttnn.bfloat8_b), put(b, ttnn.float32)), a @ b),
        "softmax": correlation(ttnn.softmax(x, dim=-1), a.softmax(-1)),
        "mean": correlation(ttnn.mean(x, dim=-1), a.mean(-1)),
        "relu of bfloat8_b": correlation(ttnn.relu(put(a, ttnn.bfloat8_b)), a.relu()),
        "gradient": correlation(ttnn.mul_bw(x, y, y)[0], a * b),
        "pool": correlation(pooled, expected_pool.reshape(1, 1, 16, 32)),
        "convolution": correlation(ttnn.conv2d(weight_tensor=host_weights, **convolve), convolved),
        "prepared weights": correlation(ttnn.conv2d(weight_tensor=prepared, **convolve), convolved),
        "in place": correlation(in_place, a + 1),
        "output tensor": correlation(output, a + b),
        "list of tensors": correlation(ttnn.concat([x, y], dim=1), torch.cat([a, b], 1)),
        "split": correlation(ttnn.split(x, 32, dim=1)[1], a[:, 32:]),
        "slice": correlation(x[:32, :], a[:32]),
        "keyword": correlation(
            ttnn.where(predicate=ttnn.gtz(x), true_value=y, false_value=x), torch.where(a > 0, b, a)
        ),
        "complex": correlation(ttnn.imag(number), b),
        "reshape": correlation(ttnn.reshape(x, (32, 128), pad_value=0.0), a.reshape(32, 128)),
        "reshape into its padding": correlation(
            ttnn.reshape(part, ttnn.Shape([1, 1, 20, 64]), ttnn.Shape([1, 1, 32, 64])), ttnn.to_torch(part)[:, :, :20]
        ),
        "other name": correlation(ttnn.rpow(y, exponent=3.0), 3.0**b),
        "other names": correlation(ttnn.clamp_bw(x, y, max=0.501, min=-1.001)[0], a * inside),
        "other name of a factor": correlation(ttnn.addcmul_bw(x, x, y, y, alpha=3.0)[1], 3 * a * b),
        "scalar first": correlation(ttnn.rsub(x, 3.0), 3 - a),
        "second of several": correlation(ttnn.topk(x, 32)[0], a.topk(32).values),
    }


def prepare_weights(weights: Any) -> Any:
    return ttnn.prepare_conv_weights(
        weight_tensor=weights,
        weights_format="OIHW",
        input_memory_config=ttnn.DRAM_MEMORY_CONFIG,
        input_layout=ROWS,
        has_bias=False,
        input_dtype=ttnn.bfloat16,
        device=device,
        **SIZES,
        **WINDOW,
    )


def exact_cases() -> dict[str, bool]:
    a = torch.randn(64, 64).bfloat16()
    x = put(a)

    def same(tensor: Any, expected: torch.Tensor = a) -> bool:
        return ttnn.to_torch(tensor).equal(expected)

    whole, moved = sharded([32, 64], 2), put(a)
    viewed = ttnn.reshape(moved, (1, 64, 64))
    ttnn.multiply_(moved, 2.0)
    counted = torch.randint(-5, 5, (64, 64), dtype=torch.int32)
    cache, token = torch.zeros(1, 1, 64, 64).bfloat16(), torch.ones(1, 1, 32, 64).bfloat16()
    on_device = put(cache)
    ttnn.fill_cache(on_device, put(token), 0)
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        stored = {"dtype": ttnn.bfloat16, "layout": TILE, "device": device, "memory_config": ttnn.DRAM_MEMORY_CONFIG}
        for _ in range(2):
            cached = ttnn.as_tensor(a, cache_file_name=place / "cache", **stored)
        ttnn.dump_tensor(place / "dumped.tensorbin", x)
        dumped = ttnn.load_tensor(place / "dumped.tensorbin", device=device)
        return {
            "layouts": same(ttnn.to_layout(ttnn.to_layout(x, ROWS), TILE)),
            "memory": same(ttnn.to_memory_config(x, ttnn.L1_MEMORY_CONFIG)),
            "sharded": same(put(a, memory_config=whole)),
            "resharded": same(ttnn.to_memory_config(ttnn.to_memory_config(x, whole), ttnn.DRAM_MEMORY_CONFIG)),
            "to and from the host": same(ttnn.to_device(ttnn.from_device(x), device)),
            "method to": same(x.cpu().to(device)),
            "clone": same(ttnn.clone(x)),
            "reallocated": same(ttnn.reallocate(put(a))),
            "typecast": same(ttnn.typecast(x, ttnn.float32), a.float()),
            "integers": same(put(counted, ttnn.int32), counted),
            "integers cast": same(
                put(torch.full((64, 64), 70_000), ttnn.uint32), torch.full((64, 64), 70_000).to(torch.uint32)
            ),
            "view": same(ttnn.unsqueeze_to_4D(x), a.reshape(1, 1, 64, 64)),
            "view changed in place": same(viewed, 2 * a.reshape(1, 64, 64)),
            "full": same(ttnn.full([32, 32], 3.5, device=device, layout=TILE), torch.full((32, 32), 3.5).bfloat16()),
            "arange": same(ttnn.arange(0, 32, 1, device=device), torch.arange(32).bfloat16()),
            "zeros like": same(ttnn.zeros_like(x), torch.zeros_like(a)),
            "as tensor": same(ttnn.as_tensor(a, **stored)),
            "cached tensor": same(cached),
            "list": x.to_list() == a.tolist(),
            "item": put(torch.full((1, 1), 2.5)).item() == 2.5,
            "numpy": np.array_equal(np.asarray(put(a, ttnn.float32).to_numpy()), a.float().numpy()),
            "dumped": same(dumped),
            "no elements": same(put(torch.zeros(0, 64)), torch.zeros(0, 64).bfloat16()),
            "updated cache": same(on_device, torch.cat([token, cache[:, :, 32:]], 2)),
            "uint16": same(put(torch.full((32, 32), 7), ttnn.uint16), torch.full((32, 32), 7).to(torch.uint16)),
        }


def missing_cases() -> dict[str, str]:
    x, freed = put(torch.randn(64, 64)), put(torch.randn(64, 64))
    ttnn.deallocate(freed)
    dropped = ttnn.experimental.dropout(x, probability=0.5, scale=2.0, seed=1)
    weights = ttnn.from_torch(torch.randn(32, 32, 3, 3), dtype=ttnn.bfloat16)
    host = ttnn.from_torch(torch.ones(64, 64), dtype=ttnn.bfloat16, layout=TILE)

    def with_golden(operation: Any, golden: Callable[..., Any], call: Callable[[], Any]) -> str:
        own, operation.golden_function = operation.golden_function, golden
        try:
            return raised(lambda: ttnn.to_torch(call()))
        finally:
            operation.golden_function = own

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise ValueError("not today")

    return {
        "no golden function": raised(lambda: ttnn.to_torch(dropped)),
        "after it": raised(lambda: ttnn.to_torch(ttnn.add(ttnn.relu(dropped), x))),
        "unset": raised(lambda: ttnn.to_torch(ttnn.empty([32, 32], device=device))),
        "raises": with_golden(ttnn.add, refuse, lambda: ttnn.add(x, x)),
        "other shape": with_golden(ttnn.add, lambda *args, **kwargs: torch.zeros(3), lambda: ttnn.add(x, x)),
        "other order": with_golden(
            ttnn.add, lambda *args, **kwargs: torch.zeros(3, 2, 64), lambda: ttnn.add(put(torch.ones(2, 3, 64)), 1.0)
        ),
        "fewer outputs": with_golden(
            ttnn.topk, lambda *args, **kwargs: [torch.zeros(64, 32)], lambda: ttnn.topk(x, 32)[1]
        ),
        "weights read": raised(lambda: ttnn.to_torch(prepare_weights(weights))),
        "constructed": raised(lambda: ttnn.to_torch(ttnn.Tensor(torch.ones(32, 32), ttnn.bfloat16, device, TILE))),
        "copied to the host": raised(lambda: ttnn.copy_device_to_host_tensor(x, host)),
        "unread": "allocated" if ttnn.relu(dropped).is_allocated() else "not allocated",
        "refused": raised(lambda: ttnn.matmul(x, put(torch.randn(32, 32)))),
        "freed": raised(lambda: ttnn.add(freed, x)),
        "out of memory": raised(lambda: ttnn.zeros([8192, 65536], device=device, memory_config=ttnn.L1_MEMORY_CONFIG)),
    }


def memory_cases(values: Any) -> dict[str, Any]:
    def allocated() -> int:
        return ttnn.get_memory_view(device, ttnn.BufferType.DRAM).total_bytes_allocated_per_bank

    before = allocated()
    for n in range(1000):
        x = put(torch.ones(32, 32 * (1 + n % 7)))
        ttnn.add(x, x)
        del x
    x = put(torch.ones(32, 32))
    address = x.buffer_address()
    del x
    with values.unfollowed():
        other = put(torch.ones(32, 32))
    found = {
        "same address": other.buffer_address() == address,
        "former tensor": raised(lambda: ttnn.to_torch(other)),
        "entries": len(values.shadows),
        "bytes": values.shadows.size,
    }
    other.deallocate()
    return {**found, "allocated before": before, "allocated": allocated()}


def mesh_cases() -> dict[str, Any]:
    a = torch.randn(2, 1, 64, 64).bfloat16()
    x = put(a, mesh_mapper=ttnn.ShardTensorToMesh(device, dim=0))
    one = put(a[:1], mesh_mapper=ttnn.ReplicateTensorToMesh(device))

    def whole(tensor: Any) -> torch.Tensor:
        return torch.Tensor(ttnn.to_torch(tensor, mesh_composer=ttnn.ConcatMeshToTensor(device, dim=0)))

    return {
        "shards": whole(x).equal(a),
        "replicated": whole(one).equal(torch.cat([a[:1], a[:1]])),
        "parts": all(ttnn.to_torch(p).equal(q) for p, q in zip(ttnn.get_device_tensors(x), a.split(1))),
        "sharded and replicated": whole(ttnn.maximum(x, one)).equal(torch.maximum(a, a[:1])),
        "host and back": whole(ttnn.to_device(x.cpu(), device)).equal(a),
        "no composer": raised(lambda: ttnn.to_torch(x)),
    }


def main() -> None:
    global device
    values = install(ttnn)
    if sys.argv[1] == "n300":
        device = ttnn.open_mesh_device(ttnn.MeshShape(1, 2))
        found = mesh_cases()
    else:
        device = ttnn.open_device(device_id=0, l1_small_size=24576)
        found = {**close_cases(), **exact_cases(), **missing_cases(), **memory_cases(values)}
        x = put(torch.ones(32, 32))
        uninstall()
        found["uninstalled"] = float(ttnn.to_torch(x).sum())
    ttnn.close_mesh_device(device)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
