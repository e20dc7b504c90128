"""Order, shape and pieces, with and without a sharding."""

from __future__ import annotations

from calls import BLOCK, HEIGHT, L1, MATRIX, WIDTH, Made, N, Sharded, T, call

_FOUR = T((2, 3, 4, 5), "float32")
for _dims in ((0, 2, 3, 1), (3, 2, 1, 0), (0, -1, 1, 2)):
    call("permute", _FOUR, _dims, golden=True)
    call("permute", T((2, 3, 32, 64), memory="L1"), _dims)
    call("permute", T((2, 3, 30, 60), layout="ROW_MAJOR"), _dims)
call("permute", _FOUR, (0, 1, 2))
call("permute", _FOUR, (0, 1, 2, 7))
call("permute", T(MATRIX, memory=HEIGHT), (0, 1, 3, 2))
call("permute", T((2, 2), on_host=True), (1, 0))
for _one, _other in ((1, 2), (-1, -2), (0, 3), (1, 1), (1, 5)):
    call("transpose", _FOUR, _one, _other, golden=_other != 5)
call("transpose", T(MATRIX, memory=WIDTH), 2, 3)
for _shape in ((6, 20), (2, -1), (120,), (5, 5), (-1, -1), (-1, 7), (1, 2, 3, 4, 5)):
    call("reshape", _FOUR, _shape, golden=_shape in ((6, 20), (120,)))
call("reshape", T((2, 3, 32, 64)), (6, 32, 64), memory_config=L1)
call("reshape", T((2, 3, 30, 60), layout="ROW_MAJOR"), (6, 1800))
call("reshape", T((2, 3, 32, 64), "bfloat8_b", memory="L1"), (6, 64, 32))
call("reshape", T((1, 1)), ())
call("reshape", T((0, 4)), (4, 0))
call("reshape", T((2, 4), on_host=True, layout="ROW_MAJOR"), (8,))
call("view", T((2, 3, 30, 60), layout="ROW_MAJOR"), (6, 30, 60))
call("view", T((2, 3, 30, 60)), (6, 60, 30))
call("squeeze", T((1, 3, 1, 5), "float32"), 0, golden=True)
call("squeeze", T((1, 3, 1, 5), "float32"), golden=True)
call("squeeze", T((1, 3, 1, 5)), 1)
call("squeeze", T((1, 3, 1, 5)), [0, 2])
call("squeeze", T((1, 3, 1, 5)), 9)
for _dim in (0, 1, -1, 9):
    call("unsqueeze", T((3, 5), "float32"), _dim, golden=_dim != 9)
call("unsqueeze_to_4D", T((3, 5)))
call("unsqueeze_to_4D", T((1, 1, 1, 3, 5)))
for _shape in ((2, 3, 4, 5), (2, 3, -1, -1), (4, 5)):
    call("expand", T((1, 3, 4, 5), "float32"), _shape, golden=_shape == (2, 3, 4, 5))
call("expand", T((1, 2, 4, 5)), (2, 3, 4, 5))
call("expand", T((4, 1)), (2, 4, 6))
for _dim in (0, 1, -1, 7):
    call("concat", [_FOUR, _FOUR], dim=_dim, golden=_dim != 7)
