"""What holds for every module of the project's own sweeps, and for the tree as a whole; nothing is run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.devices import provider
from pytest_ttnn_sweeps.traced import canonical_operation, read_master
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, import_sweep
from pytest_ttnn_sweeps.vectors.source import read_source
from pytest_ttnn_sweeps.vectors.suite import Suite

PROJECT = Path(__file__).parents[2]
ROOT = PROJECT / "sweeps"
MASTER = PROJECT / "traced_operations" / "ttnn_operations_master.json"
MODULES = sorted(ROOT.rglob("*.py"))

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())


@pytest.fixture(scope="module")
def definitions() -> Iterator[dict[Path, SweepDefinition]]:
    """Every module, imported with the emulation."""
    finder = provider.provide(provider.choose("emulated"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield {path: import_sweep(path, root=ROOT, namespace="sweeps") for path in MODULES}
    provider.withdraw(finder)


def suites(definition: SweepDefinition) -> dict[str, Suite]:
    return {name: suite for name, suite in definition.suites.items() if isinstance(suite, Suite)}


def calls(path: Path) -> Iterator[tuple[str, list[ast.expr]]]:
    """The name and the arguments of every call in a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield name, node.args


def traced_operation(path: Path) -> str | None:
    """The operation whose traced configurations a module asks for."""
    for name, arguments in calls(path):
        if name in ("traced_parameters", "get_suite_parameters"):
            assert isinstance(arguments[0], ast.Constant)
            return str(arguments[0].value)
    return None


def test_there_are_modules() -> None:
    """The tree is where these tests look for it."""
    assert len(MODULES) > 40


@each_module
def test_file_is_a_sweep_module(path: Path) -> None:
    """Every file binds parameters and run, and what its suites are is known without importing it."""
    source = read_source(path)

    assert source is not None
    assert source.suites_are_complete


@each_module
def test_path_names_category_and_operation(path: Path) -> None:
    """A path is category/operation.py or category/family/operation.py, in lower-case identifiers."""
    parts = path.relative_to(ROOT).with_suffix("").parts

    assert len(parts) in (2, 3)
    assert all(part.isidentifier() and part == part.lower() for part in parts)


@each_module
def test_docstring_begins_with_the_operation(path: Path) -> None:
    """The docstring is one line that begins with the operation's full name, whose last part names the file."""
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""
    operation = docstring.split()[0].rstrip(":;")

    assert "\n" not in docstring
    assert docstring.endswith(".")
    assert operation.startswith("ttnn.")
    assert operation.rpartition(".")[2] == path.stem


@each_module
def test_nothing_seeds(path: Path) -> None:
    """Modules leave the seeds of random generators to the plugin."""
    assert not {name for name, _ in calls(path)} & {"seed", "manual_seed", "default_rng", "Generator"}


def test_operations_are_covered_once() -> None:
    """No two modules sweep the same operation."""
    stems = [path.stem for path in MODULES]

    assert len(stems) == len(set(stems))


@each_module
def test_suites_are_well_formed(path: Path, definitions: dict[Path, SweepDefinition]) -> None:
    """Every suite can be read, and run() takes its parameters."""
    definition = definitions[path]

    assert suites(definition) == definition.suites
    for suite in suites(definition).values():
        definition.check_parameters(suite)


@each_module
def test_nightly_suite_has_a_sensible_size(path: Path, definitions: dict[Path, SweepDefinition]) -> None:
    """A nightly suite holds 20 to 200 valid vectors, all of them different."""
    definition = definitions[path]
    suite = suites(definition)["nightly"]
    valid = [index for index in range(suite.size) if definition.invalid_reason(suite, index) is None]
    ids = VectorIds(suite, place=path.name)

    assert 20 <= len(valid) <= 200
    assert len({ids.of(index) for index in valid}) == len(valid)


@each_module
def test_invalid_vectors_have_reasons(path: Path, definitions: dict[Path, SweepDefinition]) -> None:
    """Whatever invalidate_vector rejects, it says why; and it rejects something, or it isn't there."""
    definition = definitions[path]
    reasons = {
        definition.invalid_reason(suite, index) for suite in suites(definition).values() for index in range(suite.size)
    }

    assert "no reason given" not in reasons
    assert hasattr(definition.module, "invalidate_vector") == bool(reasons - {None})


def test_every_operation_traced_on_hardware_has_a_module() -> None:
    """Modules ask for no other operation than the master's. What was traced on the emulation alone is tested from the
    master itself; but where there is a module, it takes the traced configurations too.
    """
    asked = {operation for path in MODULES if (operation := traced_operation(path))}
    master = read_master(MASTER)
    on_hardware = {
        operation
        for operation in master.operations
        for configuration in master.configurations(operation)
        if not any(machine.provider for machine in configuration.machines)
    }

    assert on_hardware <= asked <= set(master.operations)


@each_module
def test_traced_suite_holds_every_configuration(path: Path, definitions: dict[Path, SweepDefinition]) -> None:
    """A module with traced configurations has a model_traced suite with one vector for each of them."""
    operation = traced_operation(path)
    suite = suites(definitions[path]).get("model_traced")

    if operation is None:
        assert suite is None
    else:
        assert suite is not None
        assert suite.size == len(read_master(MASTER).configurations(canonical_operation(operation)))
