"""Explains one trace: reads what is stored of it and of its engines, and puts it together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from axonize_server.model import NotFound, SpanNode, SpanRecord
from axonize_server.query.explain import cold_start, endings, words
from axonize_server.query.explain.parts import Extra, gather
from axonize_server.query.explain.path import (
    ECHO,
    PHASES,
    Family,
    Segment,
    critical_path,
    family,
    find_root,
)
from axonize_server.query.explain.records import Explanation, Fact, PartKind
from axonize_server.query.explain.throttling import throttled
from axonize_server.query.explain.timeline import Piece, Timeline, split
from axonize_server.query.explain.timelines import read_timelines
from axonize_server.query.tree import arrange
from axonize_server.store.clickhouse.gpus.reader import GpuReader
from axonize_server.store.clickhouse.reader import MAX_TRACE_SPANS, SpanReader
from axonize_server.store.clickhouse.steps.reader import StepReader

# Spans that are read in full: the root, the one that failed, requests with the most time.
MOST_REQUESTS = 8
# What a caller waits for before a server answers is looked into from here on.
LONG_WAIT_NS = 10_000_000
WAITS = ("wait", "queue")
ANCHORED = "anchored to the end"


class Readers(NamedTuple):
    """Where an explanation comes from."""

    spans: SpanReader
    steps: StepReader
    gpus: GpuReader


def explain(readers: Readers, tenant: str, trace_id: str) -> Explanation:
    """Return where the time of a trace's root went; raises NotFound."""
    rows = readers.spans.trace_spans(tenant, trace_id)
    if not rows:
        raise NotFound(f"no trace {trace_id}")
    origin_ns = min(row.start_ns for row in rows)
    trace = _Trace(readers, tenant, trace_id, arrange(rows), origin_ns)
    return trace.explain(cut=len(rows) >= MAX_TRACE_SPANS)


