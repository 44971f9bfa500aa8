"""The admin API on real databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axonize_server.api.admin import Administration
from axonize_server.app import Parts, create_app, no_sessions
from axonize_server.auth.admin import AdminGate
from axonize_server.auth.keys import digest
from axonize_server.erasure import Erasure
from axonize_server.store.clickhouse.tenants.eraser import TenantEraser
from axonize_server.store.clickhouse.tenants.reader import UsageReader
from axonize_server.store.postgres.keys import Keys
from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.store.postgres.usage import UsageRecords
from axonize_server.usage import Meter
from litestar.testing import TestClient

from tests.server.api.conftest import authenticate
from tests.server.days import stay_today
from tests.server.gpus import decoded as gpu_rows
from tests.server.gpus import gauge, metrics
from tests.server.rows import row, table, trace_id
from tests.server.steps import Rider, decoded, step, steps_body

TENANTS = "/api/v1/admin/tenants"


@pytest.fixture
def keys(postgres) -> Keys:
    return Keys(postgres)


@pytest.fixture
def admin(
    reader,
    step_reader,
    gpu_reader,
    gpu_registry,
    minute_reader,
    clickhouse,
    postgres,
    settings,
    keys,
) -> Iterator[TestClient]:
    """Whoever runs the server."""
    tenants = Tenants(postgres)
    usage_reader = UsageReader(clickhouse, settings.query_limits)
    administration = Administration(
        tenants=tenants,
        keys=keys,
        meter=Meter(usage_reader, UsageRecords(postgres)),
        suspend=tenants.suspend,
        erasure=Erasure(
            tenants, tenants.suspend, TenantEraser(clickhouse), Servers(postgres), keys.version
        ),
        gate=AdminGate("operator", authenticate, no_sessions()),
    )
    parts = Parts(
        reader=reader,
        step_reader=step_reader,
        gpu_reader=gpu_reader,
        gpu_registry=gpu_registry,
        minute_reader=minute_reader,
        authenticate=authenticate,
        administration=administration,
    )
    with TestClient(create_app(parts)) as client:
        client.headers["authorization"] = "Bearer operator"
        yield client


def test_a_tenant_is_made_limited_suspended_and_resumed(admin, tenant):
    made = admin.post(TENANTS, json={"tenant_id": tenant, "name": "Acme"})
    assert made.status_code == 201
    assert made.json() == {
        "tenant_id": tenant,
        "name": "Acme",
        "created_at": made.json()["created_at"],
        "suspended_at": None,
        "max_spans_per_day": None,
        "retention": {"spans": 30, "traces": 90, "gpu_metrics": 7, "engine_steps": 30},
    }
    assert made.json() in admin.get(TENANTS).json()["items"]
    assert admin.post(TENANTS, json={"tenant_id": tenant}).status_code == 409

    limited = admin.put(f"{TENANTS}/{tenant}/quota", json={"max_spans_per_day": 10})
    assert limited.json() == {**made.json(), "max_spans_per_day": 10}
    suspended = admin.post(f"{TENANTS}/{tenant}/suspend").json()
    assert suspended["suspended_at"] is not None
    assert admin.post(f"{TENANTS}/{tenant}/suspend").json() == suspended
    assert admin.post(f"{TENANTS}/{tenant}/resume").json() == limited.json()


def test_how_long_data_is_kept_is_set(admin, tenant):
    made = admin.post(TENANTS, json={"tenant_id": tenant}).json()
    days = {"spans": 10, "traces": 10, "gpu_metrics": 1, "engine_steps": 1095}
    kept = admin.put(f"{TENANTS}/{tenant}/retention", json=days)
    assert kept.json() == {**made, "retention": days}
    assert kept.json() in admin.get(TENANTS).json()["items"]
    for wrong in ({"spans": 11}, {"gpu_metrics": 0}, {"engine_steps": 1096}, {"more": 1}):
        path = f"{TENANTS}/{tenant}/retention"
        assert admin.put(path, json={**days, **wrong}).status_code == 400
    assert admin.put(f"{TENANTS}/nobody/retention", json=days).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"tenant_id": "Upper"},
        {"tenant_id": ""},
        {"tenant_id": "a" * 64},
        {"tenant_id": "a", "max_spans_per_day": -1},
        {"tenant_id": "a", "max_spans_per_hour": 1},
        {},
    ],
)
def test_a_tenant_that_cannot_be_is_refused(admin, body):
    assert admin.post(TENANTS, json=body).status_code == 400


def test_a_key_is_shown_once_and_kept_as_its_digest(admin, tenant, keys):
    admin.post(TENANTS, json={"tenant_id": tenant})
    made = admin.post(
        f"{TENANTS}/{tenant}/keys",
        json={"name": "ci", "scopes": ["read", "read"], "expires_at": "2199-01-01T00:00:00Z"},
    )
    assert made.status_code == 201
    key, shown = made.json()["key"], made.json()["api_key"]
    assert key.startswith(f"{shown['prefix']}_")
    assert (shown["name"], shown["scopes"]) == ("ci", ["read"])
    assert shown["expires_at"] == "2199-01-01T00:00:00.000000000Z"
    listed = admin.get(f"{TENANTS}/{tenant}/keys")
    assert listed.json() == {"items": [shown]}
    assert keys.use(digest(key)).tenant == tenant

    assert admin.delete(f"{TENANTS}/{tenant}/keys/{shown['prefix']}").status_code == 204
    assert keys.use(digest(key)) is None
    (revoked,) = admin.get(f"{TENANTS}/{tenant}/keys").json()["items"]
    assert revoked["revoked_at"] is not None
    assert admin.delete(f"{TENANTS}/{tenant}/keys/axo_none").status_code == 404


@pytest.mark.parametrize(
    "body", [{"scopes": []}, {"scopes": ["write"]}, {"expires_at": "tomorrow"}, {"key": "mine"}]
)
def test_a_key_that_cannot_be_is_refused(admin, tenant, body):
    admin.post(TENANTS, json={"tenant_id": tenant})
    assert admin.post(f"{TENANTS}/{tenant}/keys", json=body).status_code == 400


def test_usage_is_counted_by_day(admin, tenant, writer):
    stay_today()
    admin.post(TENANTS, json={"tenant_id": tenant})
    for _ in range(2):
        writer.insert(table(tenant, [row(1, 1), row(1, 2)]))
    days = admin.get(f"{TENANTS}/{tenant}/usage").json()["items"]
    assert len(days) == 30
    assert [day["spans"] for day in days] == [0] * 29 + [2]
    last = days[-1]["day"]
    one = admin.get(f"{TENANTS}/{tenant}/usage", params={"from": last, "to": last}).json()
    assert one == {"items": [{"day": last, "spans": 2, "engine_steps": 0, "gpu_seconds": 0.0}]}
    for wrong in ({"from": "2026-01-02", "to": "2026-01-01"}, {"from": "2001-01-01"}, {"to": "x"}):
        assert admin.get(f"{TENANTS}/{tenant}/usage", params=wrong).status_code == 400


def test_what_is_not_there_is_not_found(admin):
    for method, path in (
        ("POST", "suspend"), ("POST", "resume"), ("GET", "keys"), ("GET", "usage"),
    ):  # fmt: skip
        assert admin.request(method, f"{TENANTS}/nobody/{path}").status_code == 404
    assert admin.post(f"{TENANTS}/nobody/keys", json={}).status_code == 404
    assert admin.delete(f"{TENANTS}/nobody").status_code == 404


def test_a_deleted_tenant_leaves_nothing_and_others_stay(
    admin, tenant, writer, gpu_writer, reader, clickhouse, postgres
):
    other = f"{tenant}-other"
    for each in (tenant, other):
        admin.post(TENANTS, json={"tenant_id": each})
        admin.post(f"{TENANTS}/{each}/keys", json={})
        writer.insert(table(each, [row(7, 1)]))
        writer.insert(*decoded(each, steps_body(step(1, [Rider("a")]))))
        sent = metrics(gauge("hw.gpu.utilization", 0.5))
        gpu_writer.insert(*gpu_rows(each, sent).tables)
    assert admin.delete(f"{TENANTS}/default").status_code == 409
    assert admin.delete(f"{TENANTS}/{tenant}").status_code == 204
    assert admin.get(f"{TENANTS}/{tenant}/keys").status_code == 404
    assert reader.trace_spans(tenant, trace_id(7)) == []
    assert len(reader.trace_spans(other, trace_id(7))) == 1
    assert len(admin.get(f"{TENANTS}/{other}/keys").json()["items"]) == 1
    left = {}
    with clickhouse.client() as client:
        for table_name in ("spans", "engine_steps", "gpu_metrics"):
            for each in (tenant, other):
                query = f"SELECT count() FROM {table_name} WHERE tenant_id = '{each}'"
                left[table_name, each == other] = client.query(query).result_rows[0][0]
    assert left == {
        (name, is_other): int(is_other)
        for name in ("spans", "engine_steps", "gpu_metrics")
        for is_other in (False, True)
    }
