from __future__ import annotations

from axonize_server.app import no_sessions
from axonize_server.auth.guards import provide_tenant, require_key
from axonize_server.model import Unauthenticated
from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.testing import create_test_client


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
