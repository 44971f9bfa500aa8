"""Runs the queries on GPUs and returns records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from axonize_server.gpus import GAUGES, FleetBucket, Gpu, GpuBucket, GpuSample, Sighting, Statistics
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.gpus import sql
from axonize_server.store.clickhouse.sql import CLOCK_AHEAD_NS


class GpuReader:
    """Reads the GPUs of one tenant at a time; every method takes the tenant first.

    An empty answer is an empty list, never an error. Raises QueryTooSlow, QueryTooLarge and
    StoreUnavailable. Ranges are [from_ns, to_ns), both Unix ns.
    """

    def __init__(self, pool: ClientPool, limits: dict[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return list(zip(*self._pool.columns(query, parameters, self._limits), strict=True))

    def measured(self, tenant: str, from_ns: int, to_ns: int) -> list[Gpu]:
        """Return the GPUs with metrics, at most 1000, each with its last sample."""
        rows = self._rows(sql.MEASURED, _range(tenant, from_ns, to_ns))
        return [_gpu(row[:7], _sample(row[7:])) for row in rows]

    def used_by_spans(self, tenant: str, from_ns: int, to_ns: int) -> list[Gpu]:
        """Return the GPUs that spans ran on, at most 1000."""
        return [_gpu(row) for row in self._rows(sql.USED_BY_SPANS, _range(tenant, from_ns, to_ns))]

    def series(
        self, tenant: str, uuid: str, from_ns: int, to_ns: int, width_ns: int
    ) -> list[GpuBucket]:
        """Return the buckets of a GPU that have a sample, in order of time."""
        parameters = {**_range(tenant, from_ns, to_ns), "uuid": uuid, "width": width_ns}
        rows = self._rows(sql.SERIES, parameters)
        return [_bucket(from_ns + row[0] * width_ns, row[1:]) for row in rows]

    def over_time(self, tenant: str, from_ns: int, to_ns: int, width_ns: int) -> list[FleetBucket]:
        """Return the buckets in which any GPU has a sample, of all of them together."""
        rows = self._rows(sql.OVER_TIME, {**_range(tenant, from_ns, to_ns), "width": width_ns})
        return [FleetBucket(from_ns + row[0] * width_ns, *row[1:]) for row in rows]

    def sighted(self, from_ns: int, to_ns: int) -> list[Sighting]:
        """Return which GPUs what was committed in the range names, of all tenants."""
        parameters = {"from": from_ns, "to": to_ns}
        queries = (sql.SIGHTED_BY_METRICS, sql.SIGHTED_BY_SPANS)
        return [Sighting(*row) for query in queries for row in self._rows(query, parameters)]

    def is_known(self, tenant: str, uuid: str) -> bool:
        """Return whether there is any metric of a GPU."""
        return bool(self._rows(sql.KNOWN, {"tenant": tenant, "uuid": uuid})[0][0])


def _range(tenant: str, from_ns: int, to_ns: int) -> dict[str, object]:
    return {
        "tenant": tenant,
        "arrived_from": from_ns - CLOCK_AHEAD_NS,
        "from": from_ns,
        "to": to_ns,
    }


def _gpu(row: Sequence[Any], sample: GpuSample | None = None) -> Gpu:
    return Gpu(**dict(zip(Gpu.__struct_fields__, row, strict=False)), sample=sample)


def _sample(row: Sequence[Any]) -> GpuSample:
    emitters, power_source, *values = row
    names = GpuSample.__struct_fields__[2:]
    return GpuSample(
        emitters=emitters,
        power_source=power_source or None,
        **dict(zip(names, values, strict=True)),
    )


def _bucket(start_ns: int, row: Sequence[Any]) -> GpuBucket:
    samples, gained_j, gains, *others = row
    names = GpuBucket.__struct_fields__[3:-1]
    statistics = iter(others[len(names) :])
    return GpuBucket(
        start_ns=start_ns,
        samples=samples,
        energy_j=gained_j if gains else None,
        **dict(zip(names, others, strict=False)),
        gauges={
            name: None if avg is None else Statistics(avg, low, high)
            for name, avg, low, high in zip(GAUGES, statistics, statistics, statistics, strict=True)
        },
    )
