"""Importing sweep modules: the same vectors in every process, and a contract that is checked."""

from __future__ import annotations

import importlib
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.module import ModuleError, SweepDefinition, import_sweep, module_name
from pytest_ttnn_sweeps.vectors.suite import Suite, SuiteError

RUN = "\ndef run(x, *, device):\n    return True\n"

Import = Callable[..., SweepDefinition]


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Import]:
    """Writes a module below a sweeps root, where a text is given, and imports it; everything is forgotten later."""
    root = tmp_path / "toys"
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def importing(text: str | None = None, path: str = "eltwise/relu.py", **options: Any) -> SweepDefinition:
        file = root / path
        if text is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text))
            importlib.invalidate_caches()
        return import_sweep(file, root=root, namespace="toys", **options)

    yield importing
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in repr(module)]:
        del sys.modules[name]


def suite_of(definition: SweepDefinition, name: str = "nightly") -> Suite:
    suite = definition.suites[name]
    assert isinstance(suite, Suite)
    return suite


def vectors(definition: SweepDefinition) -> list[dict[str, object]]:
    suite = suite_of(definition)
    return [suite.vector(index) for index in range(suite.size)]


def test_a_module_has_its_dotted_name_and_its_parts(sweep: Import) -> None:
    """The definition holds the module's own run, suites, device fixture; the module knows itself by its full name."""
    definition = sweep(
        """
        from __future__ import annotations
        from dataclasses import dataclass

        @dataclass
        class Shape:
            rank: int

        parameters = {"nightly": {"x": [Shape(1).rank, 2]}}

        def mesh_device_fixture():
            yield None, "none"

        def run(x, *, device):
            return x, __name__
        """
    )
    assert (definition.name, definition.module.__name__) == ("eltwise.relu", "toys.eltwise.relu")
    assert sys.modules["toys.eltwise.relu"] is definition.module
    assert definition.run(x=1, device=None) == (1, "toys.eltwise.relu")
    assert definition.mesh_device_fixture is definition.module.mesh_device_fixture
    assert vectors(definition) == [{"x": 1}, {"x": 2}]


def test_names_count_from_the_root(tmp_path: Path) -> None:
    """A module's name is its dotted path under the root, or its stem elsewhere."""
    assert module_name(tmp_path / "a" / "b" / "relu.py", tmp_path) == "a.b.relu"
    assert module_name(tmp_path / "relu.py", tmp_path / "other") == "relu"


def test_modules_of_one_stem_stay_apart(sweep: Import) -> None:
    """Two files of the same name in two directories are two modules, with or without ``__init__.py``."""
    one = sweep("parameters = {'nightly': {'x': [1]}}\n" + RUN, "unary/add.py")
    other = sweep("parameters = {'nightly': {'x': [2]}}\n" + RUN, "binary/add.py")
    assert one.module is not other.module
    assert [vectors(one), vectors(other)] == [[{"x": 1}], [{"x": 2}]]
    assert (sys.modules["toys.unary.add"], sys.modules["toys.binary.add"]) == (one.module, other.module)


def test_a_directory_of_the_same_name_is_no_obstacle(sweep: Import) -> None:
    """``relu.py`` is imported though a package ``relu`` lies beside it, and ``json.py`` though Python has one."""
    sweep("VALUE = 1\nparameters = {}\n" + RUN, "eltwise/relu/__init__.py")
    assert vectors(sweep("parameters = {'nightly': {'x': [3]}}\n" + RUN)) == [{"x": 3}]
    assert vectors(sweep("parameters = {'nightly': {'x': [4]}}\n" + RUN, "json.py")) == [{"x": 4}]


DRAWING = """
    import random
    parameters = {"nightly": {"x": [random.random() for _ in range(2)], "y": (random.random() for _ in range(2))}}
    def run(x, y, *, device):
        return True
"""


def test_vectors_do_not_depend_on_what_was_drawn_before(sweep: Import) -> None:
    """Importing again, after other draws, gives the same vectors, and leaves the session's generator alone."""
    random.seed(1)
    first = vectors(sweep(DRAWING))
    after = random.random()
    random.seed(1)
    assert random.random() == after
    random.seed(99)
    assert vectors(sweep(DRAWING)) == first


def test_generators_continue_the_modules_own_series(sweep: Import) -> None:
    """Values that are drawn lazily come after those that the import drew, as if they had been a list."""
    eager = DRAWING.replace("(random.random() for _ in range(2))", "[random.random() for _ in range(2)]")
    assert vectors(sweep(DRAWING)) == vectors(sweep(eager))
    assert vectors(sweep(None)) == vectors(sweep(None))


