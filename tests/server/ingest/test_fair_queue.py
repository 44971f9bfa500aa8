from __future__ import annotations

from dataclasses import dataclass

import pytest
from axonize_server.ingest.fair_queue import FairQueue


@dataclass(frozen=True)
class One:
    tenant: str
    since: float
    body: bytes = b"12345"


def filled(*requests: One) -> FairQueue[One]:
    queue: FairQueue[One] = FairQueue()
    for each in requests:
        queue.put(each)
    return queue


def test_tenants_take_turns_and_each_keeps_its_order():
    queue = filled(One("a", 1), One("a", 2), One("a", 3), One("b", 4), One("c", 5), One("b", 6))
    assert (queue.bytes, queue.oldest) == (30, 1)
    taken = [queue.next() for _ in range(6)]
    assert [one and (one.tenant, one.since) for one in taken] == [
        *(("a", 1), ("b", 4), ("c", 5)),
        *(("a", 2), ("b", 6), ("a", 3)),
    ]
    assert (queue.next(), bool(queue), queue.bytes) == (None, False, 0)
    with pytest.raises(ValueError, match="empty"):
        queue.oldest  # noqa: B018


def test_the_newest_of_who_holds_most_is_displaced_until_shares_are_equal():
    queue = filled(*(One("a", n) for n in range(4)), One("b", 4))
    assert queue.displace("c", 5) == One("a", 3)
    assert queue.displace("b", 5) == One("a", 2)
    assert queue.displace("b", 5) is None
    assert queue.displace("c", 100) is None
    assert queue.displace("a", 1) is None
    assert queue.bytes == 15


def test_a_tenant_that_holds_nothing_any_more_is_forgotten():
    queue = filled(One("a", 1))
    assert queue.displace("b", 1) == One("a", 1)
    assert (bool(queue), queue.bytes, queue.displace("b", 1), queue.next()) == (
        False,
        0,
        None,
        None,
    )
    queue.put(One("b", 2))
    assert queue.next() == One("b", 2)


def test_all_that_waits_of_a_tenant_is_withdrawn_and_the_others_keep_their_turns():
    queue = filled(One("a", 1), One("b", 2), One("a", 3))
    assert queue.tenants == ["a", "b"]
    assert queue.withdraw("a") == [One("a", 1), One("a", 3)]
    assert queue.withdraw("a") == queue.withdraw("c") == []
    assert (queue.bytes, queue.oldest, queue.tenants) == (5, 2, ["b"])
    assert queue.next() == One("b", 2)
    assert (queue.bytes, queue.tenants) == (0, [])
