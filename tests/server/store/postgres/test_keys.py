from __future__ import annotations

import pytest
from axonize_server.model import NotFound
from axonize_server.store.postgres.keys import Keys
from psycopg.errors import CheckViolation


@pytest.fixture
def keys(postgres, clickhouse, tenant) -> Keys:
    with postgres.connection() as connection:
        connection.execute("INSERT INTO tenants (tenant_id, name) VALUES (%s, %s)", [tenant] * 2)
    return Keys(postgres)


def test_a_key_is_listed_used_and_revoked_once(keys, tenant):
    prefix, sha256 = f"axo_{tenant}", tenant.encode().ljust(32)
    made = keys.add(tenant, prefix, sha256, "ci", ["ingest", "read"], None)
    assert (made.prefix, made.name, made.scopes) == (prefix, "ci", ["ingest", "read"])
    assert keys.of_tenant(tenant) == [made]
    principal = keys.use(sha256)
    assert (principal.tenant, principal.scopes) == (tenant, {"ingest", "read"})
    assert (principal.key_sha256, principal.suspended) == (sha256, False)

    keys.revoke(tenant, prefix)
    first = keys.of_tenant(tenant)[0].revoked_at
    keys.revoke(tenant, prefix)
    assert keys.of_tenant(tenant)[0].revoked_at == first is not None
    assert keys.use(sha256) is None


def test_what_is_not_there_is_named(keys, tenant):
    with pytest.raises(NotFound, match="no tenant nobody"):
        keys.add("nobody", "axo_1", b"0" * 32, "", ["read"], None)
    keys.add(tenant, f"axo_{tenant}", tenant.encode().ljust(32), "", ["read"], None)
    with pytest.raises(NotFound, match="has no key"):
        keys.revoke("default", f"axo_{tenant}")


@pytest.mark.parametrize("scopes", [[], ["write"]])
def test_the_database_knows_the_scopes(keys, tenant, scopes):
    with pytest.raises(CheckViolation):
        keys.add(tenant, f"axo_{tenant}", tenant.encode().ljust(32), "", scopes, None)
