"""What one engine did, step by step, and what that means for one of its requests."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from axonize_server.query.explain.records import PartKind
from axonize_server.steps import StepRecord

NEVER = 2**63


class Piece(NamedTuple):
    """A stretch of the root's time and why it went by; ns from the start of the trace."""

    kind: PartKind
    span: int
    start: int
    end: int
    step: StepRecord | None = None
    request_id: str = ""


class Turn(NamedTuple):
    """The time that belongs to one step: steps that overlap begin where the one before ends."""

    start: int
    end: int
    step: StepRecord


class Timeline:
    """Steps of one engine by start; origin_ns is where the trace starts, Unix ns."""

    def __init__(self, steps: Iterable[StepRecord], origin_ns: int) -> None:
        once = {step.key: step for step in steps}
        self.turns: list[Turn] = []
        reached = 0
        for key in sorted(once):
            step = once[key]
            end = step.end_ns - origin_ns
            start = step.start_ns - origin_ns
            if self.turns:
                start = max(start, reached)
            reached = max(end, start)
            if start < end:
                self.turns.append(Turn(start, end, step))
        self._ends = [turn.end for turn in self.turns]

    def within(self, start: int, end: int) -> Iterator[Turn]:
        """Yield the turns that overlap [start, end), cut to it."""
        for turn in self.turns[bisect_right(self._ends, start) :]:
            if turn.start >= end:
                return
            yield Turn(max(turn.start, start), min(turn.end, end), turn.step)

    def pauses(self, request_id: str) -> list[tuple[int, int]]:
        """Return from when to when a request was preempted; the last time may be for good."""
        found: list[tuple[int, int]] = []
        since: int | None = None
        for turn in self.turns:
            if since is not None and request_id in turn.step.request_ids:
                found.append((since, turn.start))
                since = None
            if since is None and request_id in turn.step.preempted_ids:
                since = turn.start
        return found if since is None else [*found, (since, NEVER)]


def split(
    span: int, phase: str, start: int, end: int, timeline: Timeline, request_id: str
) -> Iterator[Piece]:
    """Cut a phase of a request by the steps of its engine, without a gap."""
    pauses = timeline.pauses(request_id) if phase in ("prefill", "decode") else []
    turns = list(timeline.within(start, end))
    last = max((turn.end for turn in turns if request_id in turn.step.request_ids), default=0)
    at = start
    for turn in turns:
        if at < turn.start:
            idle = _idle(phase, pauses, at, last)
            yield Piece(idle, span, at, turn.start, None, request_id)
        kind = _kind(phase, turn.step, request_id, pauses, turn.start)
        yield Piece(kind, span, turn.start, turn.end, turn.step, request_id)
        at = turn.end
    if at < end:
        yield Piece(_idle(phase, pauses, at, last), span, at, end, None, request_id)


def _idle(phase: str, pauses: list[tuple[int, int]], at: int, last: int) -> PartKind:
    """Say what time is in which no step is known; `last` is the end of the request's last one.

    After that one steps may be missing, as those of an engine that died: only the phase is known.
    """
    if phase == "wait":
        return "wait"
    if phase == "queue":
        return "queue"
    if _is_paused(pauses, at):
        return "preempted"
    if at < last:
        return "between_steps"
    return "prefill" if phase == "prefill" else "decode"


def _kind(
    phase: str, step: StepRecord, request_id: str, pauses: list[tuple[int, int]], at: int
) -> PartKind:
    place = step.request_ids.index(request_id) if request_id in step.request_ids else -1
    own = step.prefill_tokens[place] if place >= 0 else 0
    others = sum(step.prefill_tokens) - own
    if phase == "wait":
        return "wait_prefill" if others else "wait_decode"
    if phase == "queue":
        return "queue_prefill" if others else "queue_decode"
    if place < 0:
        return "preempted" if _is_paused(pauses, at) else "unscheduled"
    if own and any(pause[0] <= at for pause in pauses):
        return "recompute"
    if phase == "prefill":
        return "prefill_shared" if others else "prefill"
    return "decode_shared" if others else "decode"


def _is_paused(pauses: list[tuple[int, int]], at: int) -> bool:
    return any(start <= at < end for start, end in pauses)
