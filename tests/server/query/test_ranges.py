from __future__ import annotations

import pytest
from axonize_server.model import InvalidQuery
from axonize_server.query.ranges import check_range


def test_a_range_has_time_in_it():
    check_range(1, 2)
    for from_ns, to_ns in ((2, 2), (3, 2)):
        with pytest.raises(InvalidQuery, match=r"^from: expected a time before `to`$"):
            check_range(from_ns, to_ns)
    with pytest.raises(InvalidQuery, match=r"^box_from: expected a time before `box_to`$"):
        check_range(2, 1, "box_from", "box_to")
