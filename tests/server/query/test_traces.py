from __future__ import annotations

import itertools
import random

import pytest
from axonize_server.model import InvalidQuery, NotFound, TraceKey, TraceSearch
from axonize_server.query import traces
from axonize_server.store.clickhouse.traces.rollup_sql import Horizon

from tests.server.rows import MINUTE_NS, NOW_NS, row, span_id, table, trace_id

HOUR_MS, SECOND_NS = 3_600_000, 1_000_000_000
WEEK = {"from_ns": NOW_NS - 7 * 24 * 60 * MINUTE_NS, "to_ns": NOW_NS + MINUTE_NS}
MINUTE = {"from_ns": NOW_NS, "to_ns": NOW_NS + MINUTE_NS}


@pytest.fixture
def writer(either_writer):
    """Every answer is the same before and after the roll-up."""
    return either_writer


def pages(reader, tenant, wanted):
    """Return the trace numbers of every page."""
    cursor = None
    while True:
        found, cursor = traces.search(reader, tenant, wanted, cursor)
        yield [int(trace.trace_id, 16) for trace in found]
        if cursor is None:
            return


def found(reader, tenant, **search) -> list[int]:
    """Return the trace numbers that one large page holds."""
    (page,) = pages(reader, tenant, TraceSearch(**{**MINUTE, **search}))
    return page


@pytest.mark.parametrize("sort", ["-start_time", "start_time", "-duration", "duration"])
def test_pages_hold_every_trace_once_in_order(writer, reader, tenant, sort):
    numbers = range(1, 41)
    # Many share their start and their duration, so that the id decides; others lie days apart.
    start_ms = {n: -(n % 5) * (n % 3) * 20 * HOUR_MS for n in numbers}
    ms = {n: 1 + n % 4 for n in numbers}
    rows = [row(n, n, start_ms=start_ms[n], ms=ms[n]) for n in numbers]
    random.Random(1).shuffle(rows)
    writer.insert(table(tenant, rows[:20]))
    writer.insert(table(tenant, rows[15:]))  # five of them came twice
    key = start_ms if sort.endswith("start_time") else ms
    expected = sorted(numbers, key=lambda n: (key[n], n), reverse=sort.startswith("-"))
    found = list(pages(reader, tenant, TraceSearch(**WEEK, sort=sort, limit=7)))
    assert [len(page) for page in found] == [7, 7, 7, 7, 7, 5]
    assert list(itertools.chain(*found)) == expected


def test_the_newest_are_looked_for_in_a_short_time_where_many_come(
    writer, reader, tenant, monkeypatch
):
    writer.insert(table(tenant, [row(n, n, start_ms=-(n**5)) for n in range(1, 31)]))
    monkeypatch.setattr(traces, "NEWEST_SPANS", 1)
    assert traces._first_width(reader.horizon(), None) <= SECOND_NS
    found = list(pages(reader, tenant, TraceSearch(**WEEK, limit=7)))
    assert list(itertools.chain(*found)) == list(range(1, 31))


@pytest.mark.parametrize(
    ("spans_per_s", "newest_s", "page_s"),
    [(0, 60, 60), (115, 60, 60), (1000, 20, 20), (5000, 10, 10), (50_000, 2, 10)],
)
def test_the_first_part_lasts_as_long_as_a_page_takes_to_come(spans_per_s, newest_s, page_s):
    horizon = Horizon(0, 0, spans_per_s)
    after = TraceKey(0, "f" * 32)
    widths = [traces._first_width(horizon, each) for each in (None, after)]
    assert widths == [newest_s * SECOND_NS, page_s * SECOND_NS]


def test_a_full_last_page_has_no_cursor(writer, reader, tenant):
    writer.insert(table(tenant, [row(1, 1), row(2, 2, start_ms=1)]))
    assert list(pages(reader, tenant, TraceSearch(**MINUTE, limit=2))) == [[2, 1]]


def test_a_trace_belongs_to_the_range_that_it_starts_in(writer, reader, tenant):
    before = [row(1, 1, start_ms=-1, ms=10), row(1, 2, 1, start_ms=5)]
    inside = [row(2, 3, start_ms=0), row(2, 4, 3, start_ms=90_000)]
    after = [row(3, 5, start_ms=60_000)]
    writer.insert(table(tenant, before + inside + after))
    assert found(reader, tenant) == [2]
    assert found(reader, tenant, sort="duration") == [2]


def test_a_page_is_full_also_when_many_candidates_turn_out_wrong(writer, reader, tenant):
    began_earlier = [
        each
        for n in range(1, 31)
        for each in (row(n, n, start_ms=-10 * HOUR_MS), row(n, 100 + n, n, start_ms=50))
    ]
    inside = [row(n, n, start_ms=1) for n in range(51, 56)]
    writer.insert(table(tenant, began_earlier + inside))
    for sort in ("-start_time", "-duration"):
        wanted = TraceSearch(**MINUTE, sort=sort, limit=3)
        assert list(pages(reader, tenant, wanted)) == [[55, 54, 53], [52, 51]]