def test_a_module_that_imports_another_sweep_draws_its_own_numbers(sweep: Import) -> None:
    """Neither module's vectors depend on which of the two was imported first, or at all."""
    base = "import random\nparameters = {'nightly': {'x': [random.random()]}}\n" + RUN
    user = (
        "import random\nfrom toys.eltwise import base\n"
        "parameters = {'nightly': {'x': [random.random(), *base.parameters['nightly']['x']]}}\n" + RUN
    )
    sweep(base, "eltwise/base.py")
    user_after_base = vectors(sweep(user, "eltwise/user.py"))
    base_after_user = vectors(sweep(None, "eltwise/base.py"))
    for name in [name for name in sys.modules if name.startswith("toys")]:
        del sys.modules[name]
    assert vectors(sweep(None, "eltwise/user.py")) == user_after_base
    assert vectors(sweep(None, "eltwise/base.py")) == base_after_user


def test_helpers_that_draw_do_not_move_the_module(sweep: Import, tmp_path: Path) -> None:
    """A helper that draws its shapes on import is the same for the first sweep that imports it and for the second."""
    (tmp_path / "shapes_helper.py").write_text("import random\nSHAPES = [random.randint(1, 10**9) for _ in range(3)]\n")
    text = (
        "import random\nfrom shapes_helper import SHAPES\n"
        "parameters = {'nightly': {'x': [*SHAPES, random.random()]}}\n" + RUN
    )
    assert vectors(sweep(text, "one.py")) == vectors(sweep(text, "two.py"))


FRESH = """
import sys
from pathlib import Path
from pytest_ttnn_sweeps.devices.provider import choose, provide
from pytest_ttnn_sweeps.vectors.module import import_sweep
provide(choose("emulated"))
for path in map(Path, sys.argv[1:]):
    print(import_sweep(path, root=path.parent, namespace="toys").suites["nightly"].vector(0))
"""


def test_the_first_module_that_imports_ttnn_draws_as_the_second(tmp_path: Path) -> None:
    """Whoever brings torch into the process, with ttnn or without, its generator starts at the module's seed."""
    text = "import random\nimport torch\nparameters = {'nightly': {'x': [(random.random(), torch.rand(3).tolist())]}}\n"
    (tmp_path / "ttnn_first.py").write_text("import ttnn\n" + text + RUN)
    (tmp_path / "torch_only.py").write_text(text + RUN)
    outputs = []
    for order in (("ttnn_first", "torch_only"), ("torch_only", "ttnn_first")):
        paths = [str(tmp_path / f"{name}.py") for name in order]
        done = subprocess.run([sys.executable, "-c", FRESH, *paths], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        outputs += done.stdout.splitlines()
    assert len(outputs) == 4
    assert len(set(outputs)) == 1


def test_an_enum_of_the_module_keeps_its_id_when_the_module_is_imported_twice(sweep: Import) -> None:
    """Members that another sweep has taken from the module before keep the ids that they had."""
    base = "import enum\nclass Mode(enum.Enum):\n    FAST = 1\nparameters = {'nightly': {'x': [Mode.FAST]}}\n" + RUN
    (one, other) = (sweep(base, "base.py"), sweep(None, "base.py"))
    ids = [VectorIds(suite_of(definition), place="base.py").of(0) for definition in (one, other)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("import no_such_module", ImportError), ("1 / 0", ZeroDivisionError), ("raise SystemExit(3)", SystemExit)],
)
def test_what_a_module_raises_passes_through(text: str, kind: type[BaseException], sweep: Import) -> None:
    """A failing import is the module's own exception and leaves no half-made module behind, nor an older one away."""
    with pytest.raises(kind):
        sweep(text)
    assert "toys.eltwise.relu" not in sys.modules
    definition = sweep("parameters = {}\n" + RUN)
    with pytest.raises(kind):
        sweep(text)
    assert sys.modules["toys.eltwise.relu"] is definition.module


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("parameters = {}\nrun = None", "'run' is None; expected a function"),
        ("parameters = {}", "'run' is None; expected a function"),
        (RUN, "'parameters' is a NoneType; expected a dict"),
        ("parameters = ['nightly']\n" + RUN, "'parameters' is a list; expected a dict"),
    ],
)
def test_a_broken_contract_is_one_line_with_the_file(text: str, complaint: str, sweep: Import) -> None:
    """What a module lacks is said with the name that the caller gives the file."""
    with pytest.raises(SweepError, match=f"^toys/eltwise/relu.py: {complaint}") as caught:
        sweep(text, place="toys/eltwise/relu.py")
    assert "\n" not in str(caught.value)


def test_a_wrong_suite_is_kept_as_its_error(sweep: Import) -> None:
    """Other suites of the module stay usable."""
    definition = sweep("parameters = {'nightly': {'x': [1]}, 'bad': {'x': 1}}\n" + RUN)
    assert isinstance(definition.suites["bad"], SuiteError)
    assert suite_of(definition).size == 1


