"""Logging in and out, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from axonize_server.app import Parts, create_app
from axonize_server.auth.gate import Gate, TenantKeyring
from axonize_server.auth.keys import StaticKeyring, new_key
from axonize_server.auth.lookup import Lookup
from axonize_server.auth.sessions import COOKIE, Sessions
from axonize_server.store.postgres.keys import Keys
from axonize_server.store.postgres.sessions import SessionStore
from axonize_server.store.postgres.tenants import Tenants
from litestar.testing import TestClient

SESSION = "/api/v1/session"
OWN_PAGE = {"origin": "http://testserver.local"}
NOBODY = {"tenant": None, "has_session": False, "may_erase": False}


@pytest.fixture
def open_client(reader, step_reader, gpu_reader, gpu_registry, minute_reader, postgres):
    """Return a browser that talks to a server with a keyring."""

    @contextmanager
    def open_client(keyring) -> Iterator[TestClient]:
        gate = Gate(keyring)
        store = SessionStore(postgres)
        parts = Parts(
            reader=reader,
            step_reader=step_reader,
            gpu_reader=gpu_reader,
            gpu_registry=gpu_registry,
            minute_reader=minute_reader,
            authenticate=gate.authenticate,
            sessions=Sessions(gate, store, Lookup(store.find)),
        )
        with TestClient(create_app(parts)) as client:
            yield client

    return open_client


@pytest.fixture
def client(open_client, clickhouse) -> Iterator[TestClient]:
    """A browser and a server with the static key "k"."""
    with open_client(StaticKeyring("k")) as client:
        yield client


def test_a_key_opens_a_session_that_scripts_cannot_read(client):
    assert client.get(SESSION).json() == NOBODY
    answer = client.post(SESSION, json={"key": " k "})
    mine = {"tenant": "default", "has_session": True, "may_erase": True}
    assert (answer.status_code, answer.json()) == (200, mine)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=604800"} <= set(cookie.split("; "))
    assert "k;" not in cookie.split("=")[0]
    assert client.get(SESSION).json() == mine
    assert client.get("/api/v1/traces").status_code == 200
    with_key = client.get(SESSION, headers={"authorization": "Bearer k"})
    assert with_key.json() == {**mine, "has_session": False}


def test_over_tls_the_cookie_stays_there(client):
    answer = client.post(f"https://testserver.local{SESSION}", json={"key": "k"})
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_logging_out_ends_the_session_for_good(client):
    client.post(SESSION, json={"key": "k"})
    cookie = client.cookies[COOKIE]
    answer = client.delete(SESSION, headers=OWN_PAGE)
    assert answer.status_code == 204
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, cookie)
    assert client.get("/api/v1/traces").status_code == 401
    assert client.get(SESSION).json() == NOBODY


def test_who_shows_a_key_that_is_none_is_told_so(client):
    for shown in ("Bearer wrong", "Bearer ", "", "k"):
        assert client.get(SESSION, headers={"authorization": shown}).status_code == 401


def test_on_a_server_without_a_key_everybody_is_somebody(open_client, clickhouse):
    with open_client(StaticKeyring("")) as client:
        assert client.get(SESSION).json() == {**NOBODY, "tenant": "default", "may_erase": True}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "http://testserver.local:81"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", **OWN_PAGE},
        {"sec-fetch-site": "same-site", **OWN_PAGE},
    ],
)
def test_a_page_from_elsewhere_changes_nothing(client, headers):
    client.post(SESSION, json={"key": "k"})
    assert client.delete(SESSION, headers=headers).status_code == 403
    assert client.get(SESSION).json()["has_session"]
    assert client.delete(SESSION, headers={"sec-fetch-site": "same-origin"}).status_code == 204


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_from_elsewhere_logs_nobody_in(client, content_type):
    answer = client.post(SESSION, content=b'{"key": "k"}', headers={"content-type": content_type})
    assert "set-cookie" not in answer.headers
    assert answer.status_code == 400


def test_failed_log_ins_are_limited(client):
    statuses = [client.post(SESSION, json={"key": "wrong"}).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    right = client.post(SESSION, json={"key": "k"})
    assert right.status_code == 429
    assert 200 <= int(right.headers["retry-after"]) <= 300


def test_a_session_ends_with_its_key(open_client, postgres, clickhouse, tenant):
    Tenants(postgres).add(tenant, tenant, None)
    keys, made = Keys(postgres), new_key()
    keys.add(tenant, made.prefix, made.sha256, "", ["read"], None)
    lookup = Lookup(keys.use)
    with open_client(TenantKeyring(lookup)) as client:
        assert client.post(SESSION, json={"key": made.key}).json()["tenant"] == tenant
        assert client.get("/api/v1/traces").status_code == 200
        keys.revoke(tenant, made.prefix)
        lookup.forget()
        assert client.get("/api/v1/traces").status_code == 401
    with open_client(StaticKeyring("k")) as client:
        client.post(SESSION, json={"key": "k"})
        cookie = client.cookies[COOKIE]
    with open_client(StaticKeyring("another")) as client:
        client.cookies.set(COOKIE, cookie)
        assert client.get("/api/v1/traces").status_code == 401
        assert client.get(SESSION).json() == NOBODY


def test_a_key_that_may_not_read_opens_no_session(open_client, postgres, clickhouse, tenant):
    Tenants(postgres).add(tenant, tenant, None)
    keys, made = Keys(postgres), new_key()
    keys.add(tenant, made.prefix, made.sha256, "", ["ingest"], None)
    with open_client(TenantKeyring(Lookup(keys.use))) as client:
        assert client.post(SESSION, json={"key": made.key}).status_code == 403
        assert COOKIE not in client.cookies


def test_only_the_digest_of_a_session_is_kept_and_old_ones_are_dropped(client, postgres):
    client.post(SESSION, json={"key": "k"})
    cookie = client.cookies[COOKIE]
    with postgres.connection() as connection:
        rows = connection.execute("SELECT session_sha256::text FROM sessions").fetchall()
        assert cookie not in str(rows)
        connection.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    client.post(SESSION, json={"key": "k"})
    with postgres.connection() as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)


def test_a_session_of_a_suspended_tenant_says_why_it_reads_nothing(
    open_client, postgres, clickhouse, tenant
):
    tenants, keys, made = Tenants(postgres), Keys(postgres), new_key()
    tenants.add(tenant, tenant, None)
    keys.add(tenant, made.prefix, made.sha256, "", ["read"], None)
    lookup = Lookup(keys.use)
    with open_client(TenantKeyring(lookup)) as client:
        client.post(SESSION, json={"key": made.key})
        tenants.suspend(tenant)
        lookup.forget()
        answer = client.get(SESSION)
        assert (answer.status_code, "suspended" in answer.json()["detail"]) == (403, True)


@pytest.mark.parametrize(("scopes", "may_erase"), [(["read"], False), (["read", "admin"], True)])
def test_who_is_asking_says_whether_it_may_delete(
    open_client, postgres, clickhouse, tenant, scopes, may_erase
):
    Tenants(postgres).add(tenant, tenant, None)
    keys, made = Keys(postgres), new_key()
    keys.add(tenant, made.prefix, made.sha256, "", scopes, None)
    with open_client(TenantKeyring(Lookup(keys.use))) as client:
        shown = client.get(SESSION, headers={"authorization": f"Bearer {made.key}"}).json()
        assert shown == {"tenant": tenant, "has_session": False, "may_erase": may_erase}
        mine = {**shown, "has_session": True}
        assert client.post(SESSION, json={"key": made.key}).json() == mine
        assert client.get(SESSION).json() == mine
