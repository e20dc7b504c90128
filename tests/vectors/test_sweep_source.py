"""What a file's text tells of its sweep module: never a suite too few where it claims to know them all."""

from __future__ import annotations

import warnings
from contextlib import suppress
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.vectors.source import SweepSource, read_source

RUN = "\ndef run(x, *, device):\n    return True\n"


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def reading(text: str | bytes) -> SweepSource | None:
        path = tmp_path / "relu.py"
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return read_source(path)

    return reading


SWEEPS = {
    "plain": "parameters = {'a': {'x': [1]}}",
    "annotated": "parameters: dict = {'a': {'x': [1]}}",
    "conditional": "if True:\n    parameters = {'a': {'x': [1]}}",
    "else": "if 0:\n    pass\nelse:\n    parameters = {'a': {'x': [1]}}",
    "try": "try:\n    import fast\nexcept ImportError:\n    parameters = {'a': {'x': [1]}}",
    "with": "with open('f') as f:\n    parameters = {'a': f.read()}",
    "with target": "with thing() as parameters:\n    pass",
    "loop": "for n in range(3):\n    parameters = {n: {'x': [1]}}",
    "loop target": "for parameters in [{}]:\n    pass",
    "while": "while True:\n    parameters = {'a': {}}\n    break",
    "match": "match 1:\n    case 1:\n        parameters = {'a': {}}",
    "imported": "from shared import parameters",
    "imported under the name": "import shared as parameters",
    "comprehension": "parameters = {f'r{n}': {'x': [n]} for n in range(3)}",
    "call": "parameters = make()",
    "tuple target": "parameters, other = make()",
    "chained": "other = parameters = {'a': {}}",
    "walrus": "print(parameters := {'a': {}})",
    "augmented": "parameters |= {'a': {}}",
    "twice": "parameters = {}\nparameters = {'a': {}}",
    "wide identifier": "\uff50arameters = {'a': {}}  # parameters",
}


@pytest.mark.parametrize("name", SWEEPS)
def test_a_module_that_binds_both_names_is_a_sweep(name: str, read: Any) -> None:
    """However ``parameters`` is bound on import, the file is a sweep module; ``run`` is where it is defined last."""
    source = read(SWEEPS[name] + "\n" + RUN + "\n# the end")
    assert source is not None
    assert source.run_line == SWEEPS[name].count("\n") + 3


@pytest.mark.parametrize(
    "run", ["run = make()", "from shared import run", "import shared as run", "async def run(): ...", "class run: ..."]
)
def test_run_may_be_bound_in_any_way(run: str, read: Any) -> None:
    """``run`` counts as well where it is imported or assigned."""
    source = read(f"parameters = {{}}\n{run}\n")
    assert source is not None
    assert source.run_line == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        RUN,
        "parameters = {'a': {}}",
        "# parameters\n" + RUN,
        "x = 'parameters'\n" + RUN,
        "def f():\n    parameters = {}\n" + RUN,
        "class C:\n    parameters = {}\n" + RUN,
        "x = [parameters for parameters in ()]\n" + RUN,
        "x = lambda: (parameters := {})\n" + RUN,
        "parameters: dict\n" + RUN,
        "parameters = {}\nclass C:\n    def run(self): ...\n",
        "print(parameters)\n" + RUN,
        "thing.parameters = {}\n" + RUN,
        "thing['parameters'] = 1\n" + RUN,
        RUN + "if __name__ == '__main__':\n    parameters = parse()\n",
        'parameters = {}\nif __name__ == "__main__":\n    run = 1\n',
        "from shared import *\n" + RUN,
    ],
)
def test_other_files_are_no_sweeps(text: str, read: Any) -> None:
    """Neither a mention, nor a local or an attribute of that name, nor what only a script binds makes a sweep."""
    assert read(text) is None


def test_suites_are_listed_with_their_lines(read: Any) -> None:
    """Each key of the dict is a suite, at its own line; for another name the line of ``run`` serves."""
    source = read(
        """
        import ttnn

        parameters = {
            "nightly": {"x": [1]},

            "xfail": {
                "x": [2],
            },
        }

        def run(x, *, device):
            return True
        """
    )
    assert source.suite_lines == {"nightly": 5, "xfail": 7}
    assert source.suites_are_complete
    assert [source.line_of(name) for name in ("nightly", "xfail", "unknown")] == [5, 7, 12]


