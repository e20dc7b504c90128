"""The table of comparisons: two pytest runs each, the files they need, and the ratio that is aimed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from measuring import Run

from pytest_ttnn_sweeps.vectors.identity import NAME_DIGITS, VectorIds
from pytest_ttnn_sweeps.vectors.module import import_sweep
from pytest_ttnn_sweeps.vectors.suite import Suite

VALUES = {"shape": "[1, 1, 32, 32 * n]", "dtype": "f'dtype{n}'", "scale": "n / 10", "dim": "n", "seed": "n"}
"""Parameters and their values, from n = 0."""

SWEEP = """\
{imports}
AXES = {axes}
parameters = {{{suites}}}


def mesh_device_fixture():
    yield None, "no device"


def run(shape, dtype, scale, dim, seed, *, device):
    return {returned}
"""

PARAMETRIZED = """\
{imports}
import itertools
import pytest

AXES = {axes}
VECTORS = [dict(zip(AXES, values)) for values in itertools.product(*AXES.values())]


@pytest.mark.parametrize("vector", VECTORS, ids=[f"{{index:012x}}" for index in range(len(VECTORS))])
def test_run(vector):
    {body}
"""

PLAIN = ("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Without the other plugin that takes most of a second, on both sides."""


@dataclass(frozen=True)
class Case:
    """``ours`` against ``theirs``; ``prepare`` writes both below an empty directory."""

    what: str
    against: str
    prepare: Callable[[Path], tuple[Run, Run]]
    aims: dict[Literal["seconds", "mebibytes"], float]
    """What is compared, and the largest ratio of ours to theirs that is aimed at."""
    repetitions: int = 3
    only_full: bool = False


def _axes(count: int) -> str:
    """The source of a dict of ``count`` vectors: ten values for each parameter while they divide it, the rest last."""
    texts = []
    for name, value in VALUES.items():
        size = count if name == "seed" else 10 if count % 10 == 0 else 1
        count //= size
        texts.append(f"{name!r}: [{value} for n in range({size})]")
    return f"{{{', '.join(texts)}}}"


def _sweep(
    count: int, *, suites: tuple[str, ...] = ("nightly",), returned: str = "True, '1.0'", imports: str = ""
) -> str:
    declared = ", ".join(f"{suite!r}: AXES" for suite in suites)
    return SWEEP.format(axes=_axes(count), suites=declared, returned=returned, imports=imports)


def _ours(root: Path, sweeps: dict[str, str], *arguments: str, status: int = 0) -> Run:
    return _run(
        root,
        {f"sweeps/{name}": text for name, text in sweeps.items()},
        "--sweep-device=emulated",
        *arguments,
        status=status,
    )