call("concat", [T((2, 30), memory="L1"), T((2, 30), memory="L1")])
call("concat", [T((2, 30), layout="ROW_MAJOR"), T((3, 30))], 0)
call("concat", [T((32, 32), layout="ROW_MAJOR"), T((32, 32))], 0)
call("concat", [T((32, 32)), T((32, 32), layout="ROW_MAJOR")], 0)
call("concat", [T((2, 30)), T((2, 30), "float32")], 0)
call("concat", [T((2, 30)), T((2, 31))], 0)
call("concat", [], 0)
call("stack", [T((3, 5), "float32"), T((3, 5), "float32")], dim=1, golden=True)
call("stack", [T((3, 5)), T((3, 6))], dim=0)
call("slice", _FOUR, (0, 1, 0, 2), (2, 3, 4, 5), golden=True)
call("slice", T((2, 3, 30, 60), layout="ROW_MAJOR"), (0, 0, 0, 0), (2, 3, 30, 60), (1, 1, 2, 2), golden=True)
call("slice", T((2, 3, 32, 64), memory="L1"), [0, 0, 0, -32], [2, 3, 32, 64])
call("slice", _FOUR, (0, 0, 0, 0), (2, 3, 4, 9), differs="skip")
call("slice", _FOUR, (0, 0, 0, 0), (2, 3, 4, 33))
call("slice", T((2, 40), layout="ROW_MAJOR"), (0, 0), (2, 41))
call("slice", _FOUR, (0, 0, 0, 4), (2, 3, 4, 2))
call("slice", _FOUR, (0, 0), (1, 1))
call("slice", T((4, 4), on_host=True), [0, 0], [2, 2])
call("split", _FOUR, 2, 3, golden=True)
call("split", T((2, 64)), [32, 32], dim=1)
call("split", T((2, 64)), 40, 1)
call("split", T((2, 64)), [32, 16], 1)
call("split", T((2, 64)), 0, 1)
call("chunk", _FOUR, 3, 3, golden=True)
for _times in ((1, 2, 1, 1), (2, 1, 1, 3), (2, 1)):
    call("repeat", _FOUR, _times, golden=len(_times) == 4)
call("repeat", T((32, 64)), (2, 1, 1, 1))
call("repeat_interleave", _FOUR, 2, 1, golden=True)
call("repeat_interleave", T((2, 3, 30, 60), layout="ROW_MAJOR"), repeats=3, dim=0)
call("roll", _FOUR, 1, 3, golden=True)
call("roll", _FOUR, [1, 2], [2, 3])
call("pad", T((1, 1, 3, 4), "float32", layout="ROW_MAJOR"), [(0, 0), (0, 0), (1, 2), (2, 2)], 1.5, golden=True)
call("pad", T((2, 3, 32, 64)), [(0, 0), (0, 1), (0, 32), (0, 0)], 0.0)
call("pad", T((2, 3, 30, 60)), padding=((0, 0), (0, 0), (0, 5), (0, 5)), value=2.0)
call("pad", T((2, 3, 32, 64)), [(0, 0), (0, 0), (32, 0), (0, 0)], 0.0)
call("pad", T((2, 3, 32, 64)), [(0, 32), (0, 0)], 0.0)
call("pad", T((2, 3, 30, 60), layout="ROW_MAJOR"), [2, 3, 32, 64], [0, 0, 0, 0], 0.0)
call("pad", T((2, 3, 30, 60), layout="ROW_MAJOR"), [2, 3, 20, 64], [0, 0, 0, 0], 0.0)
call("pad", T((32, 32)), [(0, 0), (0, 0), (0, 32)], 0.0)
call("pad", T((2, 3)), [(0, 0), (0, 32)])
call("pad", T((1, 1, 3, 4), layout="ROW_MAJOR", on_host=True), [1, 1, 32, 32], [0, 0, 0, 0], 0.0)
call("gather", T((2, 6), "float32"), 1, T((2, 6), "uint32", low=0, high=5), golden=True)
call("gather", T((2, 6)), 1, T((2, 6), "int32", low=0, high=5))
_INDICES, _TABLE = T((2, 6), "uint32", layout="ROW_MAJOR", low=0, high=9), T((10, 64), layout="ROW_MAJOR")
call("embedding", _INDICES, _TABLE, golden=True)
call("embedding", _INDICES, _TABLE, layout=N("TILE_LAYOUT"))
call("embedding", _INDICES, T((10, 64)))
call("embedding", _INDICES, _TABLE, layout=N("TILE_LAYOUT"), dtype=N("bfloat8_b"))
call("embedding", _INDICES, _TABLE, dtype=N("float32"))
call("embedding", T((2, 32), "uint32", layout="ROW_MAJOR", low=0, high=9), _TABLE, dtype=N("float32"))
call("embedding", _INDICES, _TABLE, memory_config=L1)
call("embedding", T((2, 6), "int32", layout="ROW_MAJOR"), _TABLE)
call("embedding", _INDICES, T((10, 64), "float32", layout="ROW_MAJOR"))
call("embedding", _INDICES, T((3, 10, 64), layout="ROW_MAJOR"))
for _from, _to in (
    ("float32", "bfloat16"),
    ("bfloat16", "bfloat8_b"),
    ("bfloat16", "int32"),
    ("int32", "float32"),
    ("uint32", "uint16"),
    ("bfloat16", "float32"),
):
    call("typecast", T((2, 32), _from, low=0, high=90), N(_to), golden=_to != "bfloat8_b")