def test_a_gpu_is_looked_for_by_its_own_name_and_by_that_of_the_gpu_it_is_a_part_of(
    writer, reader, tenant
):
    others = ("gpu.label", "gpu.model", "gpu.vendor", "gpu.node_id")
    whole = {"gpu.resource_uuid": ["GPU-1"], "gpu.physical_uuid": ["GPU-1"]}
    whole |= {key: [""] for key in others}
    part = {"gpu.resource_uuid": ["GPU-2", "MIG-1"], "gpu.physical_uuid": ["GPU-2", "GPU-1"]}
    part |= {key: ["", ""] for key in others}
    rows = [
        row(1, 1),
        row(1, 2, 1, start_ms=1, **whole),
        row(2, 3, start_ms=2, **part),
        row(3, 4, start_ms=3),
    ]
    writer.insert(table(tenant, rows))
    assert found(reader, tenant, gpu="GPU-1") == [2, 1]
    assert found(reader, tenant, gpu="GPU-2") == [2]
    assert found(reader, tenant, gpu="MIG-1") == [2]
    assert found(reader, tenant, gpu="MIG-1", status="error") == []
    assert found(reader, tenant, gpu="GPU") == []


def test_filters_look_at_every_span_of_a_trace(writer, reader, tenant):
    rows = [
        row(1, 1, service_name="api", name="GET /", ms=5),
        row(1, 2, 1, service_name="engine", name="Prefill", model="llama", start_ms=1),
        row(2, 3, service_name="api", name="GET /", ms=50),
        row(2, 4, 3, service_name="engine", status="error", model="qwen", start_ms=120_000),
    ]
    writer.insert(table(tenant, rows))
    assert found(reader, tenant) == [2, 1]
    assert found(reader, tenant, service="engine") == [2, 1]
    assert found(reader, tenant, service="nobody") == []
    assert found(reader, tenant, model="llama") == [1]
    assert found(reader, tenant, model="qwen") == [2]
    assert found(reader, tenant, service="engine", model="llama", status="error") == []
    assert found(reader, tenant, status="error") == [2]
    assert found(reader, tenant, status="ok") == [1]
    assert found(reader, tenant, min_duration_ns=6_000_000) == [2]
    assert found(reader, tenant, max_duration_ns=5_000_000) == [1]
    assert found(reader, tenant, text="prefill") == [1]
    assert found(reader, tenant, text="ENGINE") == [2, 1]
    assert found(reader, tenant, text=trace_id(2)[:32].upper()) == [2]
    assert found(reader, tenant, text="%") == []


def test_a_late_span_disqualifies_a_trace_that_looked_right(writer, reader, tenant):
    hours_later = row(1, 2, 1, start_ms=3 * HOUR_MS, status="error")
    writer.insert(table(tenant, [row(1, 1), row(2, 3)]))
    writer.insert(table(tenant, [hours_later]))
    assert found(reader, tenant, status="ok") == [2]
    assert found(reader, tenant, max_duration_ns=5_000_000) == [2]


@pytest.mark.parametrize("to_ns", [NOW_NS, NOW_NS - 1])
def test_a_range_must_have_time_in_it(reader, tenant, to_ns):
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        traces.search(reader, tenant, TraceSearch(from_ns=NOW_NS, to_ns=to_ns), None)


def test_a_whole_trace_is_its_summary_and_its_tree(writer, reader, tenant):
    writer.insert(table(tenant, [row(1, 2, 1, start_ms=1), row(1, 1, ms=5)]))
    trace = traces.trace(reader, tenant, trace_id(1))
    assert trace.summary == reader.traces(tenant, [trace_id(1)], NOW_NS)[trace_id(1)]
    assert [(node.span_id, node.depth) for node in trace.spans] == [
        (span_id(1), 0), (span_id(2), 1),
    ]  # fmt: skip


def test_spans_of_a_trace_come_in_pages(writer, reader, tenant):
    writer.insert(table(tenant, [row(1, n, start_ms=n // 2) for n in range(1, 8)]))
    numbers, cursor = [], None
    while True:
        page, cursor = traces.spans(reader, tenant, trace_id(1), 3, cursor)
        numbers.append([int(span.span_id, 16) for span in page])
        if cursor is None:
            break
    assert numbers == [[1, 2, 3], [4, 5, 6], [7]]


def test_what_is_not_stored_is_not_found(writer, reader, tenant):
    writer.insert(table(tenant, [row(1, 1)]))
    with pytest.raises(NotFound, match=trace_id(2)):
        traces.trace(reader, tenant, trace_id(2))
    with pytest.raises(NotFound, match=trace_id(2)):
        traces.spans(reader, tenant, trace_id(2), 10, None)
    with pytest.raises(NotFound, match=span_id(9)):
        traces.span(reader, tenant, trace_id(1), span_id(9))
    with pytest.raises(NotFound):
        traces.trace(reader, "another-tenant", trace_id(1))


def test_one_span_and_the_facets_are_what_the_store_says(writer, reader, tenant):
    writer.insert(table(tenant, [row(1, 1, model="llama")]))
    assert traces.span(reader, tenant, trace_id(1), span_id(1)) == reader.span(
        tenant, trace_id(1), span_id(1)
    )
    assert traces.facets(reader, tenant, **MINUTE) == reader.facets(tenant, **MINUTE)
