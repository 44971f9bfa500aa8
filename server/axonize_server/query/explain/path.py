"""The critical path: at each moment the one span that the end of the root waited for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from axonize_server.model import SpanNode

# What an engine's own process says of a request; its phases say the same in more detail.
ECHO = "engine.request"
PHASES = ("preprocess", "wait", "queue", "prefill", "decode", "delivery")


class Segment(NamedTuple):
    """A stretch of the path in a span, by its place in the list; ns from the trace's start."""

    span: int
    start: int
    end: int


class Family(NamedTuple):
    """Who is below whom, by places in a depth-first list; a root has the parent -1."""

    parents: list[int]
    children: list[list[int]]


def family(spans: Sequence[SpanNode]) -> Family:
    """Link spans up by their depth."""
    parents: list[int] = []
    children: list[list[int]] = [[] for _ in spans]
    above: list[int] = []
    for place, span in enumerate(spans):
        del above[span.depth :]
        parents.append(above[-1] if above else -1)
        if above:
            children[above[-1]].append(place)
        above.append(place)
    return Family(parents, children)


def find_root(spans: Sequence[SpanNode]) -> int:
    """Return the place of the longest root; an orphan only where there is no other."""
    roots = [place for place, span in enumerate(spans) if span.depth == 0]
    return max(roots, key=lambda place: (not spans[place].orphan, spans[place].duration_ns))


def critical_path(spans: Sequence[SpanNode], kin: Family, root: int) -> list[Segment]:
    """Return segments that follow each other without a gap from the root's start to its end.

    Seen from the end, the path is in the child that ended last of those that ran; where none did,
    in the span itself. Without recursion, for traces of any depth.
    """
    end = spans[root].start_offset_ns + spans[root].duration_ns
    found: list[Segment] = []
    walks = [_Walk(spans, kin, root, spans[root].start_offset_ns, end)]
    while walks:
        walk = walks[-1]
        step = walk.next()
        if step is None:
            walks.pop()
            _add(found, walk.span, walk.start, walk.at)
            continue
        child, start, end = step
        _add(found, walk.span, end, walk.at)
        walk.at = start
        walks.append(_Walk(spans, kin, child, start, end))
    return found[::-1]


def _add(found: list[Segment], span: int, start: int, end: int) -> None:
    if start < end:
        found.append(Segment(span, start, end))


class _Walk:
    """A walk through one span from `at` back to `start`."""

    def __init__(
        self, spans: Sequence[SpanNode], kin: Family, span: int, start: int, at: int
    ) -> None:
        self.span, self.start, self.at = span, start, at
        self._spans = spans
        self._children = _last_first(spans, kin.children[span])

    def next(self) -> tuple[int, int, int] | None:
        """Return the child before `at` that ended last, with the part of it that lies there."""
        for child in self._children:
            span = self._spans[child]
            start = max(span.start_offset_ns, self.start)
            end = min(span.start_offset_ns + span.duration_ns, self.at)
            if start < end:
                return child, start, end
        return None


def _last_first(spans: Sequence[SpanNode], children: list[int]) -> Iterator[int]:
    has_phases = any(spans[child].name in PHASES for child in children)
    shown = (child for child in children if not (has_phases and spans[child].name == ECHO))
    return iter(
        sorted(
            shown,
            key=lambda child: (
                -spans[child].start_offset_ns - spans[child].duration_ns,
                spans[child].start_offset_ns,
                spans[child].span_id,
            ),
        )
    )