HARMLESS = [
    "parameters['a']['y'] = [2]",
    "for suite in parameters.values():\n    suite.update({'y': [2]})",
    "for name, suite in parameters.items():\n    pass",
    "names = list(parameters.keys())",
    "first = parameters.get('a')",
    "def f():\n    return parameters['a']",
    "other = {'b': {}}\nother.update(c={})",
    "class Model:\n    def eval(self): ...\nModel().eval()",
]
HARMFUL = [
    "parameters['b'] = {}",
    "parameters |= {'b': {}}",
    "parameters.update(b={})",
    "parameters.setdefault('b', {})",
    "del parameters['a']",
    "del parameters",
    "parameters = {'b': {}}",
    "alias = parameters\nalias['b'] = {}",
    "[parameters][0]['b'] = {}",
    "def add(it):\n    it['b'] = {}\nadd(parameters)",
    "def add(it):\n    it['b'] = {}\nadd(it=parameters)",
    "def add():\n    global parameters\n    parameters = {'b': {}}\nadd()",
    "def add():\n    global parameters\n    import json as parameters\nadd()",
    "globals()['parameters']['b'] = {}",
    "globals()['para' + 'meters']['b'] = {}",
    "globals().update(parameters={'b': {}})",
    "vars()['para' + 'meters'] = {'b': {}}",
    "locals()['para' + 'meters'] = {'b': {}}",
    "exec('para' + 'meters = {}')",
    "eval('para' + 'meters').clear()",
    "import sys\nsys.modules[__name__].__dict__['para' + 'meters'] = {'b': {}}",
    "import sys\nsetattr(sys.modules[__name__], 'parameters', {'b': {}})",
    "import sys\nsys.modules[__name__].parameters['b'] = {}",
    "from os.path import *",
    "from json import loads as parameters",
    "import json as parameters",
    "(parameters := {'b': {}})",
    "for parameters in [{'b': {}}]:\n    pass",
    "try:\n    raise ValueError\nexcept ValueError as parameters:\n    pass",
    "match {'b': {}}:\n    case parameters:\n        pass",
    "match {'b': {}}:\n    case {**parameters}:\n        pass",
    "match [{}]:\n    case [*parameters]:\n        pass",
    "match 1:\n    case 1:\n        parameters = {'b': {}}",
    "def parameters(): ...",
    "class parameters: ...",
    "[parameters := {'b': {}} for _ in range(1)]",
]


@pytest.mark.parametrize("statement", HARMLESS)
def test_reading_parameters_leaves_the_suites_known(statement: str, read: Any) -> None:
    """Subscripts and views that are read, or that change a suite from within, add no suite."""
    assert read(f"parameters = {{'a': {{'x': [1]}}}}\n{statement}\n{RUN}").suites_are_complete


@pytest.mark.parametrize("statement", HARMFUL)
def test_whatever_could_add_a_suite_leaves_them_unknown(statement: str, read: Any) -> None:
    """Rebinding, aliasing, handing on, reflection, patterns and star imports: the module must be asked."""
    assert not read(f"parameters = {{'a': {{'x': [1]}}}}\n{statement}\n{RUN}").suites_are_complete


@pytest.mark.parametrize(
    "binding",
    [
        "other = parameters = {'a': {}}",
        "parameters = other = {'a': {}}",
        "parameters, = {'a': {}}",
        "[parameters] = {'a': {}}",
        "parameters = {'a': {}, **more}",
        "parameters = {'a': {}, name: {}}",
        "parameters = {'a': {}, f'{name}': {}}",
        "parameters = {'a': {}, 1: {}}",
        "parameters = {'a': {}, 'a': {}}",
        "parameters = dict(a={})",
        "parameters = {'a': {}} | more",
        "parameters = {name: {} for name in names}",
    ],
)
def test_other_bindings_leave_suites_unknown(binding: str, read: Any) -> None:
    """Only a dict display with constant text keys, bound to that one name, tells its suites."""
    assert not read(f"{binding}\n{RUN}").suites_are_complete


KEYS = st.sampled_from(["'a'", "'b'", "'c'", "KEY", "f'{KEY}'", "1"])
DISPLAYS = st.lists(KEYS, max_size=3).map(lambda keys: "{" + ", ".join(f"{key}: {{'x': [1]}}" for key in keys) + "}")
STATEMENTS = st.one_of(
    st.builds("parameters = {}".format, DISPLAYS),
    st.builds("parameters: dict = {}".format, DISPLAYS),
    st.builds("alias = parameters = {}".format, DISPLAYS),
    st.builds("parameters |= {}".format, DISPLAYS),
    st.builds("parameters.update({})".format, DISPLAYS),
    st.builds("print(parameters := {}, file=NOWHERE)".format, DISPLAYS),
    st.builds("alias = {}".format, DISPLAYS),
    st.builds("parameters[{}] = {{}}".format, KEYS),
    st.builds("alias[{}] = {{}}".format, KEYS),
    st.builds("parameters[{}]['y'] = [1]".format, KEYS),
    st.builds("def change(): parameters[{}] = {{}}".format, KEYS),
    st.builds("def change():\n    global parameters\n    parameters = {}".format, DISPLAYS),
    st.sampled_from(
        [
            *("alias = parameters", "parameters = alias", "change()", "parameters = dict(alias)", "alias = {}"),
            *("for parameters in [alias]: pass", "for name in parameters: pass", "parameters = {'a': {}, **alias}"),
            *("globals()['parameters'] = alias", "parameters = {k: v for k, v in alias.items()}", "del parameters"),
            *("views = list(parameters.items())", "parameters.pop('a', None)", "sum(parameters := alias for _ in '')"),
        ]
    ),
)


