"""What the wire carries of many traces at once; units are in the names."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server.api.schemas import Time
from axonize_server.api.times import format_time
from axonize_server.requests import BINS_PER_DOUBLING, Bins, ValueCount, ValueKind
from axonize_server.requests import Difference as Found
from axonize_server.requests import Differences as AllFound

NS_PER_MS = 1_000_000


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
