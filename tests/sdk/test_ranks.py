"""Median, 99th percentile and maximum, beside the definition of the nearest rank."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from axonize.ranks import spread


@given(st.lists(st.integers(), min_size=1, max_size=500).map(sorted))
def test_they_are_the_values_of_these_ranks(ordered: list[int]) -> None:
    count = len(ordered)
    ranks = math.ceil(count / 2), math.ceil(count * 99 / 100), count
    assert spread(ordered) == tuple(ordered[rank - 1] for rank in ranks)