def indented(body: list[str]) -> str:
    return "".join("    " + line + "\n" for statement in body for line in statement.splitlines())


BLOCKS = st.recursive(
    STATEMENTS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda body: f"if KEY:\n{indented(body)}else:\n    pass"),
        st.lists(inner, min_size=1, max_size=2).map(lambda body: f"try:\n{indented(body)}except KeyError:\n    pass"),
        st.lists(inner, min_size=1, max_size=2).map(lambda body: f"for _ in '12':\n{indented(body)}"),
        st.lists(inner, min_size=1, max_size=2).map(
            lambda body: f"match 1:\n    case _:\n{indented([indented(body)])}"
        ),
    ),
    max_leaves=3,
)


@settings(max_examples=600, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(BLOCKS, min_size=1, max_size=4))
@example(statements=["alias = parameters = {'a': {}}", "alias['b'] = {}"])
def test_executing_a_module_never_shows_a_suite_that_was_not_known(statements: list[str], read: Any) -> None:
    """Where the text is said to name all suites, running it binds no other key."""
    text = "\n".join(statements) + "\n" + RUN
    source = read(text)
    namespace: dict[str, Any] = {"KEY": "k", "NOWHERE": __import__("io").StringIO(), "alias": {}}
    # A module that fails binds what it bound until then.
    with suppress(Exception):
        exec(compile(text, "generated", "exec"), namespace)  # noqa: S102 - what the text does is the question
    found = namespace.get("parameters", {})
    if source is not None and source.suites_are_complete:
        assert set(found) <= set(source.suite_lines)
    if source is None:
        assert "parameters" not in namespace or "global" in text or "globals" in text or "for _ in ''" in text


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xef\xbb\xbfparameters = {'a': {}}\n" + RUN.encode(),
        ("parameters = {'a': {}}\n" + RUN).replace("\n", "\r\n").encode(),
        ("# coding: latin-1\nparameters = {'a': 'gr\xf6\xdfe'}\n" + RUN).encode("latin-1"),
        ("parameters = {'a': {}}\n" + RUN + "\f# form feed\n").encode(),
    ],
    ids=["byte order mark", "CRLF", "latin-1", "form feed"],
)
def test_encodings_and_line_ends_are_pythons(encoded: bytes, read: Any) -> None:
    """A file that Python can import is read as Python reads it."""
    source = read(encoded)
    assert source.suite_lines.keys() == {"a"}
    assert source.suites_are_complete


BROKEN = {
    "syntax error": b"parameters = {\ndef run(): pass\n",
    "not UTF-8": b"parameters = {'a': '\xff'}\ndef run(): pass\n",
    "unknown coding": b"# coding: klingon\nparameters = {}\ndef run(): pass\n",
    "null byte": b"parameters = {}\ndef run(): pass\n\x00",
    "too deep": b"parameters = {}\ndef run(): pass\nx = " + b"(" * 5000 + b")" * 5000,
    "too many operators": b"parameters = {}\ndef run(): pass\nx = " + b"-" * 100_000 + b"1",
    "indentation": b"parameters = {}\n  def run(): pass\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_python_rejects_is_a_syntax_error(name: str, read: Any) -> None:
    """Whatever keeps the parser from a file is a ``SyntaxError`` with a line and one line of text."""
    with pytest.raises(SyntaxError) as caught:
        read(BROKEN[name])
    assert isinstance(caught.value.lineno, int)
    assert caught.value.msg
    assert "\n" not in caught.value.msg


def test_long_chains_of_branches_are_read(read: Any) -> None:
    """Nesting that Python parses, such as hundreds of ``elif``, is no problem."""
    chain = "if x == 0:\n    pass\n" + "".join(f"elif x == {n}:\n    pass\n" for n in range(1, 400))
    assert read(f"{chain}else:\n    parameters = {{'a': {{}}}}\n{RUN}").suite_lines.keys() == {"a"}


def test_a_huge_file_is_read(read: Any) -> None:
    """Ten thousand suites of constants are a matter of a second."""
    suites = ",\n".join(f"'s{n}': {{'x': [{n}, {n}, {n}]}}" for n in range(10_000))
    source = read(f"parameters = {{{suites}}}\n{RUN}")
    assert len(source.suite_lines) == 10_000
    assert source.suites_are_complete


def test_reading_warns_of_nothing(read: Any) -> None:
    """Warnings about a file are left to its import, and don't fail the reading where they are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read("parameters = {'a': {'x': ['\\d', 1 is 1]}}\n" + RUN) is not None


def test_marks_are_noticed(read: Any) -> None:
    """``pytestmark`` anywhere in the text means that marks may come with the import."""
    assert read(f"import pytest\npytestmark = pytest.mark.slow\nparameters = {{}}\n{RUN}").mentions_marks
    assert not read(f"parameters = {{}}\n{RUN}").mentions_marks


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """A file that vanished is not mistaken for one that is no sweep."""
    with pytest.raises(OSError, match="gone"):
        read_source(tmp_path / "gone.py")
