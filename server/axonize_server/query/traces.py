"""Questions about traces, always for one tenant: search, one trace as a tree, its spans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from axonize_server.model import (
    Facets,
    NotFound,
    SpanRecord,
    Trace,
    TraceKey,
    TraceRecord,
    TraceSearch,
    TraceTable,
)
from axonize_server.query.cursor import SPAN_ID, TRACE_ID, Place, decode, encode
from axonize_server.query.ranges import check_range
from axonize_server.query.slices import FIRST_SLICE_NS, slices
from axonize_server.query.tree import arrange
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.traces.rollup_sql import Horizon

SPAN_ORDER = "spans"
SECOND_NS = 1_000_000_000
# Two seconds of 50,000 spans each: spans come some seconds after they began.
NEWEST_SPANS = 100_000
# Where few spans come, a page is looked for at once in a time that holds it: a few milliseconds
# more, instead of a second question.
PAGE_SPANS, LONGEST_FIRST_NS = 20_000, 6 * FIRST_SLICE_NS
Spans = TypeVar("Spans")


def search(
    reader: SpanReader, tenant: str, wanted: TraceSearch, cursor: str | None
) -> tuple[list[TraceRecord], str | None]:
    """Return one page of the traces that match, and the cursor of the next page if there is one.

    Raises InvalidQuery for a range without time in it and for a cursor of another list.
    """
    check_range(wanted.from_ns, wanted.to_ns)
    place = decode(cursor, wanted.sort, TRACE_ID) if cursor else None
    after = TraceKey(place.value, place.id) if place else None
    horizon = reader.horizon()
    found: list[TraceRecord] = []
    for part in _slices(wanted, after, horizon):
        found += _take(reader, tenant, part, after, wanted.limit + 1 - len(found), horizon)
        if len(found) > wanted.limit:
            break
    page = found[: wanted.limit]
    return page, encode(_place(page[-1], wanted.sort)) if len(found) > wanted.limit else None


def _take(
    reader: SpanReader,
    tenant: str,
    wanted: TraceSearch,
    after: TraceKey | None,
    limit: int,
    horizon: Horizon,
) -> list[TraceRecord]:
    """Return up to `limit` traces of one slice, asking again while candidates turn out wrong."""
    found: list[TraceRecord] = []
    while len(found) < limit:
        keys = reader.candidate_traces(tenant, wanted, after, limit, horizon)
        trace_ids = [key.trace_id for key in keys]
        records = reader.traces(tenant, trace_ids, wanted.from_ns, horizon)
        candidates = (records.get(key.trace_id) for key in keys)
        found += [each for each in candidates if each and _matches(each, wanted)]
        if len(keys) < limit:
            break
        after = keys[-1]
    return found[:limit]


def _matches(trace: TraceRecord, wanted: TraceSearch) -> bool:
    """Check what the spans outside the slice can change; the rest is settled by any one span."""
    return (
        wanted.from_ns <= trace.start_ns < wanted.to_ns
        and (wanted.status is None or trace.status == wanted.status)
        and (wanted.max_duration_ns is None or trace.duration_ns <= wanted.max_duration_ns)
        and (wanted.setup is None or trace.setup == wanted.setup)
    )


def _slices(wanted: TraceSearch, after: TraceKey | None, horizon: Horizon) -> Iterator[TraceSearch]:
    """Cut the range into growing parts, so that a first page of recent traces reads little.

    What was not committed yet has hardly started: only clocks that are ahead say so.
    """
    first, last = wanted.from_ns, wanted.to_ns
    if wanted.sort.endswith("duration"):
        yield wanted
        return
    newest_first = wanted.sort == "-start_time"
    if after and newest_first:
        last = min(last, after.value + 1)
    elif after:
        first = max(first, after.value)
    newest_ns = horizon.committed_ns if newest_first else None
    width_ns = FIRST_SLICE_NS if _has_filters(wanted) else _first_width(horizon, after)
    for start, end in slices(
        first, last, newest_first=newest_first, newest_ns=newest_ns, width_ns=width_ns
    ):
        yield msgspec.structs.replace(wanted, from_ns=start, to_ns=end)


def _first_width(horizon: Horizon, after: TraceKey | None) -> int:
    """Return in how many ns about a page of traces begins, if they come as they did lately."""
    a_span_ns = SECOND_NS / max(horizon.spans_per_s, 1)
    width_ns = min(max(FIRST_SLICE_NS, round(PAGE_SPANS * a_span_ns)), LONGEST_FIRST_NS)
    # After a cursor it may be another time, with fewer spans.
    return width_ns if after else min(width_ns, round(NEWEST_SPANS * a_span_ns))


def _has_filters(wanted: TraceSearch) -> bool:
    everything = TraceSearch(
        from_ns=wanted.from_ns, to_ns=wanted.to_ns, sort=wanted.sort, limit=wanted.limit
    )
    return wanted != everything


def _place(trace: TraceRecord, order: str) -> Place:
    value = trace.duration_ns if order.endswith("duration") else trace.start_ns
    return Place(order, value, trace.trace_id)


def trace(reader: SpanReader, tenant: str, trace_id: str) -> Trace:
    """Return one trace with its first 100,000 spans as a tree; raises NotFound."""
    summary, rows = _read(reader, reader.trace_spans, tenant, trace_id)
    return Trace(summary=summary, spans=arrange(rows))


def trace_table(reader: SpanReader, tenant: str, trace_id: str) -> TraceTable:
    """Return one trace with its first 100,000 spans by columns; raises NotFound."""
    return TraceTable(*_read(reader, reader.span_table, tenant, trace_id))


def _read(
    reader: SpanReader, read_spans: Callable[[str, str], Spans], tenant: str, trace_id: str
) -> tuple[TraceRecord, Spans]:
    with ThreadPoolExecutor(1) as beside:
        spans = beside.submit(read_spans, tenant, trace_id)
        summary = reader.traces(tenant, [trace_id], 0).get(trace_id)
    if summary is None:
        raise NotFound(f"no trace {trace_id}")
    return summary, spans.result()


def spans(
    reader: SpanReader, tenant: str, trace_id: str, limit: int, cursor: str | None
) -> tuple[list[SpanRecord], str | None]:
    """Return one page of a trace's spans by start, and the cursor of the next; raises NotFound."""
    place = decode(cursor, SPAN_ORDER, SPAN_ID) if cursor else None
    after = (place.value, place.id) if place else None
    found = reader.span_page(tenant, trace_id, after, limit + 1)
    if not found and not place:
        raise NotFound(f"no trace {trace_id}")
    page = found[:limit]
    more = len(found) > limit
    return page, encode(Place(SPAN_ORDER, page[-1].start_ns, page[-1].span_id)) if more else None


def span(reader: SpanReader, tenant: str, trace_id: str, span_id: str) -> SpanRecord:
    """Return one span with everything stored about it; raises NotFound."""
    found = reader.span(tenant, trace_id, span_id)
    if found is None:
        raise NotFound(f"no span {span_id} in trace {trace_id}")
    return found


def facets(reader: SpanReader, tenant: str, from_ns: int, to_ns: int) -> Facets:
    """Return the services and models that a filter can name in [from_ns, to_ns), Unix ns."""
    return reader.facets(tenant, from_ns, to_ns)
