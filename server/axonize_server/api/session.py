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
from axonize_server.auth.gate import permit
from axonize_server.auth.guards import OPEN
from axonize_server.auth.sessions import COOKIE, LASTS, Sessions
from axonize_server.model import InvalidQuery, Unauthenticated

PROBLEMS = documented(400, 401, 403, 429, 503, 504)
EMPTY = {204: ResponseSpec(None, description="Logged out", generate_examples=False)}
Known = NamedDependency[Sessions]


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser logs in with."""

    key: Annotated[str, Meta(min_length=1, max_length=1000)]


class Identity(msgspec.Struct, frozen=True):
    """Whose data the caller reads."""

    tenant: Annotated[
        str | None, Meta(description="Null: nobody has logged in, and the server asks for a key.")
    ]
    has_session: Annotated[bool, Meta(description="Whether logging out would change anything.")]
    may_erase: Annotated[bool, Meta(description="Whether the caller may delete a trace.")]


NOBODY = Identity(tenant=None, has_session=False, may_erase=False)


class SessionController(Controller):
    """The session of the caller; to log in, and to ask whether one has, takes no key."""

    tags = ["Session"]  # noqa: RUF012 - Litestar declares it as an instance variable

    @post("/session", summary="Log in", responses=PROBLEMS, status_code=200, opt=OPEN)
    async def log_in(
        self, request: Request[Any, Any, Any], sessions: Known, data: JSONBody[Credentials]
    ) -> Response[Identity]:
        """Take a key that may read, and answer with a cookie that stands for it for 7 days."""
        refuse_forms(request)
        made = await sessions.log_in(data.key.strip(), address_of(request))
        cookie = session_cookie(request, COOKIE, made, int(LASTS.total_seconds()))
        return Response(await identity(sessions, None, made), cookies=[cookie])

    @get(
        "/session",
        summary="Read who is asking",
        responses=PROBLEMS,
        opt=OPEN,
        security=[{}],  # a key, or none
    )
    async def read_session(self, request: Request[Any, Any, Any], sessions: Known) -> Identity:
        """Return whose data the caller reads, whether by a session, and what else it may do.

        Nobody's, where a browser has not logged in: that is no error.
        """
        authorization = request.headers.get("authorization")
        try:
            return await identity(sessions, authorization, request.cookies.get(COOKIE))
        except Unauthenticated:
            if authorization is not None:
                raise
            return NOBODY

    @delete("/session", summary="Log out", responses={**PROBLEMS, **EMPTY}, status_code=204)
    async def log_out(self, request: Request[Any, Any, Any], sessions: Known) -> Response[None]:
        """End the session of the caller, if there is one."""
        if request.state.has_session:
            await sessions.log_out(request.cookies[COOKIE])
        return Response(None, cookies=[session_cookie(request, COOKIE, "", 0)])


async def identity(sessions: Sessions, authorization: str | None, cookie: str | None) -> Identity:
    """Return who shows a key or has a session.

    Raises Unauthenticated, Forbidden and StoreUnavailable.
    """
    caller = await sessions.caller(authorization, cookie)
    has_session = authorization is None and cookie is not None
    return Identity(permit(caller, "read"), has_session, caller.may("erase"))


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
