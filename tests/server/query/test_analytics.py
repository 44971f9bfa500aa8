from __future__ import annotations

import pytest
from axonize_server.minutes import Bucket, Group, Histogram, SpanFilter, SpanStatistics
from axonize_server.model import InvalidQuery
from axonize_server.query import analytics

from tests.server.rows import MINUTE_NS, NOW_NS, row, table

EVERY = SpanFilter()
START_NS = NOW_NS - 10 * MINUTE_NS
LLM = {"service_name": "engine", "model": "llama", "operation": "chat"}
SPANS = [
    row(1, 1, start_ms=-600_000, ms=10),
    # Counts where it ended, a minute later.
    row(
        1,
        2,
        1,
        start_ms=-600_000,
        ms=60_000,
        **LLM,
        input_tokens=5,
        cached_tokens=4,
        output_tokens=7,
        ttft_ms=2,
        tpot_ms=10,
    ),
    row(2, 3, start_ms=-540_000, ms=1000, **LLM, status="error"),
]


def of(spans: int, durations: dict[int, int], **sums) -> SpanStatistics:
    """Return statistics, with no more than is said."""
    names = ("errors", "input_tokens", "output_tokens", "cached_tokens")
    nothing = {**dict.fromkeys(names, 0), "cost_usd": 0.0}
    rest = {name: Histogram(sums.pop(name, {})) for name in ("ttfts", "tpots")}
    return SpanStatistics(
        spans=spans, **{**nothing, **sums}, durations=Histogram(durations), **rest
    )


# floor(16 log2 of 10 ms, 1 s and 60 s in ns), and of 2 ms.
MS_10, S_1, S_60, MS_2 = 372, 478, 572, 334
API = of(1, {MS_10: 1})
ENGINE = of(
    2, {S_60: 1, S_1: 1}, errors=1, input_tokens=5, output_tokens=7, cached_tokens=4,
    ttfts={MS_2: 1}, tpots={MS_10: 1},
)  # fmt: skip
RANGE = (START_NS, START_NS + 5 * MINUTE_NS)


def test_spans_are_counted_in_the_minute_in_which_they_ended(
    writer, minute_reader, count_minutes, tenant
):
    writer.insert(table(tenant, SPANS))
    count_minutes()
    assert analytics.series(minute_reader, tenant, EVERY, *RANGE, points=100) == (
        MINUTE_NS,
        [
            Bucket(start_ns=START_NS, statistics=API),
            Bucket(start_ns=START_NS + MINUTE_NS, statistics=ENGINE),
        ],
    )


def test_buckets_are_whole_minutes_and_as_wide_as_they_must(
    writer, minute_reader, count_minutes, tenant
):
    writer.insert(table(tenant, SPANS))
    count_minutes()
    wanted = SpanFilter(service="engine", model="llama", operation="chat")
    inside = START_NS + 1, START_NS + 5 * MINUTE_NS - 1
    width_ns, found = analytics.series(minute_reader, tenant, wanted, *inside, points=2)
    assert (width_ns, found) == (3 * MINUTE_NS, [Bucket(start_ns=START_NS, statistics=ENGINE)])


def test_a_filter_that_nothing_meets_finds_nothing(writer, minute_reader, count_minutes, tenant):
    writer.insert(table(tenant, SPANS))
    count_minutes()
    for wanted in ({"service": "web"}, {"model": "qwen"}, {"operation": "embeddings"}):
        found = analytics.overview(minute_reader, tenant, SpanFilter(**wanted), *RANGE)
        assert found == []
    other = analytics.overview(minute_reader, f"not {tenant}", EVERY, *RANGE)
    assert other == []


def test_an_overview_adds_up_each_group(writer, minute_reader, count_minutes, tenant):
    writer.insert(table(tenant, SPANS))
    writer.insert(table(tenant, SPANS))
    count_minutes()
    assert analytics.overview(minute_reader, tenant, EVERY, *RANGE) == [
        Group(service="api", model="", operation="", statistics=API),
        Group(service="engine", model="llama", operation="chat", statistics=ENGINE),
    ]


def test_a_range_without_time_in_it_is_refused(minute_reader, tenant):
    with pytest.raises(InvalidQuery, match="from: expected a time before `to`"):
        analytics.overview(minute_reader, tenant, EVERY, NOW_NS, NOW_NS)


def test_a_quantile_is_the_middle_of_its_bucket():
    histogram = Histogram({MS_10: 90, S_1: 9, S_60: 1})
    assert histogram.quantile_ms(0.5) == pytest.approx(10, rel=0.023)
    assert histogram.quantile_ms(0.95) == pytest.approx(1000, rel=0.023)
    assert histogram.quantile_ms(1) == pytest.approx(60_000, rel=0.023)
    assert Histogram({}).quantile_ms(0.5) is None


def test_statistics_add_up():
    both = ENGINE + API
    assert both == of(
        3, {S_60: 1, S_1: 1, MS_10: 1}, errors=1, input_tokens=5, output_tokens=7, cached_tokens=4,
        ttfts={MS_2: 1}, tpots={MS_10: 1},
    )  # fmt: skip
