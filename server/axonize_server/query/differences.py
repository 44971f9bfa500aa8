"""What the requests inside a box of the heatmap have that the others have not.

For each value that spans have, p and q are the shares of the requests inside and outside with it.
A large p - q of few requests may be chance, so values are ranked by how large the difference is at
least: the end nearer to zero of its confidence interval, by Newcombe's hybrid score method (R. G.
Newcombe, Interval estimation for the difference between independent proportions: comparison of
eleven methods, Statistics in Medicine 17, 1998, 873-890, method 10). With the Wilson intervals
[l, u] of p and [m, v] of q:

    p > q:  (p - q) - sqrt((p - l)^2 + (v - q)^2)
    p < q:  (q - p) - sqrt((u - p)^2 + (q - m)^2)

What is not above zero is left out. Many values are compared at once, so the intervals are those of
99.9 %.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from axonize_server.model import InvalidQuery, TraceSearch
from axonize_server.query.ranges import check_range
from axonize_server.requests import Box, Difference, Differences, Sampled, ValueCount
from axonize_server.store.clickhouse.requests.reader import RequestReader

Z = 3.2905
"""Standard deviations on both sides of the middle that hold 99.9 %."""
PER_NAME = 4
"""At most so many values of one attribute: the others say the same again."""
MOST = 40
# Spans of a trace may start before and end after what the roll-up knew of it.
SLACK_NS = 1_000_000_000


def differences(reader: RequestReader, tenant: str, wanted: TraceSearch, box: Box) -> Differences:
    """Return the values of spans that tell the traces inside a box from the others of a search.

    Raises InvalidQuery for a range or box without anything in it.
    """
    _check(wanted, box)
    inside, outside = reader.sample(tenant, wanted, box)
    counts: list[ValueCount] = []
    if inside.sample and outside.sample:
        counts = reader.values(tenant, _ids(inside), _ids(outside), _stretches(inside, outside))
    sizes = len(inside.sample), len(outside.sample)
    return Differences(inside.traces, outside.traces, *sizes, ranked(counts, *sizes))


def _check(wanted: TraceSearch, box: Box) -> None:
    check_range(wanted.from_ns, wanted.to_ns)
    check_range(box.from_ns, box.to_ns, "box_from", "box_to")
    if box.min_ns >= box.max_ns:
        raise InvalidQuery("box_min_ms: expected less than `box_max_ms`")


def _ids(side: Sampled) -> list[str]:
    return [trace_id for _, _, trace_id in side.sample]


def _stretches(*sides: Sampled) -> list[tuple[int, int]]:
    """Return where the spans of the sampled traces start, as stretches that do not touch."""
    merged: list[tuple[int, int]] = []
    for first, last, _ in sorted(each for side in sides for each in side.sample):
        start, end = first - SLACK_NS, last + SLACK_NS
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return _joined(merged)


def _joined(stretches: list[tuple[int, int]], most: int = 100) -> list[tuple[int, int]]:
    """Join neighbours over the narrowest gaps until there are few enough for one condition."""
    if len(stretches) <= most:
        return stretches
    gaps = [after[0] - before[1] for before, after in itertools.pairwise(stretches)]
    widest = sorted(sorted(range(len(gaps)), key=gaps.__getitem__)[1 - most :])
    firsts = [0, *(place + 1 for place in widest)]
    lasts = [*widest, len(gaps)]
    return [(stretches[a][0], stretches[b][1]) for a, b in zip(firsts, lasts, strict=True)]


def ranked(counts: Sequence[ValueCount], inside: int, outside: int) -> list[Difference]:
    """Return the values by score, the surest first, a few of each attribute, at most 40."""
    found = [_difference(each, inside, outside) for each in counts]
    kept: list[Difference] = []
    seen: dict[tuple[str, str], int] = {}
    for each in sorted(found, key=lambda one: one.score, reverse=True):
        place = each.of.kind, each.of.name
        seen[place] = seen.get(place, 0) + 1
        if each.score > 0 and seen[place] <= PER_NAME and len(kept) < MOST:
            kept.append(each)
    return kept


def _difference(counted: ValueCount, inside: int, outside: int) -> Difference:
    p, q = counted.inside / inside, counted.outside / outside
    return Difference(counted, p, q, score(counted.inside, inside, counted.outside, outside))


def score(with_inside: int, inside: int, with_outside: int, outside: int) -> float:
    """Return how far apart two shares are at least, 0 when they may be the same."""
    p, q = with_inside / inside, with_outside / outside
    if p < q:
        return score(with_outside, outside, with_inside, inside)
    low, _ = wilson(with_inside, inside)
    _, high = wilson(with_outside, outside)
    return max((p - q) - math.hypot(p - low, high - q), 0.0)


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return Wilson's interval of a share, from 0 to 1."""
    share, spread = count / of, Z * Z / of
    middle = share + spread / 2
    reach = Z * math.sqrt((share * (1 - share) + spread / 4) / of)
    return max((middle - reach) / (1 + spread), 0.0), min((middle + reach) / (1 + spread), 1.0)
