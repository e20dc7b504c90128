"""A master as tests: what pytest collects from it, what runs, and what is told of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

from pytest_ttnn_sweeps.traced import read_master

EMULATED = ("--sweep-device", "emulated")


def tensor(shape: list[int], dtype: str = "BFLOAT16", layout: str = "TILE") -> dict[str, object]:
    return {
        "type": "ttnn.Tensor",
        "original_shape": shape,
        "original_dtype": f"DataType.{dtype}",
        "layout": f"Layout.{layout}",
        "storage_type": "StorageType.DEVICE",
        "memory_config": {"memory_layout": "TensorMemoryLayout.INTERLEAVED", "buffer_type": "BufferType.DRAM"},
    }


def call(*positional: object, **keywords: object) -> dict[str, object]:
    return {"arguments": {**{f"arg{at}": value for at, value in enumerate(positional)}, **keywords}}


SMALL: dict[str, list[object]] = {
    "ttnn.add": [
        call(tensor([32, 32]), tensor([32, 32])),
        call(tensor([32, 64], "FLOAT32"), 2.0, memory_config=None),
    ],
    "ttnn.matmul": [call(tensor([32, 64]), tensor([64, 32]))],
    "ttnn.transformer.concatenate_heads": [call(tensor([1, 2, 32, 64]))],
}


@pytest.fixture
def master(tree: SweepTree) -> Path:
    return write(tree, SMALL)


def write(tree: SweepTree, operations: dict[str, list[Any]], name: str = "traced_operations/master.json") -> Path:
    path = tree.pytester.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"operations": {name: {"configurations": calls} for name, calls in operations.items()}}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def write_unparsable(tree: SweepTree, operation: str) -> None:
    """A master that opens, because the scan lets lone surrogates pass, and whose ``operation`` the parser refuses."""
    path = write(tree, SMALL)
    start = f'"{operation}": {{"configurations": ['
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(start, rf'{start}"\ud800", '), encoding="utf-8")


def named(path: Path, operation: str) -> list[str]:
    return [configuration.id for configuration in read_master(path).configurations(operation)]


def test_every_configuration_is_an_item_named_as_the_configuration(tree: SweepTree, master: Path) -> None:
    ids = tree.ids("traced_operations/master.json", *EMULATED)

    assert ids == [
        *(f"traced_operations/master.json::add::{name}" for name in named(master, "add")),
        *(f"traced_operations/master.json::matmul::{name}" for name in named(master, "matmul")),
        f"traced_operations/master.json::transformer_concatenate_heads::"
        f"{named(master, 'transformer.concatenate_heads')[0]}",
    ]


def test_items_run_and_are_recorded_with_the_module_name_of_masters(tree: SweepTree, master: Path) -> None:
    result = tree.run("traced_operations/master.json", *EMULATED, "-k", "add or matmul", "-rs")

    result.assert_outcomes(passed=3)
    [journal] = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    records = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    records = [record for record in records if "vector_id" in record]
    assert {(record["module"], record["suite"]) for record in records} == {("traced", "add"), ("traced", "matmul")}
    hashes = {
        configuration.content_hash[:32]
        for operation in ("add", "matmul")
        for configuration in read_master(master).configurations(operation)
    }
    assert {record["vector_id"] for record in records} == hashes


@pytest.mark.parametrize(
    ("arguments", "operations"),
    [
        (["-k", "matmul"], ["matmul"]),
        (["-m", "add"], ["add", "add"]),
        (["--sweep-suite", "transformer.*"], ["transformer_concatenate_heads"]),
        (["--sweep-module", "traced", "--sweep-where", "input_a_dtype=float32"], ["add"]),
        (["--sweep-sample", "1"], ["add", "matmul", "transformer_concatenate_heads"]),
    ],
)
def test_the_selecting_options_select(
    tree: SweepTree, master: Path, arguments: list[str], operations: list[str]
) -> None:
    ids = tree.ids("traced_operations/master.json", *EMULATED, *arguments)

    assert [node.split("::")[1] for node in ids] == operations


def test_a_node_id_and_a_traced_name_select_one(tree: SweepTree, master: Path) -> None:
    second = named(master, "add")[1]
    node = f"traced_operations/master.json::add::{second}"

    assert tree.ids(node, *EMULATED) == [node]
    assert tree.ids("traced_operations/master.json", *EMULATED, "--sweep-vector", f"add_traced_{second}") == [node]
    assert tree.ids("traced_operations/master.json", *EMULATED, "--sweep-vector", second[:5]) == [node]


def test_only_the_operations_that_can_be_selected_are_parsed(tree: SweepTree) -> None:
    write_unparsable(tree, "ttnn.matmul")

    assert len(tree.ids("traced_operations/master.json", *EMULATED, "-k", "add")) == 2


def test_last_failed_runs_the_one_that_failed(tree: SweepTree) -> None:
    path = write(
        tree, {"ttnn.matmul": [call(tensor([32, 64]), tensor([64, 32])), call(tensor([32, 64]), tensor([32, 32]))]}
    )
    bad = named(path, "matmul")[1]

    tree.run("traced_operations/master.json", *EMULATED).assert_outcomes(passed=1, failed=1)

    assert tree.ids("traced_operations/master.json", *EMULATED, "--lf") == [
        f"traced_operations/master.json::matmul::{bad}"
    ]


def test_workers_share_a_master(tree: SweepTree, master: Path) -> None:
    result = tree.run_apart("traced_operations/master.json", *EMULATED, "-n", "2", "--sweep-dist", "shard", "-k", "add")

    result.assert_outcomes(passed=2)


def test_a_child_process_runs_them(tree: SweepTree, master: Path) -> None:
    result = tree.run_apart("traced_operations/master.json", *EMULATED, "--sweep-isolation", "process", "-k", "add")

    result.assert_outcomes(passed=2)


def test_what_cannot_be_tested_is_skipped_with_its_reason(tree: SweepTree) -> None:
    write(
        tree,
        {
            "ttnn.deallocate": [call(tensor([32, 32]))],
            "ttnn.no_such_operation": [call(tensor([32, 32]))],
            "ttnn.relu": [call(tensor([32, 32], "FLOAT7")), call(tensor([32, 32]), memory_config={"type": "Strange"})],
        },
    )

    result = tree.run("traced_operations/master.json", *EMULATED, "-rs")

    result.assert_outcomes(skipped=4)
    result.stdout.fnmatch_lines_random(
        [
            "*ttnn.deallocate frees its input, and gives nothing that could be compared: it isn't run alone",
            "*this ttnn has no operation 'ttnn.no_such_operation'",
            "*this ttnn has no DataType.FLOAT7",
            "*argument 'memory_config': an object Strange * can't be rebuilt",
        ]
    )


def test_names_in_a_master_reach_nothing_but_operations(tree: SweepTree) -> None:
    write(
        tree,
        {
            "ttnn.os.mkdir": [call("made")],
            "ttnn.torch.save": [call(1, "made")],
            "ttnn.close_device": [call(tensor([32, 32]))],
            "ttnn.relu.__init__": [call("made")],
            "ttnn.dump_tensor": [call("made", tensor([32, 32]))],
        },
    )

    tree.run("traced_operations/master.json", *EMULATED).assert_outcomes(skipped=5)

    assert not (tree.pytester.path / "made").exists()


def test_names_in_a_master_move_no_cursor(tree: SweepTree) -> None:
    """In the table of suites as in node ids, which have no such characters."""
    path = write(tree, {"ttnn.red\x1b[31m\x1b[2J": [call(tensor([32, 32]))]})

    result = tree.run(*EMULATED, str(path))

    result.assert_outcomes(skipped=1)
    assert "\x1b" not in result.stdout.str()
    result.stdout.fnmatch_lines([r"traced::red\x1b[[]2J *"])


def test_a_wrong_result_fails_and_shows_the_call(tree: SweepTree, master: Path) -> None:
    # The golden function, as if ttnn were wrong.
    tree.pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def wrong(monkeypatch):
            import ttnn
            monkeypatch.setattr(ttnn, "get_golden_function", lambda operation: lambda a, b, **more: 1.5 * (a @ b))
        """
    )

    result = tree.run("traced_operations/master.json", *EMULATED, "-k", "matmul")

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*input_a_shape = [[]32, 64[]]", "*relative RMS error 0.33* is above 0.05*"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"operations": {"ttnn.add": {"configurations": [', "*master.json: the master is not valid JSON: *"),
        ("", "*master.json: the master is not valid JSON: *"),
        ('{"operations": {"ttnn.add": 3}}', "*operation 'ttnn.add' has no list of 'configurations'*"),
        ('{"schema_version": 99, "operations": {}}', "*schema_version 99, this package knows up to 3; update *"),
        ('{"operations": ' + "[" * 100_000, "*nested too deeply*"),
    ],
)
def test_a_broken_master_is_one_collection_error(tree: SweepTree, text: str, complaint: str) -> None:
    path = tree.pytester.path / "master.json"
    path.write_text(text, encoding="utf-8")

    result = tree.run("master.json", *EMULATED)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([complaint])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_operation_that_cannot_be_parsed_is_an_error_of_its_own(tree: SweepTree) -> None:
    write_unparsable(tree, "ttnn.matmul")

    result = tree.run("traced_operations/master.json", *EMULATED)

    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*operation 'ttnn.matmul', which begins at byte *"])


