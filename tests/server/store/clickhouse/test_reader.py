from __future__ import annotations

import time

import pyarrow as pa
import pytest
from axonize_server.model import (
    Facets,
    QueryTooLarge,
    QueryTooSlow,
    SpanEvent,
    SpanGPU,
    SpanLink,
    SpanRecord,
    SpanRow,
    TraceKey,
    TraceRecord,
    TraceSearch,
)
from axonize_server.store.clickhouse.minutes.rollup import MinuteRollup
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.clickhouse.writer import SpanWriter

from tests.server.conftest import SETTLED_NS
from tests.server.rows import MINUTE_NS, NOW_NS, TIMESTAMP, row, span_id, table, trace_id

WINDOW = {"from_ns": NOW_NS - MINUTE_NS, "to_ns": NOW_NS + MINUTE_NS}
GPU = {
    "gpu.label": ["cuda:0", "cuda:1"],
    "gpu.resource_uuid": ["GPU-1", "MIG-2"],
    "gpu.physical_uuid": ["GPU-1", "GPU-2"],
    "gpu.model": ["H100", "H100"],
    "gpu.vendor": ["nvidia", "nvidia"],
    "gpu.node_id": ["node", "node"],
}
EVENTS = {
    "events.time": [NOW_NS + 7],
    "events.name": ["token"],
    "events.attributes": [[("n", "1")]],
    "events.attribute_types": ["i"],
}
LINKS = {
    "links.trace_id": [(9).to_bytes(16, "big")],
    "links.span_id": [(8).to_bytes(8, "big")],
    "links.trace_state": ["a=b"],
    "links.attributes": [[("why", "step")]],
    "links.attribute_types": ["s"],
}


@pytest.fixture
def writer(either_writer):
    """Every answer is the same before and after the roll-up."""
    return either_writer


def one_trace():
    return [
        row(1, 1, ms=10, name="POST /v1/chat", service_name="api", kind="server"),
        row(1, 2, 1, start_ms=2, ms=7, name="generate", service_name="engine", model="llama",
            input_tokens=12, output_tokens=34, ttft_ms=1.5, status="error", **GPU, **EVENTS,
            **LINKS),
    ]  # fmt: skip


def test_a_trace_says_what_all_of_its_spans_say(writer, reader, tenant):
    writer.insert(table(tenant, one_trace()))
    expected = TraceRecord(
        trace_id=trace_id(1),
        start_ns=NOW_NS,
        duration_ns=10_000_000,
        name="POST /v1/chat",
        service_name="api",
        services=["api", "engine"],
        models=["llama"],
        span_count=2,
        error_count=1,
        input_tokens=12,
        output_tokens=34,
        ttft_ms=1.5,
    )
    assert reader.traces(tenant, [trace_id(1), trace_id(2)], NOW_NS) == {trace_id(1): expected}


def test_a_block_that_was_stored_twice_counts_once(writer, reader, tenant):
    writer.insert(table(tenant, one_trace()))
    once = (
        reader.traces(tenant, [trace_id(1)], NOW_NS),
        reader.trace_spans(tenant, trace_id(1)),
        reader.span_page(tenant, trace_id(1), None, 10),
    )
    writer.insert(table(tenant, one_trace()))
    assert once == (
        reader.traces(tenant, [trace_id(1)], NOW_NS),
        reader.trace_spans(tenant, trace_id(1)),
        reader.span_page(tenant, trace_id(1), None, 10),
    )


def test_without_a_root_the_earliest_span_names_the_trace(writer, reader, tenant):
    late = row(1, 1, parent=99, start_ms=5, name="late", service_name="b")
    early = row(1, 2, parent=98, start_ms=1, name="early", service_name="a")
    writer.insert(table(tenant, [late, early]))
    found = reader.traces(tenant, [trace_id(1)], NOW_NS)[trace_id(1)]
    assert (found.name, found.service_name, found.ttft_ms) == ("early", "a", None)


def test_without_a_root_the_first_server_span_names_the_trace(writer, reader, tenant):
    inner = row(1, 1, parent=2, start_ms=1, name="chat llama", service_name="engine")
    outer = row(1, 2, parent=99, start_ms=2, name="POST /v1/chat", kind="server")
    writer.insert(table(tenant, [inner, outer]))
    found = reader.traces(tenant, [trace_id(1)], NOW_NS)[trace_id(1)]
    assert (found.name, found.service_name) == ("POST /v1/chat", "api")


