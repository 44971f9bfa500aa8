"""Runs the queries on statistics by minute and returns records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from axonize_server.minutes import Bucket, Group, Histogram, SpanFilter, SpanStatistics
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.minutes import question_sql as sql
from axonize_server.store.clickhouse.minutes.count_sql import HORIZONS
from axonize_server.store.clickhouse.minutes.rollup import BEHIND_S
from axonize_server.store.clickhouse.sql import CLOCK_AHEAD_NS
from axonize_server.tokens import Ends, Tokens, Usage

SECOND_NS = 1_000_000_000
MAX_GROUPS = 1000


class MinuteReader:
    """Reads statistics of one tenant at a time; every method takes the tenant first.

    Ranges are [from_ns, to_ns), Unix ns, in whole minutes. An empty answer is an empty list, never
    an error. Raises QueryTooSlow, QueryTooLarge and StoreUnavailable.
    """

    def __init__(self, pool: ClientPool, limits: dict[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return list(zip(*self._pool.columns(query, parameters, self._limits), strict=True))

    def buckets(
        self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int, width_ns: int
    ) -> list[Bucket]:
        """Return the buckets of whole minutes in which spans ended, in order of time."""
        parameters = self._parameters(tenant, wanted, from_ns, to_ns)
        found = self._statistics(sql.BUCKETS, parameters | {"width": width_ns // SECOND_NS}, keys=1)
        return [
            Bucket(start_ns=from_ns + place * width_ns, statistics=statistics)
            for (place,), statistics in found
        ]

    def groups(self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int) -> list[Group]:
        """Return the services, models and operations with spans, at most 1000."""
        parameters = self._parameters(tenant, wanted, from_ns, to_ns) | {"limit": MAX_GROUPS}
        found = self._statistics(sql.GROUPS, parameters, keys=3)
        return [
            Group(service=service, model=model, operation=operation, statistics=statistics)
            for (service, model, operation), statistics in found[:MAX_GROUPS]
        ]

    def _statistics(
        self, question: sql.Statistics, parameters: dict[str, Any], keys: int
    ) -> list[tuple[Keys, SpanStatistics]]:
        """Return the answers by key, in order, of all that is counted and of later spans."""
        has_ticks = parameters["ticked_to"] > parameters["counted_to"]
        counted = question.ticks if has_ticks else question.minutes
        if parameters["to"] <= parameters["later_from"]:
            return list(_by_key(self._rows(counted, parameters), keys).items())
        with ThreadPoolExecutor(1) as beside:
            later = beside.submit(self._later, question, parameters)
            found = _by_key(self._rows(counted, parameters), keys)
        for key, statistics in _by_key(later.result(), keys).items():
            found[key] = found[key] + statistics if key in found else statistics
        return sorted(found.items(), key=lambda item: item[0])

    def _later(self, question: sql.Statistics, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return what spans say that are not counted, each once."""
        rows = self._rows(question.later, parameters)
        if all(are_different for *_, are_different in rows):
            return [row[:-1] for row in rows]
        return self._rows(question.later_once, parameters)

    def _parameters(
        self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int
    ) -> dict[str, object]:
        ticked_to, counted_to, now = self._rows(HORIZONS, {})[0]
        if now - (counted_to - 60) >= BEHIND_S:
            # Late spans of these ticks are not counted any more.
            ticked_to = counted_to
        later_from = max(from_ns // SECOND_NS, counted_to, ticked_to)
        return {
            "tenant": tenant,
            "service": wanted.service,
            "model": wanted.model,
            "operation": wanted.operation,
            "from": from_ns // SECOND_NS,
            "to": to_ns // SECOND_NS,
            "counted_to": counted_to,
            "ticked_to": ticked_to,
            "later_from": later_from,
            "arrived_from": max(later_from - CLOCK_AHEAD_NS // SECOND_NS, 0),
        }


Keys = tuple[Any, ...]


def _by_key(rows: Sequence[tuple[Any, ...]], keys: int) -> dict[Keys, SpanStatistics]:
    return {row[:keys]: _statistics(row[keys:]) for row in rows}


def _statistics(row: Sequence[Any]) -> SpanStatistics:
    spans, errors, cost_usd, tokens, durations, ttfts, tpots = row
    return SpanStatistics(
        spans=spans,
        errors=errors,
        cost_usd=cost_usd,
        usage=Usage({model: Ends(Tokens(*n[:3]), Tokens(*n[3:])) for model, *n in tokens}),
        durations=Histogram(durations),
        ttfts=Histogram(ttfts),
        tpots=Histogram(tpots),
    )
