"""Reads what the engines of a trace did: its own steps, and those that it waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from axonize_server.query.explain.timeline import Timeline
from axonize_server.steps import Ride, StepRecord, StepSearch
from axonize_server.store.clickhouse.steps.reader import StepReader

Phases = Sequence[tuple[str, int, int]]
"""Name, start and end of each; ns from the start of the trace."""

MOST_STEPS = 20_000
MOST_WINDOWS = 16
MOST_STEPS_WAITED_FOR = 1_000
# A step that is under way when a wait begins may have begun so long before.
LOOK_BACK_NS = 60_000_000_000
# Shorter pauses between steps are the engine's own work.
GAP_NS = 1_000_000


def read_timelines(
    reader: StepReader,
    tenant: str,
    trace_id: str,
    asked: Mapping[str, Phases],
    never_rode: Mapping[str, str],
    origin_ns: int,
) -> tuple[dict[str, tuple[Timeline, str]], bool]:
    """Return by request span the steps of its engine around its phases, and its id there.

    asked: phases by request span; never_rode: the engines of requests that were given up before a
    step had them. The second is whether there were more steps than are read.
    """
    rides = reader.rides(tenant, trace_id, origin_ns) if asked else None
    own = reader.trace_steps(tenant, trace_id, rides, None, MOST_STEPS) if rides else []
    known = {span_id: Ride(engine_id, "", span_id) for span_id, engine_id in never_rode.items()}
    known |= {each.span_id: each for each in (rides.requests if rides else ())}
    known = {span_id: ride for span_id, ride in known.items() if span_id in asked}
    windows = _windows(known, asked, own, origin_ns)
    found = list(own)
    cut = len(own) == MOST_STEPS or len(windows) > MOST_WINDOWS
    for engine_id, start, end in windows[:MOST_WINDOWS]:
        wanted = StepSearch(
            from_ns=origin_ns + start - LOOK_BACK_NS,
            to_ns=origin_ns + end,
            engine_id=engine_id,
            limit=MOST_STEPS_WAITED_FOR,
        )
        more = reader.steps(tenant, wanted, None, wanted.limit)
        # The rest of those before the window is of no use.
        found += [step for step in more if step.end_ns > origin_ns + start]
        cut = cut or (len(more) == wanted.limit and more[-1].start_ns > origin_ns + start)
    lines = {
        engine_id: Timeline(_of(found, engine_id), origin_ns)
        for engine_id in {ride.engine_id for ride in known.values()}
    }
    return {
        span_id: (lines[ride.engine_id], ride.request_id) for span_id, ride in known.items()
    }, cut


def _of(steps: Sequence[StepRecord], engine_id: str) -> list[StepRecord]:
    return [step for step in steps if step.engine.engine_id == engine_id]


def _windows(
    known: Mapping[str, Ride],
    asked: Mapping[str, Phases],
    own: Sequence[StepRecord],
    origin_ns: int,
) -> list[tuple[str, int, int]]:
    """Return when requests waited for their engine, the longest first."""
    waits = [
        (ride.engine_id, start, end)
        for span_id, ride in known.items()
        for start, end in _waits(ride, asked[span_id], own, origin_ns)
    ]
    return sorted(_joined(waits), key=lambda wait: wait[1] - wait[2])


def _waits(
    ride: Ride, phases: Phases, own: Sequence[StepRecord], origin_ns: int
) -> Iterator[tuple[int, int]]:
    ridden = [step for step in _of(own, ride.engine_id) if ride.request_id in step.request_ids]
    line = Timeline(ridden, origin_ns)
    for phase, start, end in phases:
        if phase in ("wait", "queue"):
            yield start, end
        elif phase in ("prefill", "decode"):
            yield from _gaps(line, start, end)


def _gaps(line: Timeline, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield when other steps may have run: between those that follow each other none has."""
    at, number = start, 0
    for turn in line.within(start, end):
        if turn.start - at >= GAP_NS and turn.step.number != number + 1:
            yield at, turn.start
        at, number = turn.end, turn.step.number
    if end - at >= GAP_NS:
        yield at, end


def _joined(waits: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Make one of those that touch."""
    joined: list[tuple[str, int, int]] = []
    for engine_id, start, end in sorted(waits):
        last = joined[-1] if joined else None
        if last and last[0] == engine_id and start <= last[2]:
            joined[-1] = (engine_id, last[1], max(last[2], end))
        else:
            joined.append((engine_id, start, end))
    return joined
