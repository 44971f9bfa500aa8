from __future__ import annotations

import asyncio

from axonize_server.app import no_sessions
from axonize_server.auth.gate import Gate
from axonize_server.auth.guards import lets_in, provide_tenant, require_key
from axonize_server.auth.keys import StaticKeyring
from axonize_server.auth.lookup import Lookup
from axonize_server.auth.sessions import COOKIE, Sessions
from axonize_server.model import Unauthenticated
from axonize_server.store.postgres.sessions import SessionStore
from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.testing import RequestFactory, create_test_client


async def authenticate(authorization: str | None, scope: str) -> str:
    """Know one key."""
    assert scope == "read"
    if authorization != "Bearer good":
        raise Unauthenticated("no")
    return "acme"


@get("/")
async def who(tenant: NamedDependency[str]) -> str:
    """Tell the caller's tenant."""
    return tenant


def refuse(_, error):
    return Response(str(error), status_code=401)


def test_a_handler_is_given_the_tenant_of_the_key_and_is_not_called_without_one():
    with create_test_client(
        [who],
        guards=[require_key(authenticate, no_sessions(), "read")],
        dependencies={"tenant": Provide(provide_tenant)},
        exception_handlers={Unauthenticated: refuse},
    ) as client:
        assert client.get("/", headers={"authorization": "Bearer good"}).text == "acme"
        assert client.get("/").status_code == 401
        assert client.get("/", headers={"authorization": "Bearer bad"}).status_code == 401


def test_whether_a_caller_may_read_is_told_without_an_error(postgres, clickhouse):
    gate, store = Gate(StaticKeyring("k")), SessionStore(postgres)
    sessions = Sessions(gate, store, Lookup(store.find))

    async def ask(**shown: dict[str, str]) -> bool:
        return await lets_in(sessions)(RequestFactory().get("/", **shown))

    async def work() -> list[bool]:
        cookie = await sessions.log_in("k", "127.0.0.1")
        return [
            await ask(headers={"cookie": f"{COOKIE}={cookie}"}),
            await ask(headers={"authorization": "Bearer k"}),
            await ask(headers={"cookie": f"{COOKIE}=ended"}),
            await ask(headers={"authorization": "Bearer wrong"}),
            await ask(),
        ]

    assert asyncio.run(work()) == [True, True, False, False, False]
