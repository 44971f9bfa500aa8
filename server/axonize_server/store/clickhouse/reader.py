"""Runs the queries on spans and returns records."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from axonize_server.model import (
    Facets,
    SpanGPU,
    SpanRecord,
    SpanRow,
    SpanTable,
    TraceKey,
    TraceRecord,
    TraceSearch,
)
from axonize_server.store.clickhouse import sql
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.minutes.rollup import KEPT_S as MINUTES_KEPT_S
from axonize_server.store.clickhouse.requests.reader import RequestReader
from axonize_server.store.clickhouse.rows import span_record
from axonize_server.store.clickhouse.traces import figures_sql, rollup_sql, search_sql
from axonize_server.store.clickhouse.traces.rollup_sql import Horizon
from axonize_server.tokens import Ends, Tokens

MAX_TRACE_SPANS = 100_000
DAY_S = 86_400
SECOND_NS, MINUTE_NS = 1_000_000_000, 60_000_000_000
# Spans that come late to a minute that is counted are counted within a minute.
LATELY_S = 60


class SpanReader:
    """Reads spans of one tenant at a time; every method takes the tenant first.

    An empty answer is an empty list or None, never an error. Raises QueryTooSlow, QueryTooLarge
    and StoreUnavailable. What is returned belongs to the caller.
    """

    def __init__(self, pool: ClientPool, limits: dict[str, int]) -> None:
        self._pool = pool
        self._limits = limits
        self.requests = RequestReader(pool, limits, self.horizon, self._has_forgotten)

    def _columns(self, query: str, parameters: Mapping[str, object]) -> Sequence[Sequence[Any]]:
        return self._pool.columns(query, parameters, self._limits)

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return list(zip(*self._columns(query, parameters), strict=True))

    def horizon(self) -> Horizon:
        """Return what is rolled up by now; what a search asks for first, and once.

        Spans that are rolled up afterwards are read twice, which changes nothing.
        """
        rolled_up_to_s, spans, committed_ms = self._rows(rollup_sql.HORIZON, {})[0]
        return Horizon((rolled_up_to_s + 1) * SECOND_NS, committed_ms * 1_000_000, spans)

    def candidate_traces(
        self,
        tenant: str,
        search: TraceSearch,
        after: TraceKey | None,
        limit: int,
        horizon: Horizon | None = None,
    ) -> list[TraceKey]:
        """Return up to `limit` keys of traces that may match, in the order of the search."""
        query = search_sql.candidate_traces(
            tenant,
            search,
            after,
            limit,
            horizon=horizon or self.horizon(),
            stored_from=sql.arrived_from(search.from_ns),
            reads_names=search.text is not None and self._has_forgotten(tenant, search.from_ns),
        )
        return [TraceKey(row[1], row[0]) for row in self._rows(query.text, query.parameters)]

    def _has_forgotten(self, tenant: str, from_ns: int) -> bool:
        """Return whether spans since a time are over whose traces the roll-up still knows."""
        kept_from_ns, first_day_s = self._rows(rollup_sql.KEPT, {"tenant": tenant})[0]
        is_older = bool((first_day_s + DAY_S) * SECOND_NS <= kept_from_ns)
        return is_older and from_ns < kept_from_ns

    def traces(
        self, tenant: str, trace_ids: list[str], from_ns: int, horizon: Horizon | None = None
    ) -> dict[str, TraceRecord]:
        """Return what all spans of these traces say, by trace id; unknown ids are left out.

        Spans that started more than a day before from_ns (Unix ns) may be left out.
        """
        if not trace_ids:
            return {}
        horizon = horizon or self.horizon()
        arrived_from = sql.arrived_from(from_ns)
        since = max(arrived_from, horizon.until_ns)
        slot = rollup_sql.slot(arrived_from)
        query = figures_sql.ROLLED_UP_TRACES if horizon.is_all else figures_sql.TRACES
        found = self._traces(query, tenant, trace_ids, slot, since)
        large = [key for key, each in found.items() if each.span_count >= rollup_sql.MAX_SET]
        if not large:
            return found
        return found | self._traces(figures_sql.RECOUNTED_TRACES, tenant, large, slot, arrived_from)

    def _traces(
        self, query: str, tenant: str, trace_ids: list[str], slot_from: int, arrived_from: int
    ) -> dict[str, TraceRecord]:
        parameters = {
            "tenant": tenant,
            "trace_ids": trace_ids,
            "slot_from": slot_from,
            "arrived_from": arrived_from,
        }
        return {row[0]: _trace_record(row) for row in self._rows(query, parameters)}

    def trace_spans(self, tenant: str, trace_id: str) -> list[SpanRow]:
        """Return the first 100,000 spans of a trace by start."""
        return [SpanRow(*row) for row in zip(*self._trace_columns(tenant, trace_id), strict=True)]

    def span_table(self, tenant: str, trace_id: str) -> SpanTable:
        """Return what trace_spans does, by columns."""
        return SpanTable(*self._trace_columns(tenant, trace_id))

    def _trace_columns(self, tenant: str, trace_id: str) -> list[Any]:
        parameters = {"tenant": tenant, "trace_id": trace_id, "limit": MAX_TRACE_SPANS}
        columns = list(self._columns(sql.TRACE_SPANS, parameters))
        if not columns:
            return [[] for _ in SpanTable.__struct_fields__]
        gpus = {text: _gpus(text) for text in set(columns[12])}
        columns[12] = [gpus[text] for text in columns[12]]
        return columns

    def span_page(
        self, tenant: str, trace_id: str, after: tuple[int, str] | None, limit: int
    ) -> list[SpanRecord]:
        """Return spans in order of (start in Unix ns, span id), those that follow `after`."""
        start, span_id = after or (0, "")
        parameters = {
            "tenant": tenant,
            "trace_id": trace_id,
            "after_start": start,
            "after_span": span_id,
            "limit": limit,
        }
        rows = self._rows(sql.SPAN_DETAILS_PAGE, parameters)
        return [span_record(trace_id, row) for row in rows]

    def span(self, tenant: str, trace_id: str, span_id: str) -> SpanRecord | None:
        """Return one span with all of its attributes."""
        parameters = {"tenant": tenant, "trace_id": trace_id, "span_id": span_id}
        rows = self._rows(sql.SPAN_DETAIL, parameters)
        return span_record(trace_id, rows[0]) if rows else None

    def facets(self, tenant: str, from_ns: int, to_ns: int) -> Facets:
        """Return the services and models of what ended in the range, at most 1000 of each.

        The range [from_ns, to_ns), Unix ns, is widened to whole minutes.
        """
        now_s = time.time_ns() // SECOND_NS
        parameters = {
            "tenant": tenant,
            "arrived_from": sql.arrived_from(from_ns) // SECOND_NS,
            "from": from_ns // MINUTE_NS * 60,
            "to": -(-to_ns // MINUTE_NS) * 60,
            "counted_from": now_s - MINUTES_KEPT_S,
            "lately": now_s - LATELY_S,
        }
        services, models = self._rows(sql.FACETS, parameters)[0]
        return Facets(services=services, models=models)


def _trace_record(row: tuple[Any, ...]) -> TraceRecord:
    *known, input_tokens, output_tokens, client_input, client_output, ttft_ms, setup = row
    ends = Ends(Tokens(input_tokens, output_tokens), Tokens(client_input, client_output))
    return TraceRecord(
        **dict(zip(_TRACE_FIELDS, known, strict=True)),
        input_tokens=ends.counted.input,
        output_tokens=ends.counted.output,
        ttft_ms=ttft_ms or None,
        setup=bool(setup),
    )


_TRACE_FIELDS = TraceRecord.__struct_fields__[:9]


def _gpus(text: str) -> list[SpanGPU]:
    return [SpanGPU(*gpu) for gpu in json.loads(text or "[]")]
