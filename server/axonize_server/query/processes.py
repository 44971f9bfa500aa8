"""Question: which processes send telemetry, how is it, and which services do not say."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from axonize_server.minutes import SpanFilter
from axonize_server.model import InvalidQuery
from axonize_server.processes import Process, SilentService
from axonize_server.query import analytics
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.processes.reader import ProcessReader


class Seen(NamedTuple):
    """The newest processes, whether there are more, and the services of which none reports."""

    processes: list[Process]
    more: bool
    silent: list[SilentService]


def seen(
    reader: ProcessReader, minutes: MinuteReader, tenant: str, from_ns: int, now_ns: int
) -> Seen:
    """Return the processes that reported since from_ns (Unix ns), and services without one.

    Raises InvalidQuery for a time that is to come.
    """
    if from_ns >= now_ns:
        raise InvalidQuery("from: expected a time before now")
    processes, more = reader.seen_since(tenant, from_ns)
    told = reader.services_since(tenant, from_ns)
    spans: Counter[str] = Counter()
    for group in analytics.overview(minutes, tenant, SpanFilter(), from_ns, now_ns):
        spans[group.service] += group.statistics.spans
    silent = sorted(spans.keys() - told)
    return Seen(processes, more, [SilentService(name, spans[name]) for name in silent])
