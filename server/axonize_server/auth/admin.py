"""Who may manage tenants."""

from __future__ import annotations

import hmac
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from axonize_server.auth.gate import Authenticate
from axonize_server.auth.keys import bearer, digest
from axonize_server.model import Forbidden, NotFound


class AdminGate:
    """Lets the server's admin key manage every tenant, and a key with `admin` its own."""

    def __init__(self, admin_key: str, authenticate: Authenticate) -> None:
        self._admin_sha256 = digest(admin_key) if admin_key else b""
        self._authenticate = authenticate

    async def permit_all(self, authorization: str | None) -> None:
        """Return for the admin key; raises Unauthenticated and Forbidden."""
        if not self._is_admin_key(authorization):
            await self._authenticate(authorization, "admin")
            raise Forbidden("this takes the admin key of the server, AXONIZE_ADMIN_KEY")

    async def permit(self, authorization: str | None, tenant: str) -> None:
        """Return for the admin key and keys with `admin` of that tenant; raises NotFound too."""
        if self._is_admin_key(authorization):
            return
        if await self._authenticate(authorization, "admin") != tenant:
            raise NotFound(f"no tenant {tenant}")

    def _is_admin_key(self, authorization: str | None) -> bool:
        return hmac.compare_digest(digest(bearer(authorization)), self._admin_sha256)


def require_admin_key(gate: AdminGate) -> Guard:
    """Return a guard for what concerns all tenants."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        await gate.permit_all(connection.headers.get("authorization"))

    return guard


def require_admin_of_tenant(gate: AdminGate) -> Guard:
    """Return a guard for what concerns the tenant in the path."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        tenant = connection.path_params["tenant_id"]
        await gate.permit(connection.headers.get("authorization"), tenant)

    return guard
