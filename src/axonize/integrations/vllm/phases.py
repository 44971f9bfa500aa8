"""The phases of a request: spans that follow each other without gaps, from its start to its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from axonize.speed import Span

NAMES = ("preprocess", "wait", "queue", "prefill", "decode", "delivery")
# How far a time of the engine may lie outside the request before its clock counts as another one.
TOLERANCE_NS = 5_000_000


class Times(NamedTuple):
    """When the engine passed a request on, in Unix ns; None for what did not happen."""

    clock: str  # how they became wall time
    queued: int | None = None
    scheduled: int | None = None
    first: int | None = None
    last: int | None = None


def told_times(ride: Mapping[str, Any], submitted_ns: int, end_ns: int) -> Times:
    """Take the times that the engine told, on its own wall clock.

    An engine on another host may have another clock: its times are then moved together so that
    the last of them is the request's end.
    """
    times = [ride[name] for name in ("queued", "scheduled", "first", "last")]
    return _fitted(times, "wall clock of the engine", submitted_ns, end_ns)


def stats_times(stats: Any, submitted_ns: int, end_ns: int) -> Times:
    """Take the times from vLLM's own statistics, on the monotonic clock of the engine, in s.

    Wall time = monotonic time + (wall clock - monotonic clock, both read now). One host has one
    monotonic clock; of another host the times are moved as in `told_times`.
    """
    offset = time.time_ns() - time.monotonic_ns()
    names = ("queued_ts", "scheduled_ts", "first_token_ts", "last_token_ts")
    seconds = [getattr(stats, name) or None for name in names]
    times = [each if each is None else offset + int(each * 1e9) for each in seconds]
    return _fitted(times, "monotonic clock + offset", submitted_ns, end_ns)


def _fitted(times: list[int | None], clock: str, submitted_ns: int, end_ns: int) -> Times:
    known = [each for each in times if each is not None]
    if not known or (
        known[0] >= submitted_ns - TOLERANCE_NS and known[-1] <= end_ns + TOLERANCE_NS
    ):
        return Times(clock, *times)
    shift = end_ns - known[-1]
    return Times("anchored to the end", *(each if each is None else each + shift for each in times))


def phases(
    start_ns: int, submitted_ns: int, times: Times, end_ns: int, *, complete: bool
) -> list[tuple[str, int, int]]:
    """Return the name, start and end of each phase.

    A request that did not complete ends in the phase it was in.
    """
    reached = [submitted_ns, times.queued, times.scheduled, times.first]
    ends = [each for each in reached if each is not None]
    if len(ends) == len(reached) and complete and times.last is not None:
        ends.append(times.last)
    ends.append(end_ns)
    found, begin = [], start_ns
    for name, end in zip(NAMES, ends, strict=False):
        if end < begin:  # no max() and min(): it is asked for each phase of each request
            end = begin
        if end > end_ns:
            end = end_ns
        if name != "decode" or end > begin:  # one token needs no decoding
            found.append((name, begin, end))
        begin = end
    return found


def write(span: Span, found: list[tuple[str, int, int]]) -> None:
    """Write the phases as children of the request's span."""
    for name, start_ns, end_ns in found:
        Span(name, parent=span, start_ns=start_ns).end(end_ns)
