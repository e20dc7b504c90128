"""Measure the end-to-end time that a sweep's ``run`` returns."""

from __future__ import annotations

import time


def start_measuring_time() -> int:
    """The start of a measurement, for `stop_measuring_time` in the same process: nanoseconds of a monotonic clock.

    The clock has no defined origin: unlike upstream's it is no time of day, so that setting the host's clock can't make
    a measurement wrong or negative.
    """
    return time.perf_counter_ns()


def stop_measuring_time(start: int) -> int:
    """Nanoseconds since `start_measuring_time` gave `start`: the ``e2e_ns`` of ``return [check, e2e_ns]``.

    ttnn queues work on the device: stop after the result was read back (``ttnn.to_torch``) or the device synchronised.
    """
    return time.perf_counter_ns() - start
