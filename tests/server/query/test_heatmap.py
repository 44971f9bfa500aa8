from __future__ import annotations

import math
from collections import Counter

import pytest
from axonize_server.model import AttributeFilter, InvalidQuery, TraceSearch
from axonize_server.query.heatmap import heatmap, width_of
from axonize_server.requests import Bins

from tests.server.rows import MINUTE_NS, NOW_NS, on_gpu, row, table

START_NS = NOW_NS - 10 * MINUTE_NS
TEN_MINUTES = {"from_ns": START_NS, "to_ns": NOW_NS}


@pytest.fixture
def writer(either_writer):
    """Every answer is the same before and after the roll-up."""
    return either_writer


def bin_of(start_ms: float, ms: float, width_ms: float = 60_000) -> tuple[int, int]:
    """Return the column and the row of a trace."""
    return int((start_ms + 600_000) // width_ms), math.floor(4 * math.log2(ms * 1e6))


def counted(bins: Bins) -> dict[tuple[int, int], int]:
    """Return how many traces are in each bin."""
    return dict(zip(zip(bins.columns, bins.rows, strict=True), bins.counts, strict=True))


def test_every_trace_is_in_one_bin_however_its_spans_came(writer, reader, tenant):
    starts = {n: -599_000 + n * 12_345.0 for n in range(40)}
    ms = {n: 0.003 * 1.6**n for n in range(40)}
    rows = [row(n + 1, 2 * n + 1, start_ms=starts[n], ms=ms[n]) for n in range(40)]
    # A child in the middle changes nothing; it is stored apart from its parent.
    children = [row(n + 1, 2 * n + 2, 2 * n + 1, start_ms=starts[n], ms=ms[n] / 2) for n in starts]
    writer.insert(table(tenant, rows))
    writer.insert(table(tenant, children + rows[:7]))
    bins = heatmap(reader.requests, tenant, TraceSearch(**TEN_MINUTES), 10)
    assert bins.width_ns == MINUTE_NS
    assert counted(bins) == Counter(bin_of(starts[n], ms[n]) for n in range(40))
    assert bins.errors == [0] * len(bins.counts)


def test_errors_are_counted_by_trace(writer, reader, tenant):
    failed = [row(1, n, start_ms=-500_000, status="error") for n in (1, 2)]
    writer.insert(table(tenant, [*failed, row(2, 3, start_ms=-500_000)]))
    bins = heatmap(reader.requests, tenant, TraceSearch(**TEN_MINUTES), 10)
    column, place = bin_of(-500_000, 1)
    assert bins == Bins(width_ns=MINUTE_NS, columns=[column], rows=[place], counts=[2], errors=[1])


def test_a_trace_begins_where_its_first_span_does_even_before_the_range(writer, reader, tenant):
    rows = [
        row(1, 1, start_ms=-600_001, ms=5_000),
        row(1, 2, 1, start_ms=-599_000, ms=1),
        row(2, 3, start_ms=-1_000, ms=5_000),
        row(2, 4, 3, start_ms=1_000, ms=7_000),
    ]
    writer.insert(table(tenant, rows))
    bins = heatmap(reader.requests, tenant, TraceSearch(**TEN_MINUTES), 10)
    assert counted(bins) == {bin_of(-1_000, 9_000): 1}


FILTERS = {
    "service": {"service": "engine"},
    "model": {"model": "llama"},
    "gpu": {"gpu": "GPU-1"},
    "status": {"status": "error"},
    "shortest": {"min_duration_ns": 50_000_000},
    "text": {"text": "GENERATE"},
    "id": {"text": "0" * 31 + "1"},
    "attribute": {"attributes": (AttributeFilter("app.tier", "=", "pro"),)},
}


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_of_the_list_holds(writer, reader, tenant, name):
    wanted = {
        "name": "generate",
        "service_name": "engine",
        "model": "llama",
        "status": "error",
        **on_gpu("GPU-1"),
        "attributes": [("app.tier", "pro")],
        "attribute_types": "s",
    }
    rows = [
        row(1, 1, start_ms=-300_000, ms=100),
        row(1, 2, 1, start_ms=-299_990, ms=10, **wanted),
        row(2, 3, start_ms=-300_000, ms=20),
    ]
    writer.insert(table(tenant, rows))
    bins = heatmap(reader.requests, tenant, TraceSearch(**TEN_MINUTES, **FILTERS[name]), 10)
    assert counted(bins) == {bin_of(-300_000, 100): 1}
    assert heatmap(reader.requests, f"not {tenant}", TraceSearch(**TEN_MINUTES), 10).counts == []


def test_a_range_without_time_is_refused(reader, tenant):
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        heatmap(reader.requests, tenant, TraceSearch(from_ns=NOW_NS, to_ns=NOW_NS), 10)


def test_columns_are_whole_ms_and_never_more_than_asked_for():
    assert width_of(3_600_000_000_000, 200) == 18_000_000_000
    assert width_of(1_000_001, 1) == 2_000_000
    assert width_of(5, 200) == 1_000_000
