"""Cuts a time range into growing parts, so that a first page reads little."""

from __future__ import annotations

from collections.abc import Iterator

# At 50,000 spans a second the first part holds half a million; a day takes four parts, and each
# that finds nothing costs ten milliseconds.
FIRST_SLICE_NS = 10 * 1_000_000_000
SLICE_GROWTH = 12
MOST_OF_LAST = 5


def slices(
    first_ns: int,
    last_ns: int,
    *,
    newest_first: bool,
    newest_ns: int | None = None,
    width_ns: int = FIRST_SLICE_NS,
) -> Iterator[tuple[int, int]]:
    """Yield parts of [first_ns, last_ns), each twelve times as long as the one before.

    The first is of width_ns, the second of ten seconds at least. The last one takes a rest that is
    not much longer than it would be. After newest_ns there is hardly anything: what is newest first
    begins with all of that as well.
    """
    width = width_ns
    empty_ns = 0 if newest_ns is None else max(0, last_ns - newest_ns)
    while first_ns < last_ns:
        length = width + empty_ns
        if last_ns - first_ns <= MOST_OF_LAST * width + empty_ns:
            length = last_ns - first_ns
        if newest_first:
            start, end = last_ns - length, last_ns
            last_ns = start
        else:
            start, end = first_ns, first_ns + length
            first_ns = end
        yield start, end
        width = max(width * SLICE_GROWTH, FIRST_SLICE_NS)
        empty_ns = 0
