"""Requests are answered when their rows are stored, and each one for itself."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
from axonize_server.ingest.batcher import ANSWERED_AT_ONCE, Batcher
from axonize_server.model import (
    Accepted,
    MalformedRequest,
    NativeBlock,
    Overloaded,
    StoreRefused,
    StoreUnavailable,
)
from axonize_server.store.clickhouse.connection import ClientPool
from axonize_server.store.clickhouse.writer import SpanWriter

from tests.server.ingest.otlp import body, span
from tests.server.steps import Rider, step


class Store:
    """A real store that can be stopped, and that refuses or loses spans of certain names."""

    def __init__(self, writer, decoder) -> None:
        self.writer = writer
        self.decoder = decoder
        self.may_write = threading.Event()
        self.may_write.set()
        self.writes: list[int] = []
        self.broken: Exception | None = None

    def write(self, spans, steps) -> None:
        assert self.may_write.wait(30)
        if self.broken:
            raise self.broken
        if holds(spans, "refused"):
            raise StoreRefused("a refused name")
        if holds(spans, "unexpected"):
            raise ZeroDivisionError
        self.writer.insert(spans, steps)
        self.writes.append(spans.num_rows)


def holds(spans, name: str) -> bool:
    if isinstance(spans, NativeBlock):
        return name.encode() in spans.data
    return name in spans["name"].to_pylist()


@pytest.fixture
def store(writer, new_decoder) -> Store:
    return Store(writer, new_decoder)


def run(store, work, **limits):
    async def main():
        batcher = Batcher(store.write, decoder=store.decoder, **limits)
        try:
            return await work(batcher), batcher.counters
        finally:
            store.may_write.set()
            await batcher.close()

    return asyncio.run(main())


def answers(*submits):
    return asyncio.gather(*submits, return_exceptions=True)


def stored(clickhouse, tenant) -> list[str]:
    query = "SELECT name FROM spans WHERE tenant_id = {tenant:String} ORDER BY name"
    with clickhouse.client() as client:
        rows = client.query(query, parameters={"tenant": tenant}).result_rows
    return [row[0] for row in rows]


def test_an_answer_means_that_the_spans_are_stored(store, clickhouse, tenant):
    async def work(batcher):
        accepted = await batcher.submit(tenant, body(span(1, name="a"), span(2, name="b")))
        return accepted, stored(clickhouse, tenant)

    (accepted, names), counters = run(store, work)

    assert accepted == Accepted(2)
    assert names == ["a", "b"]
    assert (counters.accepted_spans, counters.commits, counters.queue_bytes) == (2, 1, 0)
    assert counters.commit_seconds > 0


def stored_steps(clickhouse, tenant) -> list[int]:
    query = "SELECT number FROM engine_steps WHERE tenant_id = {tenant:String} ORDER BY number"
    with clickhouse.client() as client:
        rows = client.query(query, parameters={"tenant": tenant}).result_rows
    return [row[0] for row in rows]


def test_an_answer_means_that_spans_and_steps_are_stored(store, clickhouse, tenant):
    async def work(batcher):
        accepted = await answers(
            batcher.submit(tenant, body(span(1, name="a"), step(1, [Rider("x")]))),
            batcher.submit(tenant, body(step(2, []), step(3, [], trace_ids=[""]))),
        )
        return accepted, stored(clickhouse, tenant), stored_steps(clickhouse, tenant)

    ((first, second), names, numbers), counters = run(store, work)

    assert first == Accepted(2)
    assert (second.spans, second.rejected) == (1, 1)
    assert (names, numbers) == (["a"], [1, 2])
    assert (counters.accepted_spans, counters.rejected_spans) == (3, 1)


def test_the_steps_of_a_refused_request_do_not_refuse_those_of_others(store, clickhouse, tenant):
    def work(batcher):
        bodies = [
            body(step(1, []), span(1, name="a")),
            body(span(2, name="refused"), step(2, []), step(3, [])),
            body(step(4, [])),
        ]
        return answers(*(batcher.submit(tenant, one) for one in bodies))

    (first, refused, third), _ = run(store, work, linger_s=(0.1, 0.1))

    assert (first, third) == (Accepted(2), Accepted(1))
    assert isinstance(refused, StoreRefused)
    assert stored(clickhouse, tenant) == ["a"]
    assert stored_steps(clickhouse, tenant) == [1, 4]


def test_requests_that_wait_are_committed_together(store, clickhouse, tenant):
    def many(batcher):
        return answers(*(batcher.submit(tenant, body(span(i))) for i in range(1, 101)))

    accepted, counters = run(store, many)

    assert accepted == [Accepted(1)] * 100
    assert counters.commits < 10
    assert len(stored(clickhouse, tenant)) == 100


def test_a_batch_does_not_wait_when_its_size_is_there(store, tenant):
    def submit(batcher):
        return batcher.submit(tenant, body(span(1, {"text": "x" * 2000})))

    accepted, _ = run(store, submit, commit_bytes=1000, linger_s=(3600, 3600))

    assert accepted == Accepted(1)


def test_a_malformed_request_is_refused_alone(store, clickhouse, tenant):
    def work(batcher):
        bodies = [body(span(1, name="a")), b"\xff\xff", body(span(2, name="b")), b""]
        return answers(*(batcher.submit(tenant, one) for one in bodies))

    (first, malformed, second, empty), counters = run(store, work)

    assert (first, second, empty) == (Accepted(1), Accepted(1), Accepted(0))
    assert isinstance(malformed, MalformedRequest)
    assert counters.refused == {"MalformedRequest": 1}
    assert stored(clickhouse, tenant) == ["a", "b"]


def test_invalid_spans_are_counted(store, tenant):
    accepted, counters = run(
        store, lambda batcher: batcher.submit(tenant, body(span(1), span(2, span_id=b"")))
    )

    assert (accepted.spans, accepted.rejected) == (1, 1)
    assert (counters.accepted_spans, counters.rejected_spans) == (1, 1)


@pytest.mark.parametrize(
    ("name", "refusal"), [("refused", StoreRefused), ("unexpected", StoreUnavailable)]
)
def test_data_that_the_store_refuses_fails_its_own_request(
    name, refusal, store, clickhouse, tenant
):
    names = [str(i) for i in range(9)]
    names[5] = name

    def work(batcher):
        spans = [span(i, name=one) for i, one in enumerate(names, start=1)]
        return answers(*(batcher.submit(tenant, body(one)) for one in spans))

    results, counters = run(store, work)

    guilty = results.pop(5)
    assert isinstance(guilty, refusal)
    assert results == [Accepted(1)] * 8
    assert counters.refused == {refusal.__name__: 1}
    assert stored(clickhouse, tenant) == [str(i) for i in range(9) if i != 5]


def test_a_store_that_is_down_refuses_all_and_recovers(store, clickhouse, tenant):
    async def work(batcher):
        store.broken = StoreUnavailable("down", 7.0)
        refused = await answers(*(batcher.submit(tenant, body(span(i))) for i in range(1, 4)))
        store.broken = None
        return refused, await batcher.submit(tenant, body(span(4, name="later")))

    (refused, later), counters = run(store, work)

    assert [(type(one), one.retry_after_s) for one in refused] == [(StoreUnavailable, 7.0)] * 3
    assert later == Accepted(1)
    assert counters.queue_bytes == 0
    assert stored(clickhouse, tenant) == ["later"]


def test_a_full_queue_says_slow_down(store, clickhouse, tenant):
    async def work(batcher):
        store.may_write.clear()
        waiting = [asyncio.ensure_future(batcher.submit(tenant, one)) for one in bodies]
        await asyncio.sleep(0)
        held = batcher.counters.queue_bytes
        refusal = await answers(batcher.submit(tenant, bodies[0]))
        store.may_write.set()
        return held, refusal[0], await answers(*waiting)

    bodies = [body(span(i, {"text": "x" * 1000})) for i in range(1, 6)]
    limit = sum(map(len, bodies))

    (held, refusal, accepted), counters = run(store, work, max_queue_bytes=limit)

    assert held == limit
    assert isinstance(refusal, Overloaded)
    assert refusal.retry_after_s > 0
    assert accepted == [Accepted(1)] * 5
    assert (counters.refused, counters.queue_bytes) == ({"Overloaded": 1}, 0)
    assert len(stored(clickhouse, tenant)) == 5


def test_a_tenant_that_floods_makes_room_for_another(store, clickhouse, tenant):
    other = f"{tenant}-other"
    flood = [body(span(i, {"text": "x" * 1000})) for i in range(1, 6)]

    async def work(batcher):
        waiting = [asyncio.ensure_future(batcher.submit(tenant, one)) for one in flood]
        await asyncio.sleep(0)
        calm = asyncio.ensure_future(batcher.submit(other, flood[0]))
        await asyncio.sleep(0)
        again = await answers(batcher.submit(tenant, flood[0]))
        return await answers(*waiting), again[0], await calm

    limits = {"max_queue_bytes": sum(map(len, flood)), "linger_s": (2.0, 2.0)}
    (flooding, again, calm), counters = run(store, work, **limits)

    assert calm == Accepted(1)
    assert flooding[:4] == [Accepted(1)] * 4
    assert [type(one) for one in (flooding[4], again)] == [Overloaded] * 2
    assert counters.queue_bytes == 0
    assert (len(stored(clickhouse, tenant)), len(stored(clickhouse, other))) == (4, 1)


def test_a_request_past_its_deadline_is_refused(store, tenant):
    async def work(batcher):
        store.may_write.clear()
        return await answers(batcher.submit(tenant, body(span(1))))

    (refusal,), counters = run(store, work, deadline_s=0.05)

    assert isinstance(refusal, StoreUnavailable)
    assert "not stored within 0.05 s" in str(refusal)
    assert counters.refused == {"StoreUnavailable": 1}


def test_what_a_sender_has_left_is_not_stored(store, clickhouse, tenant):
    async def work(batcher):
        leaving = asyncio.ensure_future(batcher.submit(tenant, body(span(1, name="left"))))
        await asyncio.sleep(0)
        leaving.cancel()
        return await batcher.submit(tenant, body(span(2, name="stays")))

    accepted, counters = run(store, work, linger_s=(0.1, 0.1))

    assert accepted == Accepted(1)
    assert counters.queue_bytes == 0
    assert stored(clickhouse, tenant) == ["stays"]


def test_close_stores_what_was_taken_and_refuses_what_comes_later(store, clickhouse, tenant):
    async def work(batcher):
        taken = [asyncio.ensure_future(batcher.submit(tenant, body(span(i)))) for i in range(1, 31)]
        await asyncio.sleep(0)
        await batcher.close()
        late = await answers(batcher.submit(tenant, body(span(99))))
        return await answers(*taken), late[0]

    (accepted, late), _ = run(store, work, linger_s=(3600, 3600))

    assert accepted == [Accepted(1)] * 30
    assert isinstance(late, StoreUnavailable)
    assert len(stored(clickhouse, tenant)) == 30


def test_settling_waits_for_one_write_however_many_follow_it(store, tenant):
    async def work(batcher):
        sent = [asyncio.ensure_future(batcher.submit(tenant, body(span(i)))) for i in range(1, 301)]
        while len(store.writes) < 3:
            await asyncio.sleep(0.01)
        written = len(store.writes)
        meanwhile = await asyncio.to_thread(settled, batcher) - written
        return meanwhile, await answers(*sent)

    def settled(batcher):
        batcher.settle()
        return len(store.writes)

    (meanwhile, accepted), _ = run(store, work, commit_bytes=1, linger_s=(0.0, 0.0))

    assert accepted == [Accepted(1)] * 300
    # One is waited for; some more may end before the thread has its turn.
    assert meanwhile < 100


def test_a_clickhouse_that_nobody_runs_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    nobody = ClientPool(f"http://127.0.0.1:{port}", size=1)

    async def main():
        batcher = Batcher(SpanWriter(nobody).insert)
        try:
            return await answers(batcher.submit("t", body(span(1)))), batcher.counters
        finally:
            await batcher.close()

    (refusal,), counters = asyncio.run(main())

    assert isinstance(refusal, StoreUnavailable)
    assert (counters.queue_bytes, counters.commits) == (0, 0)


def test_senders_of_other_loops_are_answered_with_those_of_this_one(store, clickhouse, tenant):
    async def work(batcher):
        there = asyncio.to_thread(
            lambda: asyncio.run(batcher.submit(tenant, body(span(1, name="there"))))
        )
        return await asyncio.gather(
            there, *(batcher.submit(tenant, body(span(i, name="here"))) for i in range(2, 5))
        )

    accepted, counters = run(store, work, linger_s=(0.5, 0.5))

    assert accepted == [Accepted(1)] * 4
    assert stored(clickhouse, tenant) == ["here"] * 3 + ["there"]
    assert counters.queue_bytes == 0


def test_what_comes_to_the_loop_is_served_between_the_answers_of_a_large_batch(store, tenant):
    async def work(batcher):
        turn, turns = 0, []

        async def submit(number):
            await batcher.submit(tenant, body(span(number)))
            turns.append(turn)

        submits = asyncio.gather(*(submit(number) for number in range(1, 41)))
        while not submits.done():
            await asyncio.sleep(0)  # whatever else the loop has to do
            turn += 1
        return turns

    turns, counters = run(store, work, linger_s=(0.3, 0.3))

    assert counters.commits == 1
    assert len(set(turns)) >= 40 / ANSWERED_AT_ONCE


@pytest.mark.parametrize(("senders", "commits"), [(1, 2), (2, 3)])
def test_a_batch_waits_for_two_commits_unless_its_sender_was_alone(store, tenant, senders, commits):
    """That is: the answer comes after as many commits as said, its own among them."""
    write = store.write

    def slowly(*tables) -> None:
        write(*tables)
        time.sleep(1.0)

    async def work(batcher):
        async def submit() -> float:
            started = time.monotonic()
            await answers(*(batcher.submit(tenant, body(span(1))) for _ in range(senders)))
            return time.monotonic() - started

        await submit()
        return await submit()

    store.write = slowly
    took, _ = run(store, work, linger_s=(0.1, 10.0))

    assert commits <= took < commits + 0.9
