from __future__ import annotations

import asyncio
import hashlib

import pytest
from axonize_server.auth.keys import StaticKeyring, bearer, digest, new_key
from axonize_server.model import Unauthenticated


@pytest.mark.parametrize("authorization", ["Bearer k€y", "bearer k€y", "BEARER   k€y "])
def test_the_key_in_a_header(authorization):
    assert bearer(authorization) == "k€y"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "k€y", "Basic k€y"])
def test_everything_else_is_refused(authorization):
    with pytest.raises(Unauthenticated, match="Authorization: Bearer KEY"):
        bearer(authorization)


def test_a_new_key_is_known_by_its_digest_and_begins_with_its_prefix():
    made, other = new_key(), new_key()
    assert made.key.startswith(f"{made.prefix}_")
    assert made.sha256 == hashlib.sha256(made.key.encode()).digest()
    assert len(made.key) == 60
    assert made.key != other.key
    assert made.prefix != other.prefix


@pytest.mark.parametrize("key", ["", "k€", "k€yy", "\udcff"])
def test_a_static_key_opens_the_default_tenant_and_no_other_key_does(key):
    keyring = StaticKeyring("k€y")
    principal = asyncio.run(keyring.find(digest("k€y")))
    assert (principal.tenant, principal.scopes) == ("default", {"ingest", "read", "erase"})
    assert asyncio.run(keyring.find(digest(key))) is None
    assert not keyring.is_open


def test_without_a_key_everyone_is_the_default_tenant():
    keyring = StaticKeyring("")
    assert keyring.is_open
    assert asyncio.run(keyring.find(digest("anything"))).tenant == "default"
