"""``ttnn-sweeps runs``: the runs on this machine, to look at, to keep and to clean up."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.runs import DEFAULT_ROOT, RunDirectory, find_run, list_runs, plan_pruning, remove

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def add_parser(commands: Any) -> None:
    """Add the sub-command and its own."""
    parser: argparse.ArgumentParser = commands.add_parser("runs", help="List, show, export, keep and remove runs")
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    action = _add(actions, "list", _list, "List runs, the newest last")
    action.add_argument("--json", action="store_true", help="One JSON object a line")

    action = _add(actions, "show", _show, "Show a run's record")
    _add_run(action)

    action = _add(actions, "export", _export, "Write a run as one file of JSON lines, or as tt-metal's result files")
    _add_run(action)
    action.add_argument("--format", choices=("run", "files"), default="run", help="default: run")
    action.add_argument("--output", metavar="PATH", help="File, or directory for files (default: stdout, or .)")

    action = _add(actions, "prune", _prune, "Remove old runs; never one that is unsealed, pinned or not delivered")
    action.add_argument("--keep", type=int, metavar="N", help="Keep the newest N")
    action.add_argument("--older-than", type=_seconds, metavar="AGE", help="Only what ended longer ago: 12h, 30d, 8w")
    action.add_argument("--undelivered", action="store_true", help="Also what a destination has not taken")
    action.add_argument("--dry-run", action="store_true", help="Say what would go, and remove nothing")

    action = _add(actions, "pin", _pin, "Keep a run for good")
    _add_run(action)
    action = _add(actions, "unpin", _unpin, "Let a run be pruned again")
    _add_run(action)

    _add(actions, "schema", _schema, "Print the JSON schema of records and runs")


def _add(actions: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    action: argparse.ArgumentParser = actions.add_parser(name, help=text)
    action.set_defaults(run=run)
    add_results_dir(action)
    return action


def add_results_dir(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the runs are."""
    parser.add_argument(
        "--results-dir", type=Path, default=DEFAULT_ROOT, metavar="DIR", help=f"As --sweep-results-dir ({DEFAULT_ROOT})"
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="RUN", help="A run's id or the beginning of one, its directory, or last")


def _list(options: argparse.Namespace) -> int:
    for run in list_runs(options.results_dir):
        facts = run.read()
        state = _state(run, facts)
        if options.json:
            print(json.dumps({"run_id": run.run_id, "state": state, **facts}))
            continue
        counts = " ".join(f"{status}={count}" for status, count in facts.get("counts", {}).items())
        left = facts["selected"] - sum(facts["counts"].values()) if facts.get("selection") and facts["sealed_at"] else 0
        counts += f" not reached={left}" if left > 0 else ""
        sha = (facts.get("git_sha") or "")[:10]
        print(
            "  ".join(part for part in (run.run_id, state.ljust(24), facts.get("card_type") or "", sha, counts) if part)
        )
    return 0


def _state(run: RunDirectory, facts: dict[str, Any]) -> str:
    words = [facts["status"] if facts.get("sealed_at") else "running" if run.is_being_written else "unsealed"]
    words += ["pinned"] if run.is_pinned else []
    words += ["undelivered"] if run.undelivered else []
    return ", ".join(words)


def _show(options: argparse.Namespace) -> int:
    run = find_run(options.results_dir, options.name)
    facts = {**run.read(), "journal": str(run.journal), "state": _state(run, run.read())}
    if run.delivery.exists():
        facts["delivery"] = json.loads(run.delivery.read_text(encoding="utf-8"))
    print(json.dumps(facts, indent=2))
    return 0


def _export(options: argparse.Namespace) -> int:
    from pytest_ttnn_sweeps.results.reading import bundle_lines, open_run, write_bundle

    stored = open_run(find_run(options.results_dir, options.name))
    if options.format == "files":
        from pytest_ttnn_sweeps.results.destinations.files import write_export

        print(write_export(stored, Path(options.output or ".")))
    elif options.output:
        write_bundle(stored, Path(options.output))
        print(options.output)
    else:
        for line in bundle_lines(stored):
            print(line)
    return 0


def _prune(options: argparse.Namespace) -> int:
    if options.keep is None and options.older_than is None:
        msg = "runs prune: say which runs may go: --keep N, --older-than AGE, or both"
        raise SweepError(msg)
    if options.keep is not None and options.keep < 0:
        msg = f"runs prune: --keep {options.keep}: expected 0 or more"
        raise SweepError(msg)
    verb = "would remove" if options.dry_run else "removed"
    plan = plan_pruning(
        list_runs(options.results_dir),
        keep=options.keep,
        older_than_s=options.older_than,
        spare_undelivered=not options.undelivered,
    )
    for entry in plan:
        if entry.spared is not None:
            print(f"kept {entry.run.run_id}: {entry.spared}")
            continue
        if not options.dry_run:
            remove(entry.run)
        print(f"{verb} {entry.run.run_id}")
    return 0


def _pin(options: argparse.Namespace) -> int:
    find_run(options.results_dir, options.name).pin.touch()
    return 0


def _unpin(options: argparse.Namespace) -> int:
    find_run(options.results_dir, options.name).pin.unlink(missing_ok=True)
    return 0


def _schema(options: argparse.Namespace) -> int:
    from pytest_ttnn_sweeps.results.records import json_schema

    json.dump(json_schema(), sys.stdout, indent=2)
    print()
    return 0


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if found is None:
        msg = f"{text!r} is no age; write 12h, 30d or 8w"
        raise argparse.ArgumentTypeError(msg)
    return float(found[1]) * _UNITS[found[2]]
