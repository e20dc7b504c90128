"""The workflows of ``docs/ci.md``: their steps, run as a runner would run them, run every vector once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from sweep_tree import ADD, SweepTree

PAGE = (Path(__file__).parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
WORKFLOW, SHARDS = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
BIG = "parameters = {'big': {'a': range(60), 'b': range(10)}}\ndef run(a, b, *, device): pass\n"


def script(job: str, command: str) -> str:
    """The one step of ``job`` that runs ``command``."""
    (step,) = [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if command in step.get("run", "")]
    return str(step)


def bash(text: str, where: Path, **variables: str) -> None:
    """Run a step's script as GitHub's runner does, with the commands of this environment first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-e", "-c", text], cwd=where, env={**os.environ, "PATH": path, **variables}, check=True)


def ran(path: Path) -> Counter[str]:
    return Counter(str(case.get("name")) for case in ElementTree.parse(path).iter("testcase"))


@pytest.fixture
def tree(pytester: pytest.Pytester) -> SweepTree:
    tree = SweepTree(pytester)
    tree.write("add", ADD.replace("< 50", "< 60"))
    tree.write("big", BIG)
    return tree


def test_the_steps_run_everything_once(tree: SweepTree) -> None:
    """Plan, jobs, and the plan of the next time from what they recorded."""
    where = tree.pytester.path

    def plan() -> list[dict[str, Any]]:
        text = script("plan", "ttnn-sweeps matrix").replace("--max-vectors 5000", "--max-vectors 400")
        bash(text, where, GITHUB_OUTPUT=str(where / "output"), **WORKFLOW["env"])
        name, _, value = (where / "output").read_text(encoding="utf-8").splitlines()[-1].partition("=")
        assert name == "matrix"
        include: list[dict[str, Any]] = json.loads(value)["include"]
        return include

    found: Counter[str] = Counter()
    jobs = plan()
    for job in jobs:
        (where / "durations" / job["name"]).mkdir(parents=True)
        bash(script("run", "pytest -p").replace("${{ matrix.args }}", job["args"]), where)
        found += ran(where / "sweeps.xml")
        (where / "sweeps.xml").rename(where / "durations" / job["name"] / "sweeps.xml")

    assert len(jobs) >= 3
    assert sorted(found) == sorted(node_id.rpartition("::")[2] for node_id in tree.ids())
    assert set(found.values()) == {1}
    assert all("seconds" in job for job in plan())


def test_bare_shards_run_everything_once(tree: SweepTree) -> None:
    """The workflow without a matrix of ours."""
    where, found = tree.pytester.path, Counter[str]()

    for shard in SHARDS["strategy"]["matrix"]["shard"]:
        text = SHARDS["steps"][0]["run"].replace("${{ matrix.shard }}", str(shard))
        bash(f"{text} --sweep-device emulated --junitxml=sweeps.xml", where)
        found += ran(where / "sweeps.xml")

    assert sorted(found.elements()) == sorted(node_id.rpartition("::")[2] for node_id in tree.ids())


def test_actions_are_pinned_and_expressions_have_their_sources() -> None:
    """Every action names a commit; every output and matrix key that is read is one that is written."""
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)
    text = json.dumps(WORKFLOW)
    assert set(re.findall(r"{ matrix\.(\w+)", text)) == {"name", "args"}
    assert set(re.findall(r"needs\.plan\.outputs\.(\w+)", text)) == set(WORKFLOW["jobs"]["plan"]["outputs"])
    assert all(job["needs"] in WORKFLOW["jobs"] for job in WORKFLOW["jobs"].values() if "needs" in job)
