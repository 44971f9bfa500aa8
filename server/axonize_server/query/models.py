"""Models side by side: the requests that used each, its tokens and times, its engines' GPUs."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from axonize_server.minutes import Group, SpanFilter, SpanStatistics
from axonize_server.model import TraceSearch
from axonize_server.query import analytics, requests
from axonize_server.requests import RequestGroup, RequestStatistics
from axonize_server.steps import ModelSteps
from axonize_server.store.clickhouse.minutes.reader import MinuteReader
from axonize_server.store.clickhouse.reader import SpanReader
from axonize_server.store.clickhouse.steps.reader import StepReader


class ModelRecord(msgspec.Struct, frozen=True):
    """What is known of a model in a range; None where nothing says it."""

    name: str
    requests: RequestStatistics | None
    spans: SpanStatistics | None
    steps: ModelSteps | None


def models(
    reader: SpanReader,
    minutes: MinuteReader,
    steps: StepReader,
    tenant: str,
    wanted: TraceSearch,
) -> list[ModelRecord]:
    """Return the models of a search, the most used first; of its filters all but those of service
    and model concern requests alone.

    Raises InvalidQuery for a range without time in it.
    """
    only = SpanFilter(service=wanted.service, model=wanted.model)
    times = wanted.from_ns, wanted.to_ns
    found = requests.grouped(reader.requests, tenant, wanted, "model")
    spans = by_model(analytics.overview(minutes, tenant, only, *times))
    stepped = {each.model: each for each in steps.by_model(tenant, only, *times) if each.model}
    return _joined(found, spans, stepped)


def _joined(
    found: list[RequestGroup], spans: dict[str, SpanStatistics], steps: dict[str, ModelSteps]
) -> list[ModelRecord]:
    known = {each.name: each.statistics for each in found}
    names = dict.fromkeys([*known, *sorted(spans), *sorted(steps)])
    return [ModelRecord(name, known.get(name), spans.get(name), steps.get(name)) for name in names]


def by_model(groups: list[Group]) -> dict[str, SpanStatistics]:
    """Add up the spans of each model.

    Several spans of a request name its model: those count that name an operation too, if any do.
    What a request has cost is said by either kind, or by both: the larger sum counts none twice.
    """
    added = _added(each for each in groups if not each.operation)
    for model, named in _added(each for each in groups if each.operation).items():
        others_usd = added[model].cost_usd if model in added else 0.0
        cost_usd = max(named.cost_usd, others_usd)
        added[model] = msgspec.structs.replace(named, cost_usd=cost_usd)
    return added


def _added(groups: Iterable[Group]) -> dict[str, SpanStatistics]:
    added: dict[str, SpanStatistics] = {}
    for each in groups:
        if each.model:
            known = added.get(each.model)
            added[each.model] = known + each.statistics if known else each.statistics
    return added
