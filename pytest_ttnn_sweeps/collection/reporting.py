"""``--sweep-report``: the page of a session's run, written when the run is sealed."""

from __future__ import annotations

from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.runs import RunDirectory


class SessionReport:
    """Writes the page to ``path``; a session whose page could not be written has `error`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_written = False
        self.error: str | None = None

    def write(self, directory: RunDirectory) -> None:
        """Write the page of the run, earlier sessions of it included."""
        # Here, because a session without a report needs none of pydantic and what else the page is made with.
        from pytest_ttnn_sweeps.results.reading import open_run
        from pytest_ttnn_sweeps.results.report import write_report

        try:
            write_report(open_run(directory), self.path)
            self.is_written = True
        except SweepError as error:
            self.error = str(error)
