from __future__ import annotations

from typing import Any

import pytest
from axonize_server.minutes import Bucket, Group, Histogram, SpanFilter, SpanStatistics
from axonize_server.model import InvalidQuery
from axonize_server.query import analytics
from axonize_server.tokens import Ends, Tokens, Usage

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


def of(
    spans: int, durations: dict[int, int], usage: dict[str, Ends], errors: int = 0, **more
) -> SpanStatistics:
    """Return statistics, with no more than is said."""
    rest = {name: Histogram(more.get(name, {})) for name in ("ttfts", "tpots")}
    return SpanStatistics(
        spans=spans, errors=errors, cost_usd=0.0, usage=Usage(usage),
        durations=Histogram(durations), **rest,
    )  # fmt: skip


# floor(16 log2 of 10 ms, 1 s and 60 s in ns), and of 2 ms.
MS_10, S_1, S_60, MS_2 = 372, 478, 572, 334
SAID = Ends(Tokens(input=5, output=7, cached=4))
API = of(1, {MS_10: 1}, {"": Ends()})
ENGINE = of(
    2, {S_60: 1, S_1: 1}, {"llama": SAID}, errors=1,
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
        3, {S_60: 1, S_1: 1, MS_10: 1}, {"": Ends(), "llama": SAID}, errors=1,
        ttfts={MS_2: 1}, tpots={MS_10: 1},
    )  # fmt: skip


def of_call(number: int, model: str, kind: str, tokens: int, minute: int = 0) -> dict[str, Any]:
    """Return a span of a call, as one end of it tells it."""
    at = {"start_ms": -600_000 + minute * 60_000, "ms": 1}
    return row(number, number, **at, model=model, kind=kind, operation="chat",
               service_name=kind, input_tokens=2 * tokens, output_tokens=tokens,
               cached_tokens=tokens)  # fmt: skip


# llama is traced at both ends, gpt at the client, qwen at the server.
CALLS = [
    of_call(1, "llama", "client", 51), of_call(2, "llama", "server", 51),
    of_call(3, "llama", "client", 20, minute=1), of_call(4, "llama", "server", 20, minute=1),
    of_call(5, "gpt", "client", 100), of_call(6, "qwen", "server", 7),
]  # fmt: skip


def test_the_tokens_of_a_call_with_two_ends_count_once(
    writer, minute_reader, count_minutes, tenant
):
    writer.insert(table(tenant, CALLS))
    count_minutes()
    (_, whole), (_, apart) = (
        analytics.series(minute_reader, tenant, EVERY, *RANGE, points) for points in (1, 100)
    )
    assert [tokens(each.statistics) for each in whole] == [(356, 178, 178)]
    assert [tokens(each.statistics) for each in apart] == [(316, 158, 158), (40, 20, 20)]
    only = analytics.series(minute_reader, tenant, SpanFilter(service="client"), *RANGE, 1)
    assert [tokens(each.statistics) for each in only[1]] == [(342, 171, 171)]
    groups = analytics.overview(minute_reader, tenant, EVERY, *RANGE)
    assert [(each.service, each.model, each.statistics.output_tokens) for each in groups] == [
        ("client", "gpt", 100), ("client", "llama", 71),
        ("server", "llama", 71), ("server", "qwen", 7),
    ]  # fmt: skip


def tokens(of: SpanStatistics) -> tuple[int, int, int]:
    return of.input_tokens, of.output_tokens, of.cached_tokens
