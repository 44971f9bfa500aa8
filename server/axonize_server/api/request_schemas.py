"""What the wire carries of many traces at once; units are in the names."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from axonize_server.api.analytics_schemas import Percentiles, percentiles
from axonize_server.api.schemas import TOKENS, Time
from axonize_server.api.times import format_time
from axonize_server.minutes import Histogram, SpanStatistics
from axonize_server.query.models import ModelRecord
from axonize_server.requests import (
    BINS_PER_DOUBLING,
    Bins,
    RequestBucket,
    RequestStatistics,
    ValueCount,
    ValueKind,
)
from axonize_server.requests import Difference as Found
from axonize_server.requests import Differences as AllFound
from axonize_server.requests import RequestGroup as GroupRecord
from axonize_server.tokens import Usage

NS_PER_MS = 1_000_000
_NO_VALUES = Histogram({})
NOTHING = SpanStatistics(
    spans=0, errors=0, cost_usd=0.0, usage=Usage({}),
    durations=_NO_VALUES, ttfts=_NO_VALUES, tpots=_NO_VALUES,
)  # fmt: skip


class Heatmap(msgspec.Struct, frozen=True, kw_only=True):
    """How many traces began in a column of time and lasted as long as a row says.

    The lists are parallel, one entry a bin that holds any. Column c begins `c * width_ms` after
    `start`; row r holds durations of 2^(r / rows_per_doubling) ns and more.
    """

    start: Time
    width_ms: int
    rows_per_doubling: int
    columns: list[int]
    rows: list[int]
    counts: list[int]
    errors: Annotated[list[int], Meta(description="Traces with a span that failed.")]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A value that more, or fewer, of the traces inside have."""

    kind: ValueKind
    name: Annotated[str, Meta(description="The attribute, or the kind where it is none.")]
    value: Annotated[str, Meta(description="Empty for a range of numbers.")]
    low: Annotated[float | None, Meta(description="Numbers from here on ...")]
    high: Annotated[float | None, Meta(description="... and below this.")]
    inside: Annotated[int, Meta(description="Sampled traces inside that have it.")]
    outside: int
    share_inside: float
    share_outside: float
    score: Annotated[float, Meta(description="The shares differ by this at least, 0 to 1.")]


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """What tells the traces inside a box from the others, the surest first, at most 40.

    The score is the end nearer to zero of the 99.9 % confidence interval of the difference of
    shares, by Newcombe's hybrid score method. Of many traces a sample is compared: the first 150 in
    each of 23 stretches of the box's time, and of the range outside.
    """

    inside: Annotated[int, Meta(description="Traces inside the box.")]
    outside: Annotated[int, Meta(description="The others of the search.")]
    sampled_inside: int
    sampled_outside: int
    items: list[Difference]


class Durations(msgspec.Struct, frozen=True):
    """Quantiles of durations, ms, exact; null without requests."""

    p50: float | None
    p95: float | None
    p99: float | None


class Requests(msgspec.Struct, frozen=True, kw_only=True):
    """What traces add up to."""

    requests: int
    errors: Annotated[int, Meta(description="Those with a span that failed.")]
    requests_per_s: float
    duration_ms: Durations


class RequestPoint(Requests, frozen=True, kw_only=True):
    """The traces that began within one column of time."""

    time: Annotated[Time, Meta(description="Start of the column.")]


class RequestSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Requests over time; a column without any is left out."""

    width_ms: int
    whole: Annotated[Requests, Meta(description="Of all the range.")]
    items: list[RequestPoint]


class RequestGroup(Requests, frozen=True, kw_only=True):
    """The traces that a service took part in, or a model was used in."""

    name: str


class RequestGroups(msgspec.Struct, frozen=True):
    """Services, or models, at most 1000, the busiest first; a trace counts for each of its own."""

    items: list[RequestGroup]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model. A part is null where nothing says it: no trace, no span, no engine step."""

    name: str
    requests: Requests | None
    spans: Annotated[
        int, Meta(description="Calls of the model; where it is traced at both ends, both count.")
    ]
    input_tokens: Annotated[int, Meta(description=TOKENS)]
    output_tokens: int
    cached_tokens: int
    input_tokens_per_s: float
    output_tokens_per_s: float
    cost_usd: float
    ttft_ms: Percentiles
    tpot_ms: Percentiles
    gpu_seconds: Annotated[float | None, Meta(description="Busy, of the GPUs of its engines.")]
    energy_j: Annotated[float | None, Meta(description="J of the same; 0 when not measured.")]


class Models(msgspec.Struct, frozen=True):
    """Models side by side, the most used first."""

    items: list[Model]


def series(
    length_ns: int, found: tuple[int, RequestStatistics, list[RequestBucket]]
) -> RequestSeries:
    """Return requests over time as the wire carries them."""
    width_ns, whole, buckets = found
    return RequestSeries(
        width_ms=width_ns // NS_PER_MS,
        whole=Requests(**_requests(whole, length_ns)),
        items=[
            RequestPoint(time=format_time(each.start_ns), **_requests(each.statistics, width_ns))
            for each in buckets
        ],
    )


def groups(length_ns: int, found: list[GroupRecord]) -> RequestGroups:
    """Return services or models as the wire carries them."""
    rows = (RequestGroup(name=each.name, **_requests(each.statistics, length_ns)) for each in found)
    return RequestGroups(list(rows))


def models(length_ns: int, found: list[ModelRecord]) -> Models:
    """Return models as the wire carries them."""
    return Models([_model(each, length_ns) for each in found])


def _model(found: ModelRecord, length_ns: int) -> Model:
    spans, steps, seconds = found.spans or NOTHING, found.steps, length_ns / 1e9
    return Model(
        name=found.name,
        requests=Requests(**_requests(found.requests, length_ns)) if found.requests else None,
        spans=spans.spans,
        input_tokens=spans.input_tokens,
        output_tokens=spans.output_tokens,
        cached_tokens=spans.cached_tokens,
        input_tokens_per_s=spans.input_tokens / seconds,
        output_tokens_per_s=spans.output_tokens / seconds,
        cost_usd=spans.cost_usd,
        ttft_ms=percentiles(spans.ttfts),
        tpot_ms=percentiles(spans.tpots),
        gpu_seconds=steps.gpu_seconds if steps else None,
        energy_j=steps.energy_j if steps else None,
    )


def _requests(found: RequestStatistics, length_ns: int) -> dict[str, Any]:
    quantiles = (found.p50_ns, found.p95_ns, found.p99_ns)
    return {
        "requests": found.requests,
        "errors": found.errors,
        "requests_per_s": found.requests / (length_ns / 1e9),
        "duration_ms": Durations(*(each / 1e6 if found.requests else None for each in quantiles)),
    }


def heatmap(from_ns: int, found: Bins) -> Heatmap:
    """Return the bins as the wire carries them."""
    return Heatmap(
        start=format_time(from_ns),
        width_ms=found.width_ns // NS_PER_MS,
        rows_per_doubling=BINS_PER_DOUBLING,
        columns=found.columns,
        rows=found.rows,
        counts=found.counts,
        errors=found.errors,
    )


def differences(found: AllFound) -> Differences:
    """Return what differs as the wire carries it."""
    return Differences(
        inside=found.inside,
        outside=found.outside,
        sampled_inside=found.sampled_inside,
        sampled_outside=found.sampled_outside,
        items=[_difference(each) for each in found.items],
    )


def _difference(found: Found) -> Difference:
    counted: ValueCount = found.of
    return Difference(
        **{name: getattr(counted, name) for name in ValueCount.__struct_fields__},
        share_inside=found.share_inside,
        share_outside=found.share_outside,
        score=found.score,
    )
