"""Runs the queries on engine steps and returns records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from axonize_server.minutes import SpanFilter
from axonize_server.steps import (
    Engine,
    EngineRecord,
    ModelSteps,
    Ride,
    Rides,
    StepBucket,
    StepKey,
    StepRecord,
    StepSearch,
)
from axonize_server.store.clickhouse.attributes import decode
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.sql import arrived_from
from axonize_server.store.clickhouse.steps import sql


class StepReader:
    """Reads steps of one tenant at a time; every method takes the tenant first.

    An empty answer is an empty list or None, never an error. Raises QueryTooSlow, QueryTooLarge
    and StoreUnavailable. What is returned belongs to the caller.
    """

    def __init__(self, pool: ClientPool, limits: dict[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return list(zip(*self._pool.columns(query, parameters, self._limits), strict=True))

    def steps(
        self, tenant: str, search: StepSearch, after: StepKey | None, limit: int
    ) -> list[StepRecord]:
        """Return up to `limit` steps, newest first, those that follow `after`."""
        query = sql.steps(tenant, search, after, limit)
        return _records(self._rows(query.text, query.parameters))

    def engines(self, tenant: str, from_ns: int, to_ns: int) -> list[EngineRecord]:
        """Return the engines with steps in [from_ns, to_ns), at most 1000, the last seen first."""
        parameters = {
            "tenant": tenant,
            "arrived_from": arrived_from(from_ns),
            "from": from_ns,
            "to": to_ns,
        }
        return [
            EngineRecord(*row[:7], step_count=row[7], first_ns=row[8], last_ns=row[9])
            for row in self._rows(sql.ENGINES, parameters)
        ]

    def over_time(
        self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int, width_ns: int
    ) -> list[StepBucket]:
        """Return the buckets of [from_ns, to_ns), Unix ns, in which steps start."""
        rows = self._rows(sql.STEPS_OVER_TIME, _range(tenant, wanted, from_ns, to_ns, width_ns))
        names = StepBucket.__struct_fields__[1:]
        return [
            StepBucket(
                start_ns=from_ns + row[0] * width_ns, **dict(zip(names, row[1:], strict=True))
            )
            for row in rows
        ]

    def by_model(
        self, tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int
    ) -> list[ModelSteps]:
        """Return what the steps of each model add up to, at most 1000."""
        rows = self._rows(sql.STEPS_BY_MODEL, _range(tenant, wanted, from_ns, to_ns, 1))
        names = ModelSteps.__struct_fields__
        return [ModelSteps(**dict(zip(names, row, strict=True))) for row in rows]

    def trace_start(self, tenant: str, trace_id: str) -> int | None:
        """Return when the earliest span of a trace starts, in Unix ns."""
        parameters = {"tenant": tenant, "trace_id": trace_id}
        count, start_ns = self._rows(sql.TRACE_START, parameters)[0]
        return start_ns if count else None

    def rides(self, tenant: str, trace_id: str, from_ns: int) -> Rides | None:
        """Return where the requests of a trace rode, among steps since from_ns (Unix ns)."""
        parameters = {
            "tenant": tenant,
            "trace_id": trace_id,
            "arrived_from": arrived_from(from_ns),
        }
        requests, first_ns, last_ns = self._rows(sql.RIDES, parameters)[0]
        return Rides([Ride(*each) for each in requests], first_ns, last_ns) if requests else None

    def trace_steps(
        self, tenant: str, trace_id: str, rides: Rides, after: StepKey | None, limit: int
    ) -> list[StepRecord]:
        """Return up to `limit` steps with requests of a trace, by start, that follow `after`."""
        after = after or StepKey(0, "", 0)
        parameters = {
            "tenant": tenant,
            "trace_id": trace_id,
            "arrived_from": arrived_from(rides.first_ns),
            "first": max(rides.first_ns, after.start_ns),
            "last": rides.last_ns,
            "engines": sorted({each.engine_id for each in rides.requests}),
            "requests": [each.request_id for each in rides.requests],
            "after_start": after.start_ns,
            "after_engine": after.engine_id,
            "after_number": after.number,
            "limit": limit,
        }
        return _records(self._rows(sql.TRACE_STEPS, parameters))


def _range(
    tenant: str, wanted: SpanFilter, from_ns: int, to_ns: int, width_ns: int
) -> dict[str, object]:
    return {
        "tenant": tenant,
        "arrived_from": arrived_from(from_ns),
        "from": from_ns,
        "to": to_ns,
        "width": width_ns,
        "service": wanted.service,
        "model": wanted.model,
    }


def _records(rows: Sequence[Sequence[Any]]) -> list[StepRecord]:
    engines: dict[Sequence[Any], Engine] = {}
    return [_record(engines, row) for row in rows]


def _record(engines: dict[Sequence[Any], Engine], row: Sequence[Any]) -> StepRecord:
    """Build a step from the columns of a query, in that order; equal engines are one object."""
    described = row[:7]
    engine = engines.get(described) or engines.setdefault(described, Engine(*described))
    lists: dict[str, Any] = dict(zip(_LISTS, map(_LIST.decode, row[24:]), strict=True))
    scalars = dict(zip(_SCALARS, row[7:21], strict=True))
    return StepRecord(engine=engine, **scalars, attributes=decode(*row[21:24]), **lists)


_LIST = msgspec.json.Decoder(list)
_SCALARS = StepRecord.__struct_fields__[1:15]
_LISTS = StepRecord.__struct_fields__[16:]
