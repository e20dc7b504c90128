"""``ttnn-sweeps ops schema``: the JSON Schema of masters."""

from __future__ import annotations

import argparse
import json
from typing import Any

NAME = "schema"


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        NAME, help="Print the JSON Schema of the masters that we write"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    from pytest_ttnn_sweeps.traced.master_schema import json_schema  # Imports pydantic.

    print(json.dumps(json_schema(), indent=2))
    return 0
