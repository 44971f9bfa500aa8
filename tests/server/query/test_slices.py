from __future__ import annotations

import itertools

import pytest
from axonize_server.query.slices import FIRST_SLICE_NS, slices

WIDTHS = {6: [1, 5], 7: [1, 6], 73: [1, 12, 60], 74: [1, 12, 61], 200: [1, 12, 187], 5: [5]}
WIDTHS |= {8640: [1, 12, 144, 8483], 50_000: [1, 12, 144, 1728, 48_115]}


def widths(parts) -> list[int]:
    return [(end - start) // FIRST_SLICE_NS for start, end in parts]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("length", WIDTHS)
def test_the_parts_grow_and_cover_the_range_once(length, newest_first):
    end = length * FIRST_SLICE_NS
    parts = list(slices(0, end, newest_first=newest_first))
    assert widths(parts) == WIDTHS[length]
    in_time = parts[::-1] if newest_first else parts
    assert (in_time[0][0], in_time[-1][1]) == (0, end)
    assert all(one[1] == other[0] for one, other in itertools.pairwise(in_time))


def test_a_range_without_time_has_no_parts():
    assert list(slices(5, 5, newest_first=True)) == []


@pytest.mark.parametrize(
    ("newest", "expected"),
    [(900, [101, 12, 144, 743]), (1000, [1, 12, 144, 843]), (2000, [1, 12, 144, 843]), (3, [1000])],
)
def test_the_first_part_has_all_that_is_later_than_the_newest(newest, expected):
    end = 1000 * FIRST_SLICE_NS
    parts = slices(0, end, newest_first=True, newest_ns=newest * FIRST_SLICE_NS)
    assert widths(parts) == expected


@pytest.mark.parametrize(
    ("width", "expected"), [(0.1, [0.1, 1.2, 14.4, 84.3]), (0.01, [0.01, 1, 12, 86.99])]
)
def test_a_first_part_that_is_shorter_is_followed_by_the_usual_ones(width, expected):
    end = 100 * FIRST_SLICE_NS
    parts = slices(0, end, newest_first=True, width_ns=round(width * FIRST_SLICE_NS))
    assert [(end - start) / FIRST_SLICE_NS for start, end in parts] == expected
