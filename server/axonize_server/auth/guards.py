"""Litestar guards, and the tenant that they found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from axonize_server.accounts import Right
from axonize_server.auth.gate import Authenticate, permit
from axonize_server.auth.sessions import COOKIE, Sessions, refuse_foreign_pages
from axonize_server.model import DomainError

OPEN = {"open": True}
"""Options of a handler that is called without a key."""


def require_key(authenticate: Authenticate, sessions: Sessions, right: Right) -> Guard:
    """Return a guard that lets a request pass with a key or a session that has this right.

    A handler may name another right in its options.
    It notes the tenant, and whether a session said so.
    """

    async def guard(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        if "open" in handler.opt:
            return
        needed: Right = handler.opt.get("right", right)
        authorization = connection.headers.get("authorization")
        cookie = connection.cookies.get(COOKIE)
        connection.state.has_session = authorization is None and cookie is not None
        if authorization is None and cookie is not None:
            refuse_foreign_pages(connection)
            connection.state.tenant = permit(await sessions.principal(cookie), needed)
        else:
            connection.state.tenant = await authenticate(authorization, needed)

    return guard


def lets_in(sessions: Sessions) -> Callable[[Request[Any, Any, Any]], Awaitable[bool]]:
    """Return what tells, and raises nothing, whether a caller may read."""

    async def may_read(request: Request[Any, Any, Any]) -> bool:
        authorization, cookie = request.headers.get("authorization"), request.cookies.get(COOKIE)
        with suppress(DomainError):
            permit(await sessions.caller(authorization, cookie), "read")
            return True
        return False

    return may_read


async def provide_tenant(request: Request[Any, Any, Any]) -> str:
    """Return the tenant that the guard noted."""
    tenant: str = request.state.tenant
    return tenant
