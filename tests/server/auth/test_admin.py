from __future__ import annotations

import asyncio
import types

import pytest
from axonize_server.accounts import Principal, Session
from axonize_server.auth.admin import (
    ADMIN_COOKIE,
    AdminGate,
    require_admin_key,
    require_admin_of_tenant,
)
from axonize_server.auth.gate import Gate
from axonize_server.auth.keys import digest
from axonize_server.auth.lookup import Lookup
from axonize_server.auth.sessions import COOKIE, Sessions
from axonize_server.model import Forbidden, NotFound, Overloaded, Unauthenticated
from litestar.datastructures import Headers

KEYS = {
    "admin-of-acme": frozenset({"read", "admin"}),
    "reader-of-acme": frozenset({"read"}),
}


class Keyring:
    """Knows keys of acme, one with the scope `admin`."""

    is_open = False

    async def find(self, key_sha256: bytes) -> Principal | None:
        for key, scopes in KEYS.items():
            if digest(key) == key_sha256:
                return Principal("acme", scopes, key_sha256)
        return None


class Store:
    """Sessions by the digest of their cookie."""

    def __init__(self) -> None:
        self.sessions: dict[bytes, Session] = {}

    def add(self, cookie_sha256: bytes, key_sha256: bytes, expires_at) -> None:
        self.sessions[cookie_sha256] = Session(key_sha256, expires_at)


def make(admin_key: str = "operator") -> tuple[AdminGate, Sessions]:
    gate, store = Gate(Keyring()), Store()
    sessions = Sessions(gate, store, Lookup(store.sessions.get))
    return AdminGate(admin_key, gate.authenticate, sessions), sessions


def ask(gate: AdminGate, tenant: str | None, method: str = "GET", cookies=(), **headers) -> str:
    connection = types.SimpleNamespace(
        headers=Headers(headers),
        cookies=dict(cookies),
        path_params={"tenant_id": tenant},
        scope={"method": method},
    )
    guard = require_admin_key(gate) if tenant is None else require_admin_of_tenant(gate)
    return answer(guard(connection, None))


def answer(asked) -> str:
    try:
        asyncio.run(asked)
    except (Unauthenticated, Forbidden, NotFound) as error:
        return type(error).__name__
    return "permitted"


@pytest.mark.parametrize(
    ("header", "everything", "acme", "other"),
    [
        ("Bearer operator", "permitted", "permitted", "permitted"),
        ("Bearer admin-of-acme", "Forbidden", "permitted", "NotFound"),
        ("Bearer reader-of-acme", "Forbidden", "Forbidden", "Forbidden"),
        ("Bearer nobody", "Unauthenticated", "Unauthenticated", "Unauthenticated"),
        (None, "Unauthenticated", "Unauthenticated", "Unauthenticated"),
    ],
)
def test_who_may_manage_what(header, everything, acme, other):
    gate, _ = make()
    headers = {"authorization": header} if header else {}
    found = [ask(gate, tenant, **headers) for tenant in (None, "acme", "other")]
    assert found == [everything, acme, other]


@pytest.mark.parametrize("header", ["Bearer ", "Bearer x", "Bearer operator"])
def test_without_an_admin_key_nobody_is_it(header):
    gate, _ = make(admin_key="")
    assert ask(gate, None, authorization=header) == "Unauthenticated"
    assert answer(gate.log_in("", "")) == "Unauthenticated"


def test_a_session_manages_what_its_key_manages():
    gate, sessions = make()

    async def log_in() -> list[dict[str, str]]:
        operator = await gate.log_in("operator", "")
        logged_in = [await sessions.log_in(key, "") for key in KEYS]
        return [{ADMIN_COOKIE: operator}, *({COOKIE: each} for each in logged_in)]

    operator, admin, reader = asyncio.run(log_in())

    def found(cookies) -> list[str]:
        return [ask(gate, tenant, cookies=cookies) for tenant in (None, "acme", "other")]

    assert found(operator) == ["permitted"] * 3
    assert found({**reader, **operator}) == ["permitted"] * 3
    assert found(admin) == ["Forbidden", "permitted", "NotFound"]
    assert found({**admin, ADMIN_COOKIE: "over"}) == ["Forbidden", "permitted", "NotFound"]
    assert found(reader) == ["Forbidden"] * 3
    assert found({ADMIN_COOKIE: admin[COOKIE]}) == ["Unauthenticated"] * 3
    assert found({COOKIE: operator[ADMIN_COOKIE]}) == ["Unauthenticated"] * 3


def test_a_page_from_elsewhere_changes_nothing():
    gate, _ = make()
    cookies = {ADMIN_COOKIE: asyncio.run(gate.log_in("operator", ""))}
    assert ask(gate, None, "POST", cookies) == "Forbidden"
    own = {"sec-fetch-site": "same-origin"}
    assert ask(gate, None, "POST", cookies, **own) == "permitted"
    assert ask(gate, None, "POST", cookies, **{"sec-fetch-site": "same-site"}) == "Forbidden"


def test_who_tries_keys_is_slowed_down():
    gate, _ = make()

    async def guess() -> None:
        for number in range(10):
            with pytest.raises(Unauthenticated):
                await gate.log_in(f"guess-{number}", "192.0.2.1")
        with pytest.raises(Overloaded):
            await gate.log_in("operator", "192.0.2.1")
        await gate.log_in("operator", "192.0.2.2")

    asyncio.run(guess())
