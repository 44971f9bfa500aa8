"""Controllers: /api/v1/session, by which a browser logs in and out."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Controller, MediaType, Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody
from msgspec import Meta

from axonize_server.api.errors import documented
from axonize_server.api.parameters import Tenant
from axonize_server.auth.guards import OPEN
from axonize_server.auth.sessions import COOKIE, LASTS, Sessions
from axonize_server.model import InvalidQuery

PROBLEMS = documented(400, 401, 403, 429, 503, 504)
EMPTY = {204: ResponseSpec(None, description="Logged out", generate_examples=False)}
Known = NamedDependency[Sessions]


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser logs in with."""

    key: Annotated[str, Meta(min_length=1, max_length=1000)]


class Identity(msgspec.Struct, frozen=True):
    """Whose data the caller reads."""

    tenant: str
    has_session: Annotated[bool, Meta(description="Whether logging out would change anything.")]
    may_erase: Annotated[bool, Meta(description="Whether the caller may delete a trace.")]


class SessionController(Controller):
    """The session of the caller; logging in is the only route of the API that needs no key."""

    tags = ["Session"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @post("/session", summary="Log in", responses=PROBLEMS, status_code=200, opt=OPEN)
    async def log_in(
        self, request: Request[Any, Any, Any], sessions: Known, data: JSONBody[Credentials]
    ) -> Response[Identity]:
        """Take a key that may read, and answer with a cookie that stands for it for 7 days."""
        refuse_forms(request)
        made = await sessions.log_in(data.key.strip(), address_of(request))
        cookie = session_cookie(request, COOKIE, made.cookie, int(LASTS.total_seconds()))
        may_erase = await sessions.may("erase", None, made.cookie)
        return Response(Identity(made.tenant, True, may_erase), cookies=[cookie])

    @get("/session", summary="Read who is asking", responses=PROBLEMS)
    async def read_session(
        self, request: Request[Any, Any, Any], sessions: Known, tenant: Tenant
    ) -> Identity:
        """Return whose data the caller reads, whether by a session, and what else it may do."""
        authorization = request.headers.get("authorization")
        may_erase = await sessions.may("erase", authorization, request.cookies.get(COOKIE))
        return Identity(tenant, request.state.has_session, may_erase)

    @delete("/session", summary="Log out", responses={**PROBLEMS, **EMPTY}, status_code=204)
    async def log_out(self, request: Request[Any, Any, Any], sessions: Known) -> Response[None]:
        """End the session of the caller, if there is one."""
        if request.state.has_session:
            await sessions.log_out(request.cookies[COOKIE])
        return Response(None, cookies=[session_cookie(request, COOKIE, "", 0)])


def refuse_forms(request: Request[Any, Any, Any]) -> None:
    """Raise InvalidQuery for a log-in that is not JSON.

    A page from elsewhere can send text without asking first, and would log its visitors in.
    """
    if request.content_type[0] != MediaType.JSON:
        raise InvalidQuery(f"Content-Type must be {MediaType.JSON.value}")


def address_of(request: Request[Any, Any, Any]) -> str:
    """Return where a request came from, as far as is known."""
    return request.client.host if request.client else ""


def session_cookie(request: Request[Any, Any, Any], name: str, value: str, max_age: int) -> Cookie:
    """Return a cookie that no script reads and no other site sends; max_age in seconds."""
    return Cookie(
        name,
        value=value,
        max_age=max_age,
        path=f"{request.scope.get('root_path', '')}/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
