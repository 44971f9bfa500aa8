"""What waits of a tenant that is suspended or deleted meanwhile is never stored."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timezone
from secrets import token_bytes

import pyarrow as pa
import pytest
from axonize_server.erasure import Erasure
from axonize_server.ingest.batcher import Batcher
from axonize_server.ingest.decoder import ArrowDecoder
from axonize_server.model import Forbidden
from axonize_server.store.clickhouse.minutes.rollup import ENGINES, SPANS, MinuteRollup
from axonize_server.store.clickhouse.tenants.eraser import TenantEraser
from axonize_server.store.clickhouse.tenants.reader import UsageReader
from axonize_server.store.clickhouse.traces import rollup_sql
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.clickhouse.writer import SpanWriter
from axonize_server.store.migrate import migrate
from axonize_server.store.postgres.keys import Keys
from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.suspension import Suspension

from tests.server.days import stay_today
from tests.server.ingest.otlp import body, span
from tests.server.rows import NOW_NS, TIMESTAMP, row, table, trace_id
from tests.server.steps import Rider, decoded, step, steps_body


@pytest.fixture
def tenants(postgres, clickhouse, tenant) -> Tenants:
    tenants = Tenants(postgres)
    for each in (tenant, f"{tenant}-other"):
        tenants.add(each, "A tenant", None)
    return tenants


@pytest.fixture
def suspension(tenants, postgres):
    suspension = Suspension(tenants, Servers(postgres), Keys(postgres).version)
    yield suspension
    suspension.leave()


class SlowWriter:
    """Writes to ClickHouse when it may."""

    def __init__(self, pool) -> None:
        self.began, self.may = threading.Event(), threading.Event()
        self._writer = SpanWriter(pool)

    def insert(self, *tables) -> None:
        self.began.set()
        assert self.may.wait(60)
        self._writer.insert(*tables)


def test_it_knows_who_is_suspended_when_it_follows(suspension, tenants, tenant):
    tenants.suspend(tenant)
    assert not suspension.holds(tenant)
    suspension.follow()
    assert suspension.holds(tenant)
    assert not suspension.holds(f"{tenant}-other")
    tenants.resume(tenant)
    suspension.follow()
    assert not suspension.holds(tenant)


def test_what_waits_when_its_tenant_is_suspended_is_refused_and_the_rest_is_stored(
    suspension, tenants, tenant, clickhouse, reader
):
    other = f"{tenant}-other"
    writer = SlowWriter(clickhouse)
    batcher = Batcher(writer.insert, is_suspended=suspension.holds)
    suspension.settle.append(batcher.settle)

    async def work() -> list[object]:
        first = asyncio.ensure_future(batcher.submit(tenant, body(span(1))))
        await asyncio.to_thread(writer.began.wait, 60)
        waiting = [
            asyncio.ensure_future(batcher.submit(each, body(span(2)))) for each in (tenant, other)
        ]
        await asyncio.sleep(0.5)  # they are decoded, behind the write that is under way
        tenants.suspend(tenant)
        told = asyncio.ensure_future(asyncio.to_thread(suspension.follow))
        await asyncio.sleep(0.5)
        assert not told.done(), "a write is under way"
        writer.may.set()
        await told
        answers = await asyncio.gather(first, *waiting, return_exceptions=True)
        await batcher.close()
        return answers

    first, refused, stored = asyncio.run(work())
    assert (first.spans, stored.spans) == (1, 1)
    assert isinstance(refused, Forbidden)
    assert len(reader.trace_spans(tenant, trace_id(1))) == 1
    assert reader.trace_spans(tenant, trace_id(2)) == []
    assert len(reader.trace_spans(other, trace_id(2))) == 1


def test_what_waits_as_bytes_is_refused_before_the_write_under_way_has_ended(
    suspension, tenant, clickhouse
):
    writer = SlowWriter(clickhouse)
    decoded = threading.Semaphore(0)

    class Telling(ArrowDecoder):
        """Tells when it takes no more requests."""

        def finish(self):
            decoded.release()
            return super().finish()

    batcher = Batcher(
        writer.insert, decoder=Telling, is_suspended=suspension.holds, linger_s=(0.0, 0.0)
    )
    suspension.settle.append(batcher.settle)

    def submit(number: int) -> asyncio.Future[object]:
        return asyncio.ensure_future(batcher.submit(tenant, body(span(number))))

    async def work() -> list[object]:
        under_way = []
        for number in (1, 2):  # one is written, one waits decoded, and the rest as bytes
            under_way.append(submit(number))
            await asyncio.to_thread(decoded.acquire)
        await asyncio.to_thread(writer.began.wait, 60)
        under_way += [submit(number) for number in (3, 4, 5)]
        other = asyncio.ensure_future(batcher.submit(f"{tenant}-other", body(span(9))))
        suspending = asyncio.ensure_future(asyncio.to_thread(suspension.suspend, tenant))
        done, waiting = await asyncio.wait(under_way[2:], timeout=120)
        assert (len(done), waiting, suspending.done()) == (3, set(), False)
        writer.may.set()
        await suspending
        answers = await asyncio.gather(*under_way, other, return_exceptions=True)
        await batcher.close()
        return answers

    first, *refused, other = asyncio.run(work())
    assert (first.spans, other.spans) == (1, 1)
    assert {str(error) for error in refused} == {f"tenant {tenant} is suspended"}
    assert batcher.counters.queue_bytes == 0


def test_under_load_nothing_is_stored_after_a_suspension_and_what_was_acknowledged_counts(
    suspension, tenant, clickhouse, postgres, settings
):
    stay_today()
    usage = UsageReader(clickhouse, settings.query_limits)
    batcher = Batcher(SpanWriter(clickhouse).insert, is_suspended=suspension.holds)
    suspension.settle.append(batcher.settle)
    other, today = f"{tenant}-other", datetime.now(timezone.utc).date()
    acknowledged: Counter[str] = Counter()
    ids = itertools.count(1)
    done = asyncio.Event()

    async def send(each: str) -> None:
        while not done.is_set():
            with suppress(Forbidden):
                accepted = await batcher.submit(each, body(*(span(next(ids)) for _ in range(20))))
                acknowledged[each] += accepted.spans
            await asyncio.sleep(0)

    async def work() -> tuple[int, int]:
        senders = [asyncio.ensure_future(send(each)) for each in (tenant, other) * 20]
        while not (acknowledged[tenant] and acknowledged[other]):
            await asyncio.sleep(0.1)
        await asyncio.to_thread(suspension.suspend, tenant)
        stored = await asyncio.to_thread(usage.rows, tenant, today)
        known = acknowledged[tenant]
        await asyncio.sleep(1)
        done.set()
        await asyncio.gather(*senders)
        await batcher.close()
        return stored, known

    stored, known = asyncio.run(work())
    assert stored == usage.rows(tenant, today) == acknowledged[tenant] == known > 0
    assert usage.rows(other, today) == acknowledged[other] > 0


def test_a_tenant_that_is_deleted_stays_suspended_until_there_is_one_of_its_name_again(
    suspension, tenants, tenant, postgres
):
    keys = Keys(postgres)
    suspension.suspend(tenant)
    suspension.suspend(f"{tenant}-other")
    tenants.erase(tenant)
    tenants.resume(f"{tenant}-other")
    for _ in range(2):
        suspension.follow()
        assert suspension.holds(tenant)
        assert not suspension.holds(f"{tenant}-other")
    tenants.add(tenant, "Another tenant", None)
    keys.add(tenant, tenant, token_bytes(32), "it sends nothing without", ["ingest"], None)
    suspension.follow()
    assert not suspension.holds(tenant)


def test_what_a_server_has_said_stays_said(suspension, tenant, postgres):
    keys, servers = Keys(postgres), Servers(postgres)
    suspension.silence(tenant)
    servers.report(suspension._server_id, 1)  # as of a thread that was overtaken
    assert servers.behind(keys.version()) == 0


def test_a_roll_up_that_is_under_way_holds_up_a_deletion_and_nothing_else(
    tenants, tenant, postgres
):
    keys, servers, ended = Keys(postgres), Servers(postgres), threading.Event()
    suspension = Suspension(tenants, servers, keys.version)
    suspension.roll_ups.append(ended.wait)
    silencing = threading.Thread(target=suspension.silence, args=(tenant,))
    silencing.start()
    suspension.suspend(f"{tenant}-other")
    assert suspension.holds(f"{tenant}-other")
    suspension.follow()
    with postgres.connection() as connection:
        connection.execute("UPDATE servers SET seen_at = now() - interval '61 seconds'")
    tenants.resume(f"{tenant}-other")
    suspension.follow()
    assert not suspension.holds(f"{tenant}-other")
    assert silencing.is_alive()
    assert servers.behind(keys.version()) == 1, "the server is there, and not yet done"
    ended.set()
    silencing.join(60)
    suspension.put_into_effect()
    assert servers.behind(keys.version()) == 0
    suspension.leave()


def test_a_tenant_is_erased_when_every_server_has_ceased_to_write(
    suspension, tenants, tenant, clickhouse, postgres
):
    keys, servers = Keys(postgres), Servers(postgres)
    suspension.follow()
    suspension.put_into_effect()
    here = Suspension(tenants, servers, keys.version)
    erasure = Erasure(tenants, here.silence, TenantEraser(clickhouse), servers, keys.version)
    erasing = threading.Thread(target=erasure.erase, args=(tenant,))
    erasing.start()
    erasing.join(1)
    assert erasing.is_alive(), "the other server has not said that it knows"
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(0.05):
            suspension.follow()
            suspension.put_into_effect()

    following = threading.Thread(target=follow)
    following.start()
    erasing.join(300)
    stop.set()
    following.join()
    assert not erasing.is_alive()
    assert tenant not in {each.tenant_id for each in tenants.all()}
    here.leave()


def slow(insert: str, row_s: float = 3) -> str:
    """Return the statement of a roll-up such that it reads, waits for each row, and writes."""
    into, select, query = insert.partition("\nSELECT")
    rows = f"SELECT * FROM ({select}{query}) WHERE sleepEachRow({row_s}) = 0"
    return f"{into} {rows} SETTINGS function_sleep_max_microseconds_per_block = 60000000"


ROLL_UPS = {
    "traces": TraceRollup,
    "minutes": lambda pool: MinuteRollup(pool, counting=SPANS._replace(insert=slow(SPANS.insert))),
    "engine_minutes": lambda pool: MinuteRollup(
        pool, counting=ENGINES._replace(insert=slow(ENGINES.insert))
    ),
}


@pytest.mark.parametrize("is_gone", [False, True], ids=["", "its server is gone"])
@pytest.mark.parametrize("name", ROLL_UPS)
def test_a_roll_up_that_was_under_way_brings_nothing_back_of_a_tenant_that_is_erased(
    new_databases, monkeypatch, name, is_gone
):
    postgres, clickhouse = new_databases
    migrate(postgres, clickhouse)
    monkeypatch.setattr(rollup_sql, "ROLL_UP", slow(rollup_sql.ROLL_UP))
    store_an_hour_ago(clickhouse, "acme")
    tenants, servers, keys = Tenants(postgres), Servers(postgres), Keys(postgres)
    tenants.add("acme", "A tenant", None)
    roll_up = ROLL_UPS[name](clickhouse)
    suspension = Suspension(tenants, servers, keys.version)
    suspension.roll_ups += [] if is_gone else [roll_up.settle]
    rolling = threading.Thread(target=roll_up.catch_up)

    class Overtaken(TenantEraser):
        """Erases rows that a roll-up has read just before."""

        def erase(self, tenant: str) -> None:
            if rolling.ident is None:
                rolling.start()
                wait_until_it_has_read(clickhouse, name)
            super().erase(tenant)

    eraser = Overtaken(clickhouse)
    Erasure(tenants, suspension.silence, eraser, servers, keys.version).erase("acme")
    rolling.join(120)
    with clickhouse.client() as client:
        for each in ("spans", "engine_steps", *ROLL_UPS):
            assert client.query(f"SELECT count() FROM {each}").first_row == (0,), each


def store_an_hour_ago(clickhouse, tenant: str) -> None:
    """Store a span and a step."""
    hour_ms = 3_600_000.0
    _, steps = decoded(tenant, steps_body(step(1, [Rider("a")], start_ms=-hour_ms)))
    committed = pa.array([NOW_NS - round(hour_ms * 1e6)], TIMESTAMP)
    spans = table(tenant, [row(1, 1, start_ms=-hour_ms)]).append_column("ingested_at", committed)
    SpanWriter(clickhouse).insert(spans, steps)


def wait_until_it_has_read(clickhouse, name: str) -> None:
    read_rows = "SELECT sum(read_rows) FROM system.processes WHERE query LIKE {insert:String}"
    parameters = {"insert": f"INSERT INTO {name} %"}
    by = time.monotonic() + 240
    with clickhouse.client() as client:
        while client.query(read_rows, parameters=parameters).first_row == (0,):
            assert time.monotonic() < by
            time.sleep(0.01)


def test_a_server_that_has_ended_is_not_waited_for(tenants, postgres):
    servers, keys = Servers(postgres), Keys(postgres)
    servers.report("one", 0)
    assert servers.behind(keys.version()) == 1
    servers.leave("one")
    assert servers.behind(keys.version()) == 0
    servers.report("two", 0)
    with postgres.connection() as connection:
        connection.execute("UPDATE servers SET seen_at = now() - interval '61 seconds'")
    assert servers.behind(keys.version()) == 0
    servers.leave("two")
