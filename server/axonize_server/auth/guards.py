"""Litestar guards, and the tenant that they found."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from axonize_server.accounts import Scope
from axonize_server.auth.gate import Authenticate


def require_key(authenticate: Authenticate, scope: Scope) -> Guard:
    """Return a guard that lets a request pass with a key of that scope and notes its tenant."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        authorization = connection.headers.get("authorization")
        connection.state.tenant = await authenticate(authorization, scope)

    return guard


async def provide_tenant(request: Request[Any, Any, Any]) -> str:
    """Return the tenant that the guard noted."""
    tenant: str = request.state.tenant
    return tenant