def test_a_generator_that_fails_passes_through(sweep: Import) -> None:
    """Reading the values is part of importing: its error has the module's own traceback."""
    with pytest.raises(ZeroDivisionError):
        sweep("parameters = {'nightly': {'x': (1 // n for n in [1, 0])}}\n" + RUN)


SIGNATURES = [
    ("def run(x, *, device): ...", None),
    ("def run(x, device): ...", None),
    ("def run(x, *, device, extra=1): ...", None),
    ("def run(**anything): ...", None),
    ("def run(*, device, **anything): ...", None),
    ("import functools\ndef f(x, y, *, device): ...\nrun = functools.partial(f, y=1)", None),
    ("class Run:\n    def __call__(self, x, *, device): ...\nrun = Run()", None),
    ("def run(*, device): ...", "run() takes no parameter 'x'; it takes device"),
    ("def run(x): ...", "run() takes no parameter 'device'; it takes x"),
    ("def run(): ...", "run() takes no parameter 'x'; it takes none"),
    ("def run(x, /, *, device): ...", "run() takes no parameter 'x'; it takes device"),
    ("def run(*x, device): ...", "run() takes no parameter 'x'; it takes device"),
    ("def run(x, y, *, device): ...", "run() needs 'y', which the suite doesn't declare"),
    ("def run(x, *, y, device): ...", "run() needs 'y', which the suite doesn't declare"),
]


@pytest.mark.parametrize(("run", "complaint"), SIGNATURES)
def test_run_must_take_what_it_is_given(run: str, complaint: str | None, sweep: Import) -> None:
    """The suite's parameters and ``device`` are compared with the signature before anything runs."""
    definition = sweep(f"parameters = {{'nightly': {{'x': [1]}}}}\n{run}\n")
    if complaint is None:
        definition.check_parameters(suite_of(definition))
        return
    with pytest.raises(ModuleError) as caught:
        definition.check_parameters(suite_of(definition))
    assert complaint in str(caught.value)
    assert str(caught.value).startswith("relu.py: suite 'nightly': ")


def test_no_parameter_may_be_called_device(sweep: Import) -> None:
    """The device would silently take the place of the suite's value."""
    definition = sweep("parameters = {'nightly': {'device': [1]}}\ndef run(*, device): ...\n")
    with pytest.raises(ModuleError, match="'device' is the device"):
        definition.check_parameters(suite_of(definition))


INVALIDATE = """
    parameters = {"nightly": {"x": [0, 1, 2], "shape": [[1]]}}
    seen = []
    def invalidate_vector(test_vector):
        seen.append(dict(test_vector))
        test_vector["shape"].append(0)
        VERDICTS
    def run(x, shape, *, device): ...
"""


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("(False, None)", None),
        ("[False, 'ignored']", None),
        ("(True, 'too small')", "too small"),
        ("(True, None)", "no reason given"),
        ("(1, '')", "no reason given"),
        ("(True, 3)", "3"),
    ],
)
def test_the_modules_verdict_decides_validity(verdict: str, reason: str | None, sweep: Import) -> None:
    """A pair of flag and reason; the hook sees the bookkeeping keys, and what it changes is its own copy."""
    definition = sweep(INVALIDATE.replace("VERDICTS", f"return {verdict}"))
    suite = suite_of(definition)
    assert [definition.invalid_reason(suite, index) for index in (0, 2)] == [reason, reason]
    assert suite.vector(2) == {"x": 2, "shape": [1]}
    bookkeeping = {"suite_name": "nightly", "validity": "VALID", "invalid_reason": "", "status": "CURRENT"}
    assert definition.module.seen[1] == {"x": 2, "shape": [1, 0], **bookkeeping, "sweep_name": "eltwise.relu"}


@pytest.mark.parametrize("verdict", ["False", "True", "None", "'ab'", "(True,)", "(True, 'a', 'b')", "{}"])
def test_another_verdict_is_an_error(verdict: str, sweep: Import) -> None:
    """A bare bool would be read as whatever its truth is; it is refused with the expected form."""
    definition = sweep(INVALIDATE.replace("VERDICTS", f"return {verdict}"))
    with pytest.raises(ModuleError, match=r"suite 'nightly': invalidate_vector returned .*expected a pair"):
        definition.invalid_reason(suite_of(definition), 0)


def test_without_a_hook_every_vector_is_valid(sweep: Import) -> None:
    """A module need not define ``invalidate_vector``."""
    definition = sweep("parameters = {'nightly': {'x': [1]}}\n" + RUN)
    assert definition.invalid_reason(suite_of(definition), 0) is None
