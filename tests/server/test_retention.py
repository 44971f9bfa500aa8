"""What is kept and what is not, by tenant, table and day of commit, exactly."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import msgspec
import pyarrow as pa
import pytest
from axonize_server.accounts import Retention
from axonize_server.model import QueryTooSlow
from axonize_server.retention import Expiry, LongestKept
from axonize_server.store.clickhouse.minutes.rollup import MinuteRollup
from axonize_server.store.clickhouse.removal.days import DayEraser
from axonize_server.store.clickhouse.tenants.reader import UsageReader
from axonize_server.store.clickhouse.traces.rollup import TraceRollup
from axonize_server.store.postgres.connection import Postgres
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.store.postgres.usage import UsageRecords
from axonize_server.usage import Meter

from tests.server.gpus import decoded as gpu_rows
from tests.server.gpus import gauge, metrics
from tests.server.rows import row, table
from tests.server.steps import Rider, decoded, step, steps_body

# Over already, so that everything is settled.
NOW = datetime.now(timezone.utc).replace(hour=12) - timedelta(days=1)
TODAY = NOW.date()
AGES = range(6)
SHORT = Retention(spans=2, traces=4, gpu_metrics=1, engine_steps=3)
TABLES = ("spans", "engine_steps", "gpu_metrics", "traces")


class OfThisTest(Tenants):
    """Counting the days of the tenants of every other test would take a minute."""

    prefix = ""

    def all(self):
        return [each for each in super().all() if each.tenant_id.startswith(self.prefix)]


@pytest.fixture
def tenants(postgres, tenant, clickhouse) -> Tenants:
    tenants = OfThisTest(postgres)
    tenants.prefix = tenant
    for each in (tenant, f"{tenant}-other"):
        tenants.add(each, "A tenant", None)
    tenants.keep(tenant, SHORT)
    return tenants


@pytest.fixture
def expiry(tenants, clickhouse, postgres, settings, monkeypatch):
    """Return what enforces retention at a moment."""
    monkeypatch.setattr("axonize_server.usage.COUNTABLE_DAYS", 7)
    meter = Meter(UsageReader(clickhouse, settings.query_limits), UsageRecords(postgres))

    def expiry(now: datetime = NOW) -> Expiry:
        return Expiry(tenants, meter, DayEraser(clickhouse), lambda: now)

    return expiry


def at(moment: datetime, block: pa.Table) -> pa.Table:
    times = pa.array([moment] * block.num_rows, pa.timestamp("ms", tz="UTC"))
    if "ingested_at" in block.column_names:
        block = block.drop(["ingested_at"])
    return block.append_column("ingested_at", times)


@pytest.fixture
def aged(writer, gpu_writer, clickhouse, tenant, tenants):
    """A span, a step and a reading of each of the last days, of two tenants."""
    for age in AGES:
        moment = NOW - timedelta(days=age)
        for each in (tenant, f"{tenant}-other"):
            spans = table(each, [row(age + 1, 1, start_ms=-86_400_000.0 * (age + 1))])
            _, steps = decoded(each, steps_body(step(age + 1, [Rider("a")])))
            writer.insert(at(moment, spans), at(moment, steps))
            reading, *_ = gpu_rows(each, metrics(gauge("hw.gpu.utilization", 0.5))).tables
            gpu_writer.insert(at(moment, reading))
    TraceRollup(clickhouse).catch_up()
    MinuteRollup(clickhouse).catch_up()


def ages(clickhouse, tenant: str) -> dict[str, list[int]]:
    """Return how old, in days, what is left of each table is."""
    found = {}
    with clickhouse.client() as client:
        for name in TABLES:
            day = "day" if name == "traces" else "toDate(ingested_at)"
            query = (
                f"SELECT DISTINCT {day} AS d FROM {name} WHERE tenant_id = '{tenant}' ORDER BY d"
            )
            days = [each for (each,) in client.query(query).result_rows]
            found[name] = sorted((TODAY - each).days for each in days)
    return found


@pytest.mark.usefixtures("aged")
def test_each_table_keeps_what_its_tenant_says_to_the_day(expiry, clickhouse, tenant):
    expiry().enforce()
    expiry().enforce()
    assert ages(clickhouse, tenant) == {
        "spans": [0, 1, 2],
        "engine_steps": [0, 1, 2, 3],
        "gpu_metrics": [0, 1],
        "traces": [0, 1, 2, 3, 4],
    }
    assert ages(clickhouse, f"{tenant}-other") == {name: list(AGES) for name in TABLES}


@pytest.mark.usefixtures("aged")
def test_statistics_are_kept_as_long_as_lists(expiry, clickhouse, tenant):
    expiry().enforce()
    with clickhouse.client() as client:
        query = "SELECT tenant_id, count() FROM minutes FINAL WHERE tenant_id LIKE '{}%' GROUP BY 1"
        left = dict(client.query(query.format(tenant)).result_rows)
    assert left == {tenant: 5, f"{tenant}-other": 6}
    MinuteRollup(clickhouse).catch_up()
    with clickhouse.client() as client:
        assert dict(client.query(query.format(tenant)).result_rows) == left


@pytest.mark.usefixtures("aged")
def test_a_day_is_over_when_the_usage_of_the_next_one_is_recorded(expiry, clickhouse, tenant):
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    expiry(midnight + timedelta(minutes=9)).enforce()
    assert ages(clickhouse, tenant)["spans"] == [0, 1, 2]
    expiry(midnight + timedelta(minutes=11)).enforce()
    assert ages(clickhouse, tenant)["spans"] == [0, 1]


@pytest.mark.usefixtures("aged")
def test_whose_usage_cannot_be_counted_keeps_its_data_and_the_others_go(
    tenants, clickhouse, postgres, settings, tenant
):
    other = f"{tenant}-other"
    tenants.keep(other, SHORT)

    class TooSlow(UsageReader):
        def usage(self, tenant, day):
            if tenant == other:
                raise QueryTooSlow("a day takes too long")
            return super().usage(tenant, day)

    meter = Meter(TooSlow(clickhouse, settings.query_limits), UsageRecords(postgres))
    Expiry(tenants, meter, DayEraser(clickhouse), lambda: NOW).enforce()
    assert ages(clickhouse, tenant)["spans"] == [0, 1, 2]
    assert ages(clickhouse, other) == {name: list(AGES) for name in TABLES}


@pytest.mark.parametrize(
    ("steps", "days"), [(3, [0, 1, 2, 3, 4]), (5, [0, 1, 2, 3, 4, 5])], ids=["traces", "steps"]
)
def test_minutes_of_engines_are_kept_as_long_as_steps_or_lists(
    expiry, tenants, clickhouse, tenant, steps, days
):
    kept = msgspec.structs.replace(SHORT, engine_steps=steps)
    tenants.keep(tenant, kept)
    with clickhouse.client() as client:
        rows = [[tenant, NOW - timedelta(days=age), "engine"] for age in AGES]
        client.insert("engine_minutes", rows, column_names=["tenant_id", "minute", "engine_id"])
    expiry().enforce()
    with clickhouse.client() as client:
        query = f"SELECT toDate(minute) FROM engine_minutes FINAL WHERE tenant_id = '{tenant}'"
        left = [day for (day,) in client.query(query).result_rows]
    assert sorted((TODAY - day).days for day in left) == days


@pytest.mark.usefixtures("aged")
def test_usage_outlives_the_spans(expiry, clickhouse, postgres, settings, tenant):
    expiry().enforce()
    meter = Meter(UsageReader(clickhouse, settings.query_limits), UsageRecords(postgres))
    days = meter.days(tenant, TODAY - timedelta(days=5), TODAY)
    assert [(each.spans, each.engine_steps) for each in days] == [(1, 1)] * 6


def test_a_day_that_is_over_for_everyone_is_dropped_whole(
    expiry, tenants, clickhouse, writer, tenant
):
    tenants.keep(f"{tenant}-other", Retention(spans=21))
    for age, owners in ((20, ["", "-other"]), (19, [""])):
        for each in owners:
            writer.insert(at(NOW - timedelta(days=age), table(f"{tenant}{each}", [row(1, 1)])))
    dropped = []

    class Watched(DayEraser):
        def drop(self, table, day):
            dropped.append((table, (TODAY - day).days))
            super().drop(table, day)

    subject = expiry()
    subject._eraser = Watched(clickhouse)
    subject.enforce()
    assert dropped == [("spans", 19)]
    assert ages(clickhouse, tenant)["spans"] == []
    assert ages(clickhouse, f"{tenant}-other")["spans"] == [20]


def test_how_long_a_table_is_kept_at_most_follows_what_tenants_say(tenants, tenant):
    longest = LongestKept(tenants)
    for spans in (21, 400, 7):
        tenants.keep(f"{tenant}-other", Retention(spans=spans, traces=500))
        assert longest.read() == Retention(max(spans, 2), 500, 7, 30)
    away = LongestKept(Tenants(Postgres("postgresql://127.0.0.1:1/nobody")))
    assert away.read() == Retention()
    longest._tenants = away._tenants
    assert longest.read().traces == 500