call("typecast", T((2, 32)), N("bfloat16"), N("float32"))
call("typecast", T((2, 32)), N("float32"), N("bfloat16"))
call("typecast", T((2, 33), layout="ROW_MAJOR"), N("bfloat8_b"))
call("typecast", T((2, 32), on_host=True), N("float32"))
call("typecast", T((2, 32)), N("float32"), output_tensor=T((2, 32)))
call("bitcast", T((2, 8), "float32"), N("int32"), golden=True)


for _memory in (HEIGHT, BLOCK, WIDTH):
    _sharded = T(MATRIX, memory=_memory)
    call("permute", _sharded, (0, 2, 1, 3))
    call("transpose", _sharded, -1, -2)
    call("slice", _sharded, [0, 0, 0, 0], [1, 1, 32, 64])
    call("pad", _sharded, [(0, 0), (0, 0), (0, 0), (0, 32)], 0.0)
    call("reshape", _sharded, (1, 2, 32, 64))
    call("reshape", _sharded, (1, 1, 128, 32), differs="skip" if _memory is BLOCK else "")
    call("add", _sharded, T((2, 1, 64, 64)))
    call("glu", _sharded)
    call("sum", _sharded, -1, keepdim=True, differs="placement")
    call("mean", _sharded, -2, keepdim=True, differs="skip" if _memory is HEIGHT else "placement")
    call("layer_norm", _sharded)
    call("repeat", _sharded, (2, 1, 1, 1), differs="skip")
    call("concat", [_sharded, _sharded], 3)
for _scheme, _shard, _grid in (("HEIGHT", (32, 96), (2, 1)), ("WIDTH", (64, 32), (3, 1)), ("BLOCK", (32, 32), (3, 2))):
    call("transpose", T((1, 1, 64, 96), memory=Sharded(_scheme, _shard, _grid)), -1, -2)
_ROWS = Sharded("HEIGHT", (224, 224), (8, 8))
call("pad", T((1, 3, 224, 224), layout="ROW_MAJOR", memory=_ROWS), [(0, 0), (0, 13), (0, 0), (0, 0)], 0.0)
call("permute", T((1, 16, 224, 224), layout="ROW_MAJOR", memory=_ROWS), (0, 2, 3, 1))
call("transpose", T((1, 16, 224, 224), layout="ROW_MAJOR", memory=_ROWS), 1, -2, memory_config=_ROWS)
call("transpose", T((1, 224, 16, 224), layout="ROW_MAJOR", memory=_ROWS), -2, -1)
call("transpose", T((1, 224, 16, 224), layout="ROW_MAJOR", memory=_ROWS), -2, -1, memory_config=_ROWS)
call(
    "reshape", T((1, 224, 224, 16), layout="ROW_MAJOR", memory=Sharded("HEIGHT", (3136, 16), (8, 8))), (1, 1, 50176, 16)
)
call(
    "reshape",
    T((1, 1, 192, 32), "float32"),
    Made("Shape", ([1, 1, 27, 32],)),
    Made("Shape", ([1, 1, 192, 32],)),
)
call("reshape", T((1, 1, 1, 32)), Made("Shape", ([1, 1, 1, 32],)), Made("Shape", ([1, 1, 32, 32],)))
call("global_avg_pool2d", T((1, 1, 784, 144), layout="ROW_MAJOR", memory="L1"))
call("global_avg_pool2d", T((1, 1, 784, 32), "bfloat8_b", memory="L1"))
