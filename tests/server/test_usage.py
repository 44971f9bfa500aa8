"""Usage is what is stored: through retries, restarts and over midnight."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pytest
from axonize_server.accounts import Usage
from axonize_server.model import Accepted, QuotaExceeded, StoreUnavailable
from axonize_server.store.clickhouse.tenants.reader import UsageReader
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.store.postgres.usage import UsageRecords
from axonize_server.usage import Meter, Quota, recording, within_quota

from tests.server.days import stay_today
from tests.server.rows import row, table
from tests.server.steps import Rider, decoded, step, steps_body

NOW = datetime.now(timezone.utc).replace(hour=12)
TODAY = NOW.date()
DAY = timedelta(days=1)


@pytest.fixture
def tenants(postgres, clickhouse, tenant) -> Tenants:
    tenants = Tenants(postgres)
    tenants.add(tenant, "A tenant", None)
    return tenants


@pytest.fixture
def records(postgres) -> UsageRecords:
    return UsageRecords(postgres)


@pytest.fixture
def usage_reader(clickhouse, settings) -> UsageReader:
    return UsageReader(clickhouse, settings.query_limits)


@pytest.fixture
def store(writer, tenant):
    """Store spans of one trace as if they had been committed at a moment."""

    def store(moment: datetime, *spans: int) -> None:
        block = table(tenant, [row(1, span) for span in spans])
        at = pa.array([moment] * len(spans), pa.timestamp("ms", tz="UTC"))
        writer.insert(block.append_column("ingested_at", at))

    return store


def test_what_was_sent_again_counts_once_on_the_day_when_it_was_stored_first(
    usage_reader, records, tenants, tenant, store
):
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    store(midnight - 2 * DAY, 1)
    store(midnight - timedelta(seconds=1), 2, 3, 4)
    store(midnight, 3, 4, 5)
    store(NOW, 5, 6)
    days = Meter(usage_reader, records, lambda: NOW).days(tenant, TODAY - 2 * DAY, TODAY)
    assert [(usage.day, usage.spans) for usage in days] == [
        (TODAY - 2 * DAY, 1),
        (TODAY - DAY, 3),
        (TODAY, 2),
    ]


def test_engine_steps_bring_their_gpu_seconds_once(usage_reader, tenants, tenant, writer, records):
    stay_today()
    body = steps_body(
        step(1, [Rider("a")], busy_seconds=0.25), step(2, [Rider("a")], busy_seconds=0.5)
    )
    for _ in range(2):
        writer.insert(*decoded(tenant, body))
    (today,) = Meter(usage_reader, records).days(tenant, *[datetime.now(timezone.utc).date()] * 2)
    assert (today.spans, today.engine_steps) == (0, 2)
    assert today.gpu_seconds == pytest.approx(0.002)


def test_days_that_are_over_are_kept_when_their_spans_are_gone(
    usage_reader, records, tenants, tenant, store, clickhouse
):
    store(NOW - DAY, 1, 2)
    store(NOW, 3)

    async def work() -> None:
        async with recording(Meter(usage_reader, records, lambda: NOW), tenants, every_s=60):
            while not records.read(tenant, TODAY - DAY, TODAY):
                await asyncio.sleep(0.05)

    asyncio.run(work())
    with clickhouse.client() as client:
        client.command(
            "ALTER TABLE spans DELETE WHERE tenant_id = {t:String}",
            parameters={"t": tenant},
            settings={"mutations_sync": 1},
        )
    later = Meter(usage_reader, records, lambda: NOW + 60 * DAY)
    assert later.days(tenant, TODAY - DAY, TODAY) == [Usage(TODAY - DAY, 2, 0, 0.0)]
    assert records.read(tenant, TODAY, TODAY) == []


def test_a_day_is_not_recorded_before_it_has_settled(usage_reader, records, tenants, tenant, store):
    just_after = NOW.replace(hour=0, minute=5)
    store(NOW - DAY, 1)
    meter = Meter(usage_reader, records, lambda: just_after)
    assert [usage.spans for usage in meter.days(tenant, TODAY - DAY, TODAY)] == [1, 0]
    assert records.read(tenant, TODAY - DAY, TODAY) == []


def run(quota: Quota, tenant: str, *spans: int) -> list[int | str]:
    """Submit requests with so many spans each; return what became of them."""

    async def submit(_: str, body: bytes) -> Accepted:
        return Accepted(len(body))

    async def answer(count: int) -> int | str:
        try:
            return (await within_quota(submit, quota)(tenant, bytes(count))).spans
        except QuotaExceeded as error:
            return str(error)

    async def work() -> list[int | str]:
        return [await answer(count) for count in spans]

    return asyncio.run(work())


def test_a_tenant_may_store_its_quota_and_then_no_more(usage_reader, tenants, tenant, store):
    tenants.limit(tenant, 3)
    quota = Quota(usage_reader, tenants, now=lambda: NOW)
    assert run(quota, tenant, 2) == [2]
    store(NOW, 1, 2, 3)
    (refused,) = run(Quota(usage_reader, tenants, now=lambda: NOW), tenant, 1)
    assert str(refused).startswith(f"tenant {tenant} has stored the 3 spans")


def test_what_was_sent_again_does_not_use_up_the_quota(usage_reader, tenants, tenant, store):
    tenants.limit(tenant, 3)
    for _ in range(3):
        store(NOW, 1, 2)
    quota = Quota(usage_reader, tenants, now=lambda: NOW)
    assert run(quota, tenant, 1) == [1]
    store(NOW, 3)
    assert isinstance(run(quota, tenant, 1)[0], str)
    assert quota.refused == 1


def test_a_new_day_and_a_larger_quota_open_the_door_again(usage_reader, tenants, tenant, store):
    tenants.limit(tenant, 1)
    store(NOW, 1)
    days = [NOW]
    quota = Quota(usage_reader, tenants, every_s=0, now=lambda: days[0])
    assert isinstance(run(quota, tenant, 1)[0], str)
    tenants.limit(tenant, 2)
    assert run(quota, tenant, 1) == [1]
    tenants.limit(tenant, 1)
    assert isinstance(run(quota, tenant, 1)[0], str)
    days[0] = NOW + DAY
    assert run(quota, tenant, 1) == [1]
    tenants.limit(tenant, None)
    assert run(quota, tenant, 1, 1) == [1, 1]


def test_while_a_database_is_away_the_last_standing_holds(usage_reader, tenants, tenant, store):
    class Away(Tenants):
        is_away = False

        def get(self, tenant):
            if self.is_away:
                raise StoreUnavailable("away")
            return super().get(tenant)

    away = Away(tenants._postgres)
    tenants.limit(tenant, 1)
    quota = Quota(usage_reader, away, every_s=0, now=lambda: NOW)
    assert run(quota, tenant, 0) == [0]
    away.is_away = True
    store(NOW, 1)
    assert run(quota, tenant, 0) == [0]
    away.is_away = False
    assert isinstance(run(quota, tenant, 0)[0], str)
    away.is_away = True
    assert isinstance(run(quota, tenant, 0)[0], str)
