"""The data of ttnn's device profiler, in process: no files, no Tracy tools."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pytest_ttnn_sweeps.measure.device_perf.programs import NoDeviceTime, Program
from pytest_ttnn_sweeps.results.device_keys import metric_of

READ_SECONDS = 120.0
"""What reading may take; tt-metal's own runner waits as long."""

_UNSET = 1 << 63
"""In an execution's identity: no number; as a duration no profiler means it."""


def read_programs(ttnn: Any, device: Any, *, seconds: float = READ_SECONDS) -> list[Program]:
    """The programs that ran on the device since the last read, on all its chips.

    Reading waits for what is still running. Raises ``NoDeviceTime`` where it fails or takes more than ``seconds``:
    the thread that reads is left behind then, and the device is best closed.
    """
    for name in ("ReadDeviceProfiler", "get_latest_programs_perf_data"):
        if not hasattr(ttnn, name):
            msg = f"this build of ttnn has no {name}: it is too old, or was built without the profiler"
            raise NoDeviceTime(msg)
    answer: list[Any] = []

    def read() -> None:
        try:
            ttnn.ReadDeviceProfiler(device)
            answer.append(ttnn.get_latest_programs_perf_data())
        except Exception as error:  # noqa: BLE001 - it is told by whoever waits
            answer.append(error)

    reader = threading.Thread(target=read, name="ttnn-sweeps-profiler", daemon=True)
    reader.start()
    reader.join(seconds)
    if not answer:
        msg = f"reading the device's profiler took more than {seconds:g} s"
        raise NoDeviceTime(msg)
    if isinstance(answer[0], Exception):
        raise NoDeviceTime(f"reading the device's profiler raised {type(answer[0]).__name__}: {answer[0]}")
    return programs_of(answer[0])


def programs_of(data: Any) -> list[Program]:
    """The programs in what ``get_latest_programs_perf_data`` returned: chip to a list of ``ProgramAnalysisData``.

    Raises ``NoDeviceTime`` for data of another form.
    """
    if not isinstance(data, Mapping):
        msg = f"the profiler's data are a {type(data).__name__}, no mapping of chips"
        raise NoDeviceTime(msg)
    found = []
    for chip, programs in data.items():
        seen: Counter[tuple[int, ...]] = Counter()
        for program in programs:
            try:
                found.append(_program(int(chip), program, seen))
            except (AttributeError, TypeError, ValueError) as error:
                msg = f"the profiler's data of chip {chip} have another form than ttnn 0.81's: {error}"
                raise NoDeviceTime(msg) from error
    return found


def _program(chip: int, program: Any, seen: Counter[tuple[int, ...]]) -> Program:
    uid = program.program_execution_uid
    numbers = (uid.runtime_id, uid.trace_id, uid.trace_id_counter)
    identity = tuple(-1 if number >= _UNSET else int(number) for number in numbers)
    # Launches that have no number of their own are told apart by their order, which chips of a mesh share.
    seen[identity] += 1
    durations = {}
    for key, result in program.program_analyses_results.items():
        name = metric_of(key)
        duration = int(result.duration)
        # An analysis that found no markers has a beginning of all ones, an end of zero.
        if name is not None and result.start_timestamp <= result.end_timestamp and 0 <= duration < _UNSET:
            durations[name] = duration
    return Program(chip, (*identity, seen[identity]), durations, int(program.core_count))
