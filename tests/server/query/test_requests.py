from __future__ import annotations

import msgspec
import pytest
from axonize_server.model import InvalidQuery, TraceSearch
from axonize_server.query import requests
from axonize_server.query.differences import differences
from axonize_server.query.heatmap import heatmap
from axonize_server.requests import Box, RequestBucket, RequestGroup, RequestStatistics

from tests.server.rows import MINUTE_NS, NOW_NS, row, table

START_NS = NOW_NS - 10 * MINUTE_NS
SEARCH = TraceSearch(from_ns=START_NS, to_ns=NOW_NS)
LLM = {"service_name": "engine", "model": "llama"}


@pytest.fixture
def writer(either_writer):
    """Every answer is the same before and after the roll-up."""
    return either_writer


def of(count: int, errors: int, *ms: float) -> RequestStatistics:
    """Return statistics with quantiles in ms."""
    p50, p95, p99 = (each * 1e6 for each in ms)
    return RequestStatistics(requests=count, errors=errors, p50_ns=p50, p95_ns=p95, p99_ns=p99)


@pytest.fixture
def stored(writer, tenant):
    """Store a hundred traces of 1 to 100 ms in two minutes; ten of them failed at their model."""
    spans = [row(n, 1, start_ms=-600_000 + n * 1_000, ms=n) for n in range(1, 101)]
    spans += [
        row(n, 2, 1, start_ms=-600_000 + n * 1_000, ms=n / 2, status="error", **LLM)
        for n in range(10, 101, 10)
    ]
    writer.insert(table(tenant, spans))
    writer.insert(table(tenant, spans[:30]))  # some came twice


@pytest.mark.usefixtures("stored")
def test_requests_are_counted_by_when_they_began_with_exact_quantiles(reader, tenant):
    width_ns, whole, buckets = requests.over_time(reader.requests, tenant, SEARCH, 10)
    assert (width_ns, whole) == (MINUTE_NS, of(100, 10, 51, 96, 100))
    assert buckets == [
        RequestBucket(START_NS, of(59, 5, 30, 57, 59)),
        RequestBucket(START_NS + MINUTE_NS, of(41, 5, 80, 98, 100)),
    ]


@pytest.mark.usefixtures("stored")
def test_filters_narrow_the_requests(reader, tenant):
    failed = TraceSearch(from_ns=START_NS, to_ns=NOW_NS, status="error", min_duration_ns=50_000_000)
    _, whole, _ = requests.over_time(reader.requests, tenant, failed, 10)
    assert whole == of(6, 6, 80, 100, 100)
    _, whole, buckets = requests.over_time(reader.requests, f"not {tenant}", SEARCH, 10)
    assert (whole.requests, buckets) == (0, [])


@pytest.mark.usefixtures("stored")
def test_a_request_counts_for_each_service_and_model_in_it(reader, tenant):
    engine = of(10, 10, 60, 100, 100)
    by_service = requests.grouped(reader.requests, tenant, SEARCH, "service")
    assert by_service == [
        RequestGroup("api", of(100, 10, 51, 96, 100)),
        RequestGroup("engine", engine),
    ]
    by_model = requests.grouped(reader.requests, tenant, SEARCH, "model")
    assert by_model == [RequestGroup("llama", engine)]


@pytest.mark.usefixtures("stored")
def test_set_up_is_no_request_unless_it_is_asked_for(writer, reader, tenant):
    at = {"start_ms": -500_000, "ms": 18_000}
    load = {"setup": True, "status": "error", **LLM}
    writer.insert(table(tenant, [row(200, 1, **at, **load), row(200, 2, 1, **at)]))
    # A model that a request had to wait for.
    writer.insert(table(tenant, [row(201, 3, **at), row(201, 4, 3, **at, **load)]))
    counted = of(101, 11, 51, 96, 100)
    assert requests.over_time(reader.requests, tenant, SEARCH, 1)[1] == counted
    assert requests.grouped(reader.requests, tenant, SEARCH, "service")[0].statistics == counted
    assert sum(heatmap(reader.requests, tenant, SEARCH, 10).counts) == 101
    everything = Box(SEARCH.from_ns, SEARCH.to_ns, 0, 60_000_000_000)
    assert differences(reader.requests, tenant, SEARCH, everything).inside == 101
    asked = msgspec.structs.replace(SEARCH, setup=True)
    assert requests.over_time(reader.requests, tenant, asked, 1)[1] == of(1, 1, *[18_000] * 3)


def test_a_range_without_time_is_refused(reader, tenant):
    nothing = TraceSearch(from_ns=NOW_NS, to_ns=NOW_NS)
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        requests.over_time(reader.requests, tenant, nothing, 10)
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        requests.grouped(reader.requests, tenant, nothing, "model")
