"""ttnn's objects have one text, and so one id, whether the wheel or the emulation made them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
PROGRAM = """
import json, runpy, sys
from pytest_ttnn_sweeps.devices.provider import choose, provide
provide(choose("emulated"))
import ttnn
print(json.dumps(runpy.run_path(sys.argv[1])[sys.argv[2]](ttnn)))
"""


@pytest.mark.parametrize("kind", ["canonical_texts", "upstream_texts"])
def test_the_emulation_has_the_texts_of_the_wheel(kind: str) -> None:
    """Every stored ttnn type has the texts that ttnn 0.81.1 has, ours and upstream's, and comes back as it was."""
    values = Path(__file__).with_name("ttnn_values.py")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(values), kind], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((DATA / f"ttnn_{kind}.json").read_text())
