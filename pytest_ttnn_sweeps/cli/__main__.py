"""``python -m pytest_ttnn_sweeps.cli``: the command where it isn't on the PATH."""

import sys

from pytest_ttnn_sweeps.cli import main

sys.exit(main())
