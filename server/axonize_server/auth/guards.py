"""Litestar guards, and the tenant that they found."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from axonize_server.auth.keys import Authenticate


def require_key(authenticate: Authenticate) -> Guard:
    """Return a guard that lets a request pass with a valid key and notes its tenant."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        connection.state.tenant = authenticate(connection.headers.get("authorization"))

    return guard


async def provide_tenant(request: Request[Any, Any, Any]) -> str:
    """Return the tenant that the guard noted."""
    tenant: str = request.state.tenant
    return tenant
