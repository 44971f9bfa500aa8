from __future__ import annotations

import itertools

import pytest
from axonize_server.query.slices import FIRST_SLICE_NS, slices

END = 50 * FIRST_SLICE_NS


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_parts_grow_and_cover_the_range_once(newest_first):
    parts = list(slices(0, END, newest_first=newest_first))
    widths = [(end - start) // FIRST_SLICE_NS for start, end in parts]
    assert widths == [1, 6, 36, 7]
    in_time = parts[::-1] if newest_first else parts
    assert (in_time[0][0], in_time[-1][1]) == (0, END)
    assert all(one[1] == other[0] for one, other in itertools.pairwise(in_time))


def test_a_range_without_time_has_no_parts():
    assert list(slices(5, 5, newest_first=True)) == []
