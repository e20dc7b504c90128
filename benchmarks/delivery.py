"""Time delivering records to SQLite against SQLAlchemy's bulk insert of the same rows, as a Markdown table.

    python benchmarks/delivery.py [RECORDS]

Ours reads the journal, checks every record, and may be repeated without a change; theirs has its rows in memory and
inserts them. Both make the tables first, commit every 500 records, and run in processes of their own, by turns.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

RECORDS = 20_000
REPETITIONS = 5
AIM = 1.5
BATCH = 500


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    with tempfile.TemporaryDirectory() as directory:
        run = write(Path(directory), count)
        costs: dict[str, list[float]] = {"ours": [], "theirs": []}
        for _ in range(REPETITIONS + 1):
            for side, found in costs.items():
                found.append(apart(side, run, Path(directory, "results.sqlite")))
    ours, theirs = (median(found[1:]) for found in costs.values())
    verdict = "met" if ours <= AIM * theirs else "MISSED"
    print(f"Python {platform.python_version()}, {platform.machine()}; user and system time\n")
    print("| what | ours | against | theirs | ratio | aim | |\n|---|---|---|---|---|---|---|")
    against = "SQLAlchemy bulk insert of the same rows"
    cells = (f"{ours:.2f} s", against, f"{theirs:.2f} s", f"{ours / theirs:.2f}", f"{AIM:.2f}")
    print(f"| {count:,} records delivered to SQLite | {' | '.join(cells)} | {verdict} |")


def write(root: Path, count: int) -> Path:
    """A run of ``count`` records with two metrics and five parameters each."""
    from pytest_ttnn_sweeps.results import Metric, Outcome, Status, lines
    from pytest_ttnn_sweeps.results.runs import RunWriter

    writer = RunWriter.create(root / "runs", {"started_at": lines.utc(time.time())})
    for number in range(count):
        module, suite, vector_id = f"eltwise.unary.op{number % 50}", "nightly", f"{number:032x}"
        values = {
            "shape": [1, 1, 32, 32 * (number % 10)],
            "dtype": {"enum": ["ttnn:DataType", "BFLOAT16"]},
            "dim": number,
        }
        text = lines.body(
            vector_id=vector_id,
            index=number,
            node_id=f"sweeps/eltwise/unary/op{number % 50}.py::nightly::{vector_id[:12]}",
            place=lines.fields(module=module, suite=suite),
            parameters=[lines.parameter(name, json.dumps(value)) for name, value in values.items()],
            status=Status.PASS,
            outcome=Outcome(True, "0.9998", (Metric("pcc", 0.9998, "", "higher"),), 1.25),
            xfail_reason=None,
            started=time.time(),
            ended=time.time(),
            duration_s=0.01,
            setup_s=0.001,
            circumstances=lines.fields(
                worker="gw0", provider="ttnn", provider_version="0.81.1", card_type="wormhole_b0"
            ),
        )
        writer.append(text, module=module, suite=suite, vector_id=vector_id, status="PASS", final=True)
    writer.seal({"exit_code": 0}, {"status": "passed"})
    return writer.directory.path


def apart(side: str, run: Path, database: Path) -> float:
    """Seconds that a side takes in a process of its own, from an empty database on; imports aren't counted."""
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    code = f"import sys; sys.path.insert(0, sys.argv[1]); import delivery; delivery.{side}(*sys.argv[2:])"
    arguments = [str(Path(__file__).parent), str(run), str(database)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return float(done.stdout)


def ours(run: str, database: str) -> None:
    """Deliver the journal as a session does."""
    import pytest_ttnn_sweeps.results.destinations.migrations  # noqa: F401 - not to be timed
    from pytest_ttnn_sweeps.results.delivery import Delivery, Progress
    from pytest_ttnn_sweeps.results.destinations import make
    from pytest_ttnn_sweeps.results.runs import RunDirectory

    progress = Progress()
    progress.end(sealed=True, within=600)
    delivery = Delivery(make(f"sqlite:///{database}"), RunDirectory(Path(run)), progress)
    start = time.process_time()
    delivery.run()
    print(time.process_time() - start)
    assert delivery.report.complete, delivery.report.error


def theirs(run: str, database: str) -> None:
    """Insert the rows that ours makes, from memory, with the same settings of SQLite."""
    import sqlalchemy

    from pytest_ttnn_sweeps.results.destinations.database import make_engine
    from pytest_ttnn_sweeps.results.destinations.tables import (
        metadata,
        metric_rows,
        metrics,
        result_id,
        result_row,
        results,
        run_row,
        runs,
    )
    from pytest_ttnn_sweeps.results.reading import open_run

    stored = open_run(run)
    batches: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = []
    for number, record in enumerate(stored.records()):
        if number % BATCH == 0:
            batches.append(([], []))
        key = result_id(stored.run.run_id, record)
        batches[-1][0].append(result_row(stored.run.run_id, key, record))
        batches[-1][1].extend(metric_rows(key, record))
    engine = make_engine(sqlalchemy.make_url(f"sqlite:///{database}"))
    start = time.process_time()
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(runs.insert(), run_row(stored.run))
    for rows, measured in batches:
        with engine.begin() as connection:
            connection.execute(results.insert(), rows)
            connection.execute(metrics.insert(), measured)
    print(time.process_time() - start)


if __name__ == "__main__":
    main()
