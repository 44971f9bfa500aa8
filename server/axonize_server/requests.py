"""The records of many traces at once, one a request, that pass between the rooms; no I/O."""

from __future__ import annotations

from typing import Literal

import msgspec

Grouping = Literal["service", "model"]
ValueKind = Literal["service", "model", "gpu", "status", "span", "cache", "attribute"]

BINS_PER_DOUBLING = 4
"""Bin b of the durations begins at 2^(b/4) ns and is 19 % wide."""


class Bins(msgspec.Struct, frozen=True, kw_only=True):
    """How many traces began in a column of time and lasted as long as a row says.

    The lists are parallel, one entry a bin that holds any. Column c begins c widths after the
    start of the range; row r holds durations of 2^(r/4) ns and more, below 2^((r+1)/4) ns.
    """

    width_ns: int
    columns: list[int]
    rows: list[int]
    counts: list[int]
    errors: list[int]


class Box(msgspec.Struct, frozen=True):
    """The traces that start in [from_ns, to_ns), Unix ns, and last [min_ns, max_ns), ns."""

    from_ns: int
    to_ns: int
    min_ns: int
    max_ns: int


class RequestStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """How many traces, how many of them failed, and quantiles of their durations, ns."""

    requests: int
    errors: int
    p50_ns: float
    p95_ns: float
    p99_ns: float


class RequestBucket(msgspec.Struct, frozen=True):
    """The traces that began from start_ns (Unix ns) for one width."""

    start_ns: int
    statistics: RequestStatistics


class RequestGroup(msgspec.Struct, frozen=True):
    """The traces that a service took part in, or a model was used in."""

    name: str
    statistics: RequestStatistics


class Sampled(msgspec.Struct, frozen=True):
    """Some of the traces on one side of a box: how many there are, and (start, end, id) of some.

    Times in Unix ns, ids in lowercase hex.
    """

    traces: int
    sample: list[tuple[int, int, str]]


class ValueCount(msgspec.Struct, frozen=True):
    """A value that spans have, and how many traces inside and outside of a box have it.

    A number is in a range: `low` and what is above it, `high`; both None where it is none.
    """

    kind: ValueKind
    name: str
    value: str
    low: float | None
    high: float | None
    inside: int
    outside: int


class Difference(msgspec.Struct, frozen=True):
    """A value that more, or fewer, of the traces inside have, and how sure that is: 0 to 1."""

    of: ValueCount
    share_inside: float
    share_outside: float
    score: float


class Differences(msgspec.Struct, frozen=True):
    """What differs, the surest first; of how many traces, of which a sample was compared."""

    inside: int
    outside: int
    sampled_inside: int
    sampled_outside: int
    items: list[Difference]
