"""ttnn's objects have one text, and so one id, whether the wheel or the emulation made them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

RECORDED = Path(__file__).parents[1] / "data" / "ttnn_canonical_texts.json"
PROGRAM = """
import json, runpy, sys
from pytest_ttnn_sweeps.devices.provider import choose, provide
provide(choose("emulated"))
import ttnn
print(json.dumps(runpy.run_path(sys.argv[1])["canonical_texts"](ttnn)))
"""


def test_the_emulation_has_the_texts_of_the_wheel() -> None:
    """Every stored ttnn type has the text that ttnn 0.81.1 has, and comes back as it was."""
    values = Path(__file__).with_name("ttnn_values.py")
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(values)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(RECORDED.read_text())