def _run(root: Path, files: dict[str, str], *arguments: str, status: int = 0) -> Run:
    for name, text in {"pytest.ini": "[pytest]\n", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Run(root, (*PLAIN, *arguments), status)


def _same(
    count: int,
    directory: Path,
    *arguments: str,
    returned: str = "True, '1.0'",
    body: str = "pass",
    imports: str = "",
    status: int = 0,
) -> tuple[Run, Run]:
    """``count`` vectors of one module against as many parametrized tests."""
    sweep = _sweep(count, returned=returned, imports=imports)
    test = PARAMETRIZED.format(axes=_axes(count), body=body, imports=imports)
    return (
        _ours(directory / "sweep", {"bench.py": sweep}, "sweeps", *arguments, status=status),
        _run(directory / "test", {"test_bench.py": test}, "-p", "no:ttnn_sweeps", *arguments, status=status),
    )


def _collect(count: int) -> Callable[[Path], tuple[Run, Run]]:
    return lambda directory: _same(count, directory, "--collect-only")


def _one_by_node_id(directory: Path) -> tuple[Run, Run]:
    runs = []
    for count in (1_000_000, 1):
        root = directory / str(count)
        run = _ours(root, {"bench.py": _sweep(count)})
        path = root / "sweeps" / "bench.py"
        suite = import_sweep(path, root=path.parent, namespace=f"benchmark_{count}").suites["nightly"]
        assert isinstance(suite, Suite)
        name = VectorIds(suite, place=path.name).of(count // 2)[:NAME_DIGITS]
        runs.append(Run(root, (*run.arguments, f"sweeps/bench.py::nightly::{name}")))
    return runs[0], runs[1]


def _without_sweeps(directory: Path) -> tuple[Run, Run]:
    tests = "".join(f"def test_{number}(): pass\n" for number in range(2_000))
    run = _run(directory, {"test_plain.py": tests})
    return run, Run(directory, (*run.arguments, "-p", "no:ttnn_sweeps"))


def _keyword(directory: Path) -> tuple[Run, Run]:
    sweeps = {
        f"op{number}.py": _sweep(1_000, suites=("model_traced" if number % 10 == 0 else "nightly",))
        for number in range(300)
    }
    # The plan can't tell which vectors have such an id; none has: names are shorter.
    unjudged = f"model_traced or {'0' * 16}"
    judged, all_ = (_ours(directory, sweeps, "sweeps", "--collect-only", "-k", k) for k in ("model_traced", unjudged))
    return judged, all_


def _in_child(count: int, directory: Path) -> tuple[Run, Run]:
    """``count`` no-op vectors in a child process against the same in pytest's own."""
    run = _ours(directory, {"bench.py": _sweep(count)}, "sweeps")
    isolated, shared = (Run(directory, (*run.arguments, f"--sweep-isolation={mode}")) for mode in ("process", "none"))
    return isolated, shared


_METER = """\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_sweep_measure(call):
    yield
    call.add("number", call.number)
"""


def _measured(count: int, directory: Path) -> tuple[Run, Run]:
    """``count`` no-op vectors with a conftest's meter against the same without."""
    runs = []
    for name, files in (("with", {"conftest.py": _METER}), ("without", {})):
        sweeps = {"bench.py": _sweep(count)}
        run = _ours(directory / name, sweeps, "sweeps")
        for file, text in files.items():
            (directory / name / file).write_text(text)
        runs.append(run)
    return runs[0], runs[1]


def _timed(count: int, directory: Path) -> tuple[Run, Run]:
    """``count`` no-op vectors, each executed once more and timed, against the same untimed."""
    run = _ours(directory, {"bench.py": _sweep(count, returned="[(True, '1.0'), 1000]")}, "sweeps")
    return Run(directory, (*run.arguments, "--sweep-repeat=1")), run


CASES = (
    *(
        Case(
            f"collect {count:,} vectors of one module",
            "`@pytest.mark.parametrize`, the same vectors",
            _collect(count),
            # Below that, starting pytest is most of it on both sides.
            {"seconds": 1 / 3, "mebibytes": 0.62} if count >= 300_000 else {"seconds": 1.0, "mebibytes": 1.0},
            repetitions=3 if count <= 100_000 else 2,
            only_full=count > 300_000,
        )
        for count in (10_000, 100_000, 300_000, 1_000_000)
    ),
    Case("run one vector of 1,000,000 by its node id", "a module of one vector", _one_by_node_id, {"seconds": 1.5}, 7),
    Case("run 2,000 tests, no sweeps anywhere", "`-p no:ttnn_sweeps`", _without_sweeps, {"seconds": 1.05}, 9),
    Case(
        "`-k model_traced`: 30 of 300 modules of 1,000 vectors",
        "a `-k` that the plan can't judge",
        _keyword,
        {"seconds": 1 / 8, "mebibytes": 1 / 2},
        repetitions=1,
    ),
    Case("run 10,000 no-op vectors", "parametrized no-op tests", partial(_same, 10_000), {"seconds": 1.5}),
    Case(
        "run 10,000 no-op vectors in a child process",
        "the same in pytest's process",
        partial(_in_child, 10_000),
        {"seconds": 2.0},
    ),
    Case(
        "measure 10,000 no-op vectors by a conftest's hook", "without it", partial(_measured, 10_000), {"seconds": 1.3}
    ),
    Case("time 10,000 no-op vectors (`--sweep-repeat 1`)", "untimed", partial(_timed, 10_000), {"seconds": 2.0}),
    Case(
        "run 10,000 no-op vectors, torch and numpy loaded",
        "parametrized no-op tests, both loaded",
        partial(_same, 10_000, imports="import numpy, torch"),
        {"seconds": 1.5},
    ),
    Case(
        "report 5,000 failing vectors",
        "failing parametrized tests",
        partial(_same, 5_000, returned="False, 'pcc 0.5'", body="assert False, 'pcc 0.5'", status=1),
        {"seconds": 1.0},
        repetitions=2,
    ),
)