class _Trace:
    """A trace being explained; offsets are in ns from its start."""

    def __init__(
        self,
        readers: Readers,
        tenant: str,
        trace_id: str,
        spans: Sequence[SpanNode],
        origin_ns: int,
    ) -> None:
        self.readers, self.tenant, self.trace_id = readers, tenant, trace_id
        self.spans, self.origin_ns = spans, origin_ns
        self.kin: Family = family(spans)
        self.root = find_root(spans)
        self.path = critical_path(spans, self.kin, self.root)
        self.phases = [
            (segment, phase) for segment in self.path if (phase := self._phase(segment.span))
        ]

    def explain(self, *, cut: bool) -> Explanation:
        requests = self._requests()
        asked = self._asked(requests)
        timelines, steps_cut = read_timelines(
            self.readers.steps,
            self.tenant,
            self.trace_id,
            asked,
            self._never_rode(asked),
            self.origin_ns,
        )
        pieces = [piece for segment in self.path for piece in self._pieces(segment, timelines)]
        pieces, extras = self._with_cold_start(pieces)
        parts = gather(pieces, self.spans, extras)
        facts = [
            *self._endings(requests),
            *throttled(self.readers.gpus, self.tenant, self.spans, self.path, self.origin_ns),
        ]
        root = self.spans[self.root]
        verdict, causes = words.verdict(root.duration_ns, parts, facts)
        return Explanation(
            trace_id=self.trace_id,
            span_id=root.span_id,
            start_offset_ns=root.start_offset_ns,
            duration_ns=root.duration_ns,
            verdict=verdict,
            causes=causes,
            parts=parts,
            facts=facts,
            cut=cut or steps_cut,
        )

    def _phase(self, place: int) -> str:
        """Return which phase of a request a span is, "" when it is none."""
        name, parent = self.spans[place].name, self.kin.parents[place]
        if name not in PHASES or parent < 0:
            return ""
        siblings = {self.spans[each].name for each in self.kin.children[parent]}
        return name if self.spans[parent].model or len(siblings & set(PHASES)) > 1 else ""

    def _requests(self) -> dict[int, SpanRecord]:
        """Read the requests with the most time on the path, by their places."""
        times: dict[int, int] = {}
        for segment, _ in self.phases:
            parent = self.kin.parents[segment.span]
            times[parent] = times.get(parent, 0) + segment.end - segment.start
        longest = sorted(times, key=lambda place: -times[place])[:MOST_REQUESTS]
        found = {place: self._read(place) for place in longest}
        return {place: record for place, record in found.items() if record}

    def _read(self, place: int) -> SpanRecord | None:
        return self.readers.spans.span(self.tenant, self.trace_id, self.spans[place].span_id)

    def _asked(self, requests: Mapping[int, SpanRecord]) -> dict[str, list[tuple[str, int, int]]]:
        """Return the phases of each request by its id, of those whose times are the engine's."""
        asked: dict[str, list[tuple[str, int, int]]] = {}
        for segment, phase in self.phases:
            record = requests.get(self.kin.parents[segment.span])
            if record and record.attributes.get("axonize.engine.clock") != ANCHORED:
                asked.setdefault(record.span_id, []).append((phase, segment.start, segment.end))
        return asked

    def _never_rode(self, asked: Mapping[str, Sequence[tuple[str, int, int]]]) -> dict[str, str]:
        """Return the engines of the requests that ended while they waited, as their spans say."""
        waiting = {span_id for span_id, phases in asked.items() if phases[-1][0] in WAITS}
        found = {}
        for place, span in enumerate(self.spans if waiting else ()):
            if span.name == ECHO and span.parent_span_id in waiting:
                record = self._read(place)
                engine_id = record.attributes.get("axonize.engine.id") if record else None
                if isinstance(engine_id, str):
                    found[span.parent_span_id] = engine_id
        return found

    def _pieces(
        self, segment: Segment, timelines: Mapping[str, tuple[Timeline, str]]
    ) -> Iterator[Piece]:
        span, start, end = segment
        phase = self._phase(span)
        known = timelines.get(self.spans[span].parent_span_id or "")
        if phase in ("preprocess", "delivery"):
            yield Piece("preprocess" if phase == "preprocess" else "delivery", span, start, end)
        elif phase and known:
            yield from split(span, phase, start, end, *known)
        elif phase:
            yield from split(span, phase, start, end, Timeline((), 0), "")
        else:
            yield Piece("client" if self._is_hop(span) else "own_time", span, start, end)

    def _is_hop(self, place: int) -> bool:
        """Say whether a span is a client's whose server is here too."""
        below = self.kin.children[place]
        is_client = self.spans[place].kind == "client"
        return is_client and any(self.spans[child].kind == "server" for child in below)

    def _with_cold_start(self, pieces: list[Piece]) -> tuple[list[Piece], dict[PartKind, Extra]]:
        """Give what a caller waited for the start of the process that answered to that start."""
        waits = [
            (piece, child)
            for piece, after in pairwise(pieces)
            if piece.kind in ("own_time", "client")
            and piece.end - piece.start >= LONG_WAIT_NS
            and (child := self._child(piece.span, after.span)) is not None
        ]
        if not waits or not self.phases:
            return pieces, {}
        wait, child = max(waits, key=lambda each: each[0].end - each[0].start)
        answered = self._read(child)
        from_ns, to_ns = self.origin_ns + wait.start, self.origin_ns + wait.end
        found = answered and cold_start.find_start(
            self.readers.spans, self.tenant, answered, from_ns, to_ns
        )
        if not found:
            return pieces, {}
        start, end = (at - self.origin_ns for at in (found[1][0].start_ns, found[1][0].end_ns))
        place = pieces.index(wait)
        given = [*pieces[:place], *cold_start.cut(wait, start, end), *pieces[place + 1 :]]
        return given, {"cold_start": cold_start.evidence(*found)}

    def _child(self, above: int, place: int) -> int | None:
        """Return the child of a span that another one is, or lies below of."""
        while place >= 0 and self.kin.parents[place] != above:
            place = self.kin.parents[place]
        return place if place >= 0 else None

    def _endings(self, requests: Mapping[int, SpanRecord]) -> list[Fact]:
        root = self._read(self.root)
        if root is None:
            return []
        failed = endings.failed_span(self.spans, self.kin, self.root)
        record = self._read(failed) if failed is not None else None
        return endings.endings(root, record, requests.values(), self.phases)
