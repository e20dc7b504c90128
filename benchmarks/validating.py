"""How many vectors a second `--sweep-validate-only` gets through, of elementwise sweep modules.

    python benchmarks/validating.py [MODULE ...]

Needs the ttnn wheel. The modules (by default all of ``sweeps/eltwise``) are run whole, and one vector of each suite;
what the one run takes more is for the vectors that it has more. CPU seconds of all processes together, so per core.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ["sweeps/eltwise"]
AIM = 500


def validate(modules: list[str], *options: str) -> tuple[int, float]:
    """The number of vectors that ran, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as results:
        command = [sys.executable, "-m", "pytest", "-p", "ttnn_sweeps", "-q", "--tb=no", "-r", "", *modules]
        command += ["--sweep-validate-only", f"--sweep-results-dir={results}", *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    validated = re.search(r"^validated (\d+):", done.stdout, re.MULTILINE)
    if validated is None:
        sys.exit(done.stdout + done.stderr)
    return int(validated[1]), sum(getattr(after, kind) - getattr(before, kind) for kind in ("ru_utime", "ru_stime"))


def main() -> None:
    modules = sys.argv[1:] or MODULES
    # What is prepared once for an installation of the wheel isn't counted.
    validate(modules, "--sweep-sample=1")
    few, little = validate(modules, "--sweep-sample=1")
    many, much = validate(modules)
    rate = (many - few) / (much - little)
    print(f"{many} vectors in {much:.1f} s of CPU, {few} in {little:.1f} s: {rate:.0f} vectors a second (aim {AIM})")


if __name__ == "__main__":
    main()
