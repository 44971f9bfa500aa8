"""Histograms of what was committed, from the rows of spans to the text for Prometheus."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pyarrow as pa
import pytest
from axonize_server.api.metrics import render
from axonize_server.genai import DURATION, MAX_SERIES, PIECE_NS, SETTLED_NS, Counted, Totals
from axonize_server.metrics import histograms
from axonize_server.model import QueryTooSlow, StoreUnavailable
from axonize_server.store.clickhouse.genai.reader import GenAiReader
from axonize_server.store.clickhouse.writer import SpanWriter
from prometheus_client.parser import text_string_to_metric_families

from tests.server import golden
from tests.server.rows import row, table

SECOND_NS = 1_000_000_000
REQUEST = {"operation": "chat", "provider": "vllm", "model": "llama", "kind": "server"}


class Clock:
    """Unix ns that a test sets; it starts when everything of now has settled."""

    def __init__(self) -> None:
        self.now = time.time_ns()

    def __call__(self) -> int:
        return self.now


def store(clickhouse, tenant: str, committed_ns: int, *spans: dict[str, Any]) -> None:
    """Commit requests; each span has a trace of its own unless it names one."""
    number = itertools.count(100)
    made = [row(each.pop("trace", next(number)), 1, **{**REQUEST, **each}) for each in spans]
    block = table(tenant, made)
    types = pa.array([each.get("error_type", "") for each in made], pa.string())
    block = block.append_column("error_type", types)
    times = pa.array([committed_ns] * len(made), pa.timestamp("ns", tz="UTC"))
    SpanWriter(clickhouse).insert(block.append_column("ingested_at", times))


def test_requests_become_histograms_that_grow(clickhouse, tenant, settings):
    clock = Clock()
    totals = Totals(GenAiReader(clickhouse, settings.query_limits).count, clock)
    quick = {"trace": 1, "ms": 50, "ttft_ms": 30.0, "tpot_ms": 20.0}
    failing = {"status": "error", "error_type": "TimeoutError", "ttft_ms": 30.0}
    store(
        clickhouse, tenant, clock.now,
        dict(quick),
        dict(quick),  # sent again
        {"ms": 3000},
        {"ms": 100_000, **failing},
        {"ms": 1000, "kind": "client"},
        {"ms": 1000, "operation": ""},
    )  # fmt: skip
    assert read(totals, tenant) == {}, "it has not settled"
    clock.now += SETTLED_NS + SECOND_NS
    ok, failed = (tenant, "api", "chat", "vllm", "llama", ""), ("TimeoutError",)
    assert read(totals, tenant)["gen_ai_server_request_duration_seconds"] == {
        (*ok, ""): ([0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2], 3.05),
        (*ok, *failed): ([0] * 14 + [1], 100.0),
    }
    first = read(totals, tenant)["gen_ai_server_time_to_first_token_seconds"]
    assert first == {(*ok, ""): ([0] * 4 + [1] * 13, pytest.approx(0.03))}
    each = read(totals, tenant)["gen_ai_server_time_per_output_token_seconds"]
    assert each == {(*ok, ""): ([0] + [1] * 13, pytest.approx(0.02))}

    store(clickhouse, tenant, clock.now, {"ms": 3000})
    clock.now += SETTLED_NS + SECOND_NS
    duration = read(totals, tenant)["gen_ai_server_request_duration_seconds"]
    assert duration[(*ok, "")] == ([0, 0, 0, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3], 6.05)


def read(totals: Totals, tenant: str) -> dict[str, dict[tuple[str, ...], tuple[list[int], float]]]:
    """Return what Prometheus makes of the text: buckets in order and the sum, of one tenant."""
    found: dict[str, dict[tuple[str, ...], tuple[list[int], float]]] = {}
    for family in text_string_to_metric_families(render(histograms(totals))):
        assert family.type == "histogram"
        for sample in family.samples:
            labels = dict(sample.labels)
            labels.pop("le", None)
            if labels["axonize_tenant_id"] != tenant:
                continue
            series = found.setdefault(family.name, {})
            buckets, total = series.get(tuple(labels.values()), ([], 0.0))
            if sample.name.endswith("_bucket"):
                buckets.append(int(sample.value))
            elif sample.name.endswith("_sum"):
                total = sample.value
            else:
                assert sample.value == buckets[-1]
            series[tuple(labels.values())] = (buckets, total)
    return found


def test_what_a_database_did_not_say_is_counted_later():
    clock, asked = Clock(), []
    counted = Counted(("a",) * 7, (1,) * len(DURATION.bounds), 1, 0.001)

    def count(from_ns: int, to_ns: int) -> dict[str, list[Counted]]:
        asked.append((from_ns, to_ns))
        if len(asked) == 1:
            raise StoreUnavailable("away")
        return {DURATION.name: [counted]}

    totals = Totals(count, clock)
    start = clock.now - SETTLED_NS
    assert totals.collect()[DURATION.name] == []
    clock.now += SECOND_NS
    assert totals.collect()[DURATION.name] == []
    clock.now += SECOND_NS
    assert totals.collect()[DURATION.name] == [counted]
    assert asked == [(start, start + SECOND_NS), (start, start + 2 * SECOND_NS)]


def test_a_long_pause_is_read_in_pieces_and_none_twice():
    clock, asked = Clock(), []

    def count(from_ns: int, to_ns: int) -> dict[str, list[Counted]]:
        asked.append((from_ns, to_ns))
        if len(asked) == 2:
            raise QueryTooSlow("too much")
        return {}

    totals = Totals(count, clock)
    start = clock.now - SETTLED_NS
    clock.now += 2 * PIECE_NS + SECOND_NS
    totals.collect()
    totals.collect()
    middle, last = start + PIECE_NS, start + 2 * PIECE_NS
    assert asked == [
        (start, middle),
        (middle, last),
        (middle, last),
        (last, last + SECOND_NS),
    ]


def test_there_is_a_most_of_series():
    clock = Clock()
    many = [Counted((str(each),) * 7, (), 1, 1.0) for each in range(MAX_SERIES + 5)]
    totals = Totals(lambda *_: {DURATION.name: many}, clock)
    for _ in range(2):
        clock.now += SECOND_NS
        counted = totals.collect()[DURATION.name]
        assert len(counted) == MAX_SERIES
    assert {each.number for each in counted} == {2}


def test_the_query_is_the_one_that_was_reviewed():
    from axonize_server.store.clickhouse.genai import sql

    golden.check("sql/genai_counted.sql", sql.COUNTED.lstrip())