def test_other_json_files_are_left_alone(tree: SweepTree, master: Path) -> None:
    other = tree.pytester.path / "traced_operations" / "data.json"
    other.write_text('{"a": 1}', encoding="utf-8")
    tree.pytester.makepyfile(test_it="def test_it(): pass")

    assert tree.ids("traced_operations", ".") == ["test_it.py::test_it"]
    assert tree.run("traced_operations/data.json").ret == pytest.ExitCode.USAGE_ERROR


def test_the_master_of_the_setting_is_collected_where_its_directory_is(tree: SweepTree, master: Path) -> None:
    ids = tree.ids("traced_operations", *EMULATED, "--sweep-master=traced_operations/master.json", "-k", "matmul")

    assert [node.split("::")[1] for node in ids] == ["matmul"]


def test_a_session_that_names_no_master_imports_nothing_of_theirs(tree: SweepTree, master: Path) -> None:
    tree.pytester.makepyfile(
        test_it="""
        import sys

        def test_it():
            assert not [name for name in sys.modules if name.endswith((".masters", ".traced.master", ".running"))]
        """
    )

    tree.run_apart().assert_outcomes(passed=1)


def test_a_sweep_module_of_a_plain_operation_is_two_lines(tree: SweepTree, master: Path) -> None:
    tree.write(
        "add",
        """
        from pytest_ttnn_sweeps.traced import traced_parameters, traced_run

        parameters = {"model_traced": traced_parameters("add")}
        run = traced_run("add")
        """,
        device=True,
    )

    result = tree.run("sweeps", *EMULATED, "--sweep-master=traced_operations/master.json", "-v")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["sweeps/add.py::model_traced::* PASSED*"])


def test_a_master_with_convolutions_opens_the_device_with_their_region(tree: SweepTree) -> None:
    pool = {"batch_size": 1, "input_h": 8, "input_w": 8, "channels": 32, "kernel_size": [2, 2]}
    more = {"stride": [2, 2], "padding": [0, 0], "dilation": [1, 1]}
    write(tree, {"ttnn.max_pool2d": [call(tensor([1, 1, 64, 32], layout="ROW_MAJOR"), **pool, **more)]}, "pools.json")
    write(tree, SMALL, "plain.json")
    tree.pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(autouse=True, scope="session")
        def opened(request):
            import ttnn
            original, sizes = ttnn.open_device, []
            ttnn.open_device = lambda **options: sizes.append(options.get("l1_small_size")) or original(**options)
            yield
            ttnn.open_device = original
            print("opened with", sizes)
        """
    )

    result = tree.run("pools.json", "plain.json", *EMULATED, "-s", "-k", "max_pool2d or matmul")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*opened with [[]65536, None[]]"])
