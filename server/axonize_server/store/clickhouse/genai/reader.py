"""Counts requests to models for histograms, of all tenants at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from axonize_server.genai import (
    DURATION,
    FIRST_TOKEN,
    LABELS,
    MAX_SERIES,
    MEASURES,
    OUTPUT_TOKEN,
    Counted,
)
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.genai import sql


class GenAiReader:
    """Reads across tenants, for whoever runs the server; raises QueryTooSlow, StoreUnavailable."""

    def __init__(self, pool: ClientPool, limits: Mapping[str, int]) -> None:
        self._pool = pool
        self._limits = limits

    def count(self, from_ns: int, to_ns: int) -> dict[str, list[Counted]]:
        """Return the requests committed in [from_ns, to_ns), Unix ns, by measure and labels."""
        parameters = {
            "from": from_ns,
            "to": to_ns,
            "durations": list(DURATION.bounds),
            "firsts": list(FIRST_TOKEN.bounds),
            "eaches": list(OUTPUT_TOKEN.bounds),
            "limit": MAX_SERIES,
        }
        columns = self._pool.columns(sql.COUNTED, parameters, self._limits)
        return _split(list(zip(*columns, strict=True)))


def _split(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Counted]]:
    """Return the measures that a row holds after its labels, without those of no request."""
    counted: dict[str, list[Counted]] = {measure.name: [] for measure in MEASURES}
    for row in rows:
        labels = tuple(map(str, row[: len(LABELS)]))
        for place, measure in enumerate(MEASURES):
            buckets, count, total = row[len(LABELS) + 3 * place :][:3]
            if count:
                counted[measure.name].append(Counted(labels, tuple(buckets), count, total))
    return counted
