"""Spans of clocks that are wrong are stored, found by their time, and cost no partition."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest
from axonize_server.api.times import format_time
from axonize_server.ingest.decode import decode, read_request
from axonize_server.model import Accepted

from tests.server.ingest.otlp import body, span

DAY = 86_400_000_000_000
NOW = time.time_ns() // DAY * DAY
YEAR_2100 = 4_102_444_800_000_000_000
EVER = {"from": format_time(0), "to": "2199-12-31T23:59:59Z"}


def send(writer, tenant, *spans):
    decoded = decode([read_request(tenant, body(*spans))])
    assert decoded.answers == [Accepted(len(spans))]
    writer.insert(decoded.spans)


def trace_id(number):
    return f"{number:032x}"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (0, 0),
        (0, 5),
        (5, 0),
        (NOW, NOW),
        (NOW, NOW - DAY),
        (NOW + 2 * DAY, NOW + 2 * DAY + 5),
        (YEAR_2100, YEAR_2100 + 5),
    ],
)
def test_a_span_of_any_time_is_found_by_its_time(client, writer, tenant, start, end):
    send(writer, tenant, span(1, start_time_unix_nano=start, end_time_unix_nano=end))
    around = {"from": format_time(max(start - 1000, 0)), "to": format_time(start + 1000)}
    for asked in (EVER, around):
        for sort in ("-start_time", "start_time", "-duration"):
            (found,) = client.get("/api/v1/traces", params={**asked, "sort": sort}).json()["items"]
            assert (found["trace_id"], found["start_time"], found["duration_ms"]) == (
                trace_id(1),
                format_time(start),
                max(end - start, 0) / 1e6,
            )
    (node,) = client.get(f"/api/v1/traces/{trace_id(1)}").json()["spans"]
    assert node["duration_ns"] == max(end - start, 0)
    assert client.get("/api/v1/traces/facets", params=around).json()["services"] == ["chat-api"]


def test_a_child_before_its_parent_is_flagged(client, writer, tenant):
    late = {"start_time_unix_nano": NOW + 10, "end_time_unix_nano": NOW + 20}
    early = {"start_time_unix_nano": NOW, "end_time_unix_nano": NOW + 5}
    parent = span(1, **late)
    child = span(2, trace_id=parent.trace_id, parent_span_id=parent.span_id, **early)
    send(writer, tenant, parent, child)

    spans = client.get(f"/api/v1/traces/{trace_id(1)}").json()["spans"]

    assert [(each["start_offset_ns"], each["skewed"]) for each in spans] == [(10, False), (0, True)]


MINUTE = 60_000_000_000
CLOCKS = {
    "1970": (lambda now: (0, 0), "behind"),
    "a day late": (lambda now: (now - 1500 * MINUTE, now - 1450 * MINUTE), "behind"),
    "long": (lambda now: (now - 1500 * MINUTE, now - 1430 * MINUTE), None),
    "without length": (lambda now: (now, now), None),
    "ended before it began": (lambda now: (now, now - DAY), None),
    "a little ahead": (lambda now: (now + MINUTE // 2, now + 5 * MINUTE), None),
    "ahead": (lambda now: (now + 2 * MINUTE, now + 2 * MINUTE), "ahead"),
    "a year ahead": (lambda now: (now + 365 * DAY, 0), "ahead"),
    "the last time": (lambda now: (2**64 - 1, 2**64 - 1), "ahead"),
}


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_that_is_wrong_is_flagged(client, writer, tenant, new_decoder, name):
    times, clock = CLOCKS[name]
    start, end = times(time.time_ns())
    decoder = new_decoder()
    decoder.add(tenant, body(span(1, start_time_unix_nano=start, end_time_unix_nano=end)))
    (rows,) = decoder.finish()
    assert list(rows.answers) == [Accepted(1)]
    writer.insert(*rows.tables)

    (node,) = client.get(f"/api/v1/traces/{trace_id(1)}").json()["spans"]

    assert (node["clock"], node["skewed"]) == (clock, False)
    assert node["duration_ns"] == max(end - start, 0)


def test_a_clock_makes_no_partition(writer, tenant, clickhouse):
    times = (0, NOW - 400 * DAY, NOW, NOW + 400 * DAY, 2**64 - 1)
    first = datetime.now(timezone.utc)
    send(
        writer,
        tenant,
        *(
            span(number, start_time_unix_nano=start, end_time_unix_nano=start)
            for number, start in enumerate(times, 1)
        ),
    )
    last = datetime.now(timezone.utc)

    query = "SELECT DISTINCT _partition_id FROM spans WHERE tenant_id = {tenant:String}"
    with clickhouse.client() as database:
        rows = database.query(query, parameters={"tenant": tenant}).result_rows
    assert len(rows) == 1
    assert rows[0][0] in {f"{first:%Y%m%d}", f"{last:%Y%m%d}"}
