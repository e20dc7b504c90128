"""How a child process ended, in words."""

from __future__ import annotations

import os
import signal
from pathlib import Path

OUT_OF_MEMORY_STATUS = 86
"""Exit status of a child that had not even the memory to say that it has none."""

LOST_PARENT_STATUS = 87
"""Exit status of a child that can't reach pytest any more."""


def ending(wait_status: int, *, out_of_memory: bool) -> str:
    """``killed by SIGSEGV (Segmentation fault)``, ``exited with status 3``; ``wait_status`` is ``os.waitpid``'s.

    ``out_of_memory``: whether the kernel has killed processes for want of memory while the child lived.
    """
    code = os.waitstatus_to_exitcode(wait_status)
    if code == OUT_OF_MEMORY_STATUS:
        return "ran out of memory"
    if code >= 0:
        return f"exited with status {code}"
    name = signal_name(-code)
    dumped = ", core dumped" if os.WCOREDUMP(wait_status) else ""
    if -code == signal.SIGKILL:
        if out_of_memory:
            return f"killed by {name}: out of memory, the kernel's out-of-memory killer was at work"
        return f"killed by {name}, which pytest didn't send; often that is a container's memory limit"
    return f"killed by {name}{dumped}"


def signal_name(number: int) -> str:
    """``SIGSEGV (Segmentation fault)``."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    meaning = signal.strsignal(number)
    return f"{name} ({meaning})" if meaning and not name.startswith("signal") else name


def evidence(stderr: str, watcher_dump: str) -> str:
    """What a child has left, in one text: its last lines on standard error, and the watcher's last dump."""
    parts = [stderr.rstrip(), f"the watcher's last dump:\n{watcher_dump}" if watcher_dump else ""]
    return "\n\n".join(part for part in parts if part)


def out_of_memory_kills() -> int:
    """How often the kernel has killed for want of memory, on this machine and in this process's control group."""
    counts = [_count(Path("/proc/vmstat"), "oom_kill")]
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines()
    except OSError:
        return sum(counts)
    for line in groups:
        _, controllers, group = line.split(":", 2)
        if not controllers:
            counts.append(_count(Path(f"/sys/fs/cgroup{group}/memory.events"), "oom_kill"))
        elif "memory" in controllers.split(","):
            counts.append(_count(Path(f"/sys/fs/cgroup/memory{group}/memory.oom_control"), "oom_kill"))
    return sum(counts)


def _count(file: Path, name: str) -> int:
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.split()[:1] == [name])
