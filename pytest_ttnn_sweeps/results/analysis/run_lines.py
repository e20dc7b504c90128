"""A run's facts in a few lines."""

from __future__ import annotations

from pytest_ttnn_sweeps.results.records import SweepRun


def run_lines(run: SweepRun) -> list[str]:
    """What every view of a run begins with: which run, on what device, of which sources, and how it ended."""
    lines = [f"run {run.run_id}: {ending(run)}"]
    lines.append(f"on {device(run)}, host {run.host or 'unknown'}, {run.started_at:%Y-%m-%d %H:%M:%S} UTC")
    if run.git_sha:
        changed = " with uncommitted changes" if run.git_dirty else ""
        lines.append(f"git {run.git_sha[:12]} {run.git_branch or ''}{changed}".rstrip())
    lines += [f"note: {note}" for note in warnings(run)]
    return lines


def not_reached_line(run: SweepRun, count: int) -> str:
    """What is to be said of ``count`` selected vectors that have no record."""
    return f"{count} of {run.selected} selected vectors were not reached: pytest --sweep-resume={run.run_id} runs them"


def device(run: SweepRun) -> str:
    """The card and what gave it."""
    version = f" ({run.provider} {run.provider_version or ''})".replace(" )", ")") if run.provider else ""
    return f"{run.card_type or 'no device'}{version}"


def ending(run: SweepRun) -> str:
    """How the run ended, in words."""
    if not run.is_sealed:
        return "not ended, or killed"
    return run.status.value.replace("_", " ")


def warnings(run: SweepRun) -> list[str]:
    """What a reader must know before believing the numbers."""
    found = []
    if run.provider == "emulated":
        found.append("an emulation ran this: it tells function, not the numerics or the speed of a device")
    elif run.provider == "mock":
        found.append("a mock device ran this: its values and times are not a device's")
    elif run.provider == "simulator":
        found.append("a simulator ran this: its times are not a device's")
    if not run.is_sealed:
        found.append("the session has not ended, or was killed: what it had not run by then has no record")
    for session in run.sessions:
        if session.stop_reason:
            found.append(f"stopped: {session.stop_reason}")
        found += [f"error: {error}" for error in session.errors[:5]]
        if len(session.errors) > 5:
            found.append(f"... and {len(session.errors) - 5} more errors that are no vector's")
    return found