def test_the_spans_of_a_trace_come_by_start(writer, reader, tenant):
    writer.insert(table(tenant, one_trace()[::-1]))
    root, child = reader.trace_spans(tenant, trace_id(1))
    assert root == SpanRow(
        span_id(1), "", "POST /v1/chat", "api", "server", "unset", NOW_NS, NOW_NS + 10_000_000,
        "", 0, 0, 0.0, [], 0, 0,
    )  # fmt: skip
    gpus = [
        SpanGPU("cuda:0", "GPU-1", "GPU-1", "H100", "nvidia", "node"),
        SpanGPU("cuda:1", "MIG-2", "GPU-2", "H100", "nvidia", "node"),
    ]
    assert child == SpanRow(
        span_id(2), span_id(1), "generate", "engine", "internal", "error", NOW_NS + 2_000_000,
        NOW_NS + 9_000_000, "llama", 12, 34, 1.5, gpus, 1, 1,
    )  # fmt: skip
    by_columns = reader.span_table(tenant, trace_id(1))
    for name in SpanRow.__struct_fields__:
        assert getattr(by_columns, name) == [getattr(root, name), getattr(child, name)]
    assert reader.span_table(tenant, trace_id(2)).span_id == []


def test_a_span_comes_with_everything_stored_about_it(writer, reader, tenant):
    attributes = {
        "attributes": [("count", "3"), ("share", "0.5"), ("tags", '["a","b"]')],
        "attribute_types": "ida",
        "resource_attributes": [("service.name", "engine")],
        "resource_attribute_types": "s",
    }
    columns = {**attributes, **EVENTS, **LINKS, "scope_name": "axonize", "scope_version": "0.1"}
    columns |= {"status": "error", "status_message": "boom", "trace_state": "x=y"}
    writer.insert(table(tenant, [row(1, 2, 1, ms=3, **columns)]))
    expected = SpanRecord(
        trace_id=trace_id(1),
        span_id=span_id(2),
        parent_span_id=span_id(1),
        name="work",
        kind="internal",
        service_name="api",
        scope_name="axonize",
        scope_version="0.1",
        start_ns=NOW_NS,
        end_ns=NOW_NS + 3_000_000,
        status="error",
        status_message="boom",
        trace_state="x=y",
        attributes={"count": 3, "share": 0.5, "tags": ["a", "b"]},
        resource={"service.name": "engine"},
        events=[SpanEvent("token", NOW_NS + 7, {"n": 1})],
        links=[SpanLink(trace_id(9), span_id(8), "a=b", {"why": "step"})],
    )
    assert reader.span(tenant, trace_id(1), span_id(2)) == expected
    assert reader.span_page(tenant, trace_id(1), None, 10) == [expected]


def test_pages_of_spans_follow_each_other(writer, reader, tenant):
    same_start = [row(1, number) for number in range(1, 6)]
    writer.insert(table(tenant, same_start))
    first = reader.span_page(tenant, trace_id(1), None, 3)
    rest = reader.span_page(tenant, trace_id(1), (first[-1].start_ns, first[-1].span_id), 3)
    assert [span.span_id for span in first + rest] == [span_id(number) for number in range(1, 6)]


def test_facets_are_sorted_and_bounded_by_the_range(writer, reader, tenant):
    rows = [
        row(1, 1, service_name="b", model="m2"),
        row(2, 2, service_name="a", model="m1"),
        row(3, 3, service_name="a"),
        row(4, 4, service_name="old", model="old", start_ms=-120_000),
    ]
    writer.insert(table(tenant, rows))
    assert reader.facets(tenant, **WINDOW) == Facets(services=["a", "b"], models=["m1", "m2"])


def test_facets_hold_what_is_counted_what_is_not_yet_and_what_never_is(
    writer, reader, tenant, clickhouse
):
    day_ms = 86_400_000
    long_ago = time.time_ns() - 2 * 60 * MINUTE_NS
    counted = table(tenant, [row(1, 1, start_ms=-day_ms // 12, service_name="counted", model="m")])
    arrived = pa.array([long_ago], TIMESTAMP)
    SpanWriter(clickhouse).insert(counted.append_column("ingested_at", arrived))
    MinuteRollup(clickhouse).catch_up()
    writer.insert(
        table(
            tenant,
            [
                row(2, 2, start_ms=-day_ms // 12, service_name="late"),
                row(3, 3, start_ms=day_ms, service_name="ahead"),
                row(4, 4, start_ms=-200 * day_ms, service_name="old"),
            ],
        )
    )
    everything = {"from_ns": NOW_NS - 300 * 1440 * MINUTE_NS, "to_ns": NOW_NS + 2880 * MINUTE_NS}
    facets = reader.facets(tenant, **everything)
    assert facets == Facets(services=["ahead", "counted", "late", "old"], models=["m"])
    today = reader.facets(tenant, NOW_NS - 180 * MINUTE_NS, NOW_NS)
    assert today == Facets(services=["counted", "late"], models=["m"])


def test_a_text_is_found_in_times_whose_spans_are_gone(writer, reader, tenant):
    start_ms = -60 * 86_400_000
    writer.insert(
        table(tenant, [row(1, 1, start_ms=start_ms, name="Prefill"), row(2, 2, start_ms=start_ms)])
    )
    from_ns = NOW_NS + start_ms * 1_000_000 - MINUTE_NS
    for text, found in {"prefill": [trace_id(1)], "API": [trace_id(2), trace_id(1)]}.items():
        wanted = TraceSearch(from_ns=from_ns, to_ns=from_ns + 2 * MINUTE_NS, text=text)
        keys = reader.candidate_traces(tenant, wanted, None, 10)
        assert [key.trace_id for key in keys] == found


def test_a_text_is_found_where_a_tenant_keeps_its_spans_for_days_only(clickhouse, reader, tenant):
    """However short that is: the list agrees with what is counted from the roll-up."""
    day_ms = 86_400_000.0
    # The second that is now stays open: what other tests commit in it would not be read from spans.
    settled_ns = time.time_ns() - SETTLED_NS
    for trace, age in ((1, 5), (2, 0)):
        block = table(tenant, [row(trace, 1, start_ms=-age * day_ms, name="Prefill")])
        times = pa.array([settled_ns - age * 1440 * MINUTE_NS], pa.timestamp("ns", tz="UTC"))
        SpanWriter(clickhouse).insert(block.append_column("ingested_at", times))
    TraceRollup(clickhouse).catch_up()
    with clickhouse.client() as client:
        client.command(
            f"ALTER TABLE spans DELETE WHERE tenant_id = '{tenant}' "
            f"AND ingested_at < now() - INTERVAL 1 DAY",
            settings={"mutations_sync": 2},
        )
    wanted = TraceSearch(
        from_ns=NOW_NS - 6 * 1440 * MINUTE_NS, to_ns=NOW_NS + MINUTE_NS, text="prefill"
    )
    keys = reader.candidate_traces(tenant, wanted, None, 10)
    assert [key.trace_id for key in keys] == [trace_id(2), trace_id(1)]


def test_what_is_not_there_is_empty(reader, tenant):
    wanted = TraceSearch(**WINDOW)
    assert reader.candidate_traces(tenant, wanted, None, 10) == []
    assert reader.traces(tenant, [trace_id(1)], NOW_NS) == {}
    assert reader.traces(tenant, [], NOW_NS) == {}
    assert reader.trace_spans(tenant, trace_id(1)) == []
    assert reader.span_page(tenant, trace_id(1), None, 10) == []
    assert reader.span(tenant, trace_id(1), span_id(1)) is None
    assert reader.facets(tenant, **WINDOW) == Facets(services=[], models=[])


def test_no_method_shows_one_tenant_the_data_of_another(writer, reader, tenant):
    left, right = f"{tenant}-left", f"{tenant}-right"
    for name, trace in ((left, 70), (right, 80)):
        writer.insert(table(name, [row(trace, 1, name=name, service_name=name, model=name)]))
        writer.insert(table(name, [row(99, 1, name=name, service_name=name, model=name)]))
    wanted = TraceSearch(**WINDOW)
    both = [trace_id(70), trace_id(80), trace_id(99)]
    keys = reader.candidate_traces(left, wanted, None, 10)
    assert keys == [TraceKey(NOW_NS, trace_id(99)), TraceKey(NOW_NS, trace_id(70))]
    found = reader.traces(left, both, NOW_NS)
    assert {key: trace.name for key, trace in found.items()} == {both[0]: left, both[2]: left}
    assert [span.name for span in reader.trace_spans(left, trace_id(99))] == [left]
    assert reader.trace_spans(left, trace_id(80)) == []
    assert [span.name for span in reader.span_page(left, trace_id(99), None, 10)] == [left]
    assert reader.span_page(left, trace_id(80), None, 10) == []
    assert reader.span(left, trace_id(99), span_id(1)).name == left
    assert reader.span(left, trace_id(80), span_id(1)) is None
    assert reader.facets(left, **WINDOW) == Facets(services=[left], models=[left])


@pytest.mark.parametrize(
    ("limit", "error"),
    [
        ({"max_rows_to_read": 1}, QueryTooLarge),
        ({"max_memory_usage": 1}, QueryTooLarge),
        ({"max_bytes_to_read": 1}, QueryTooLarge),
        ({"max_execution_time": 1e-6}, QueryTooSlow),
    ],
)
def test_a_query_beyond_a_limit_is_refused(writer, clickhouse, tenant, limit, error):
    writer.insert(table(tenant, [row(1, number) for number in range(1, 2000)]))
    with pytest.raises(error):
        SpanReader(clickhouse, limit).trace_spans(tenant, trace_id(1))


@pytest.mark.parametrize(
    "hostile", ["'; DROP TABLE spans; --", "\\", "{tenant:String}", "%(a)s", "\0"]
)
def test_values_are_never_part_of_the_statement(writer, reader, tenant, hostile):
    writer.insert(table(tenant, [row(1, 1, name=hostile, service_name=hostile, model=hostile)]))
    wanted = TraceSearch(**WINDOW, service=hostile, model=hostile, text=hostile)
    assert reader.candidate_traces(tenant, wanted, None, 10) == [TraceKey(NOW_NS, trace_id(1))]
    assert reader.candidate_traces(hostile, wanted, None, 10) == []
