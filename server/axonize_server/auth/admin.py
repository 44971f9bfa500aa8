"""Who may manage tenants."""

from __future__ import annotations

import hmac
from typing import Any, Literal

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from axonize_server.auth.gate import Authenticate, permit
from axonize_server.auth.keys import bearer, digest
from axonize_server.auth.sessions import COOKIE, Sessions, refuse_foreign_pages
from axonize_server.model import Forbidden, NotFound, Unauthenticated

ADMIN_COOKIE = "axonize_admin"
Connection = ASGIConnection[Any, Any, Any, Any]
Extent = Literal["everything", "tenant", "nothing"]
Manages = tuple[Extent, str | None]
"""What somebody manages, and the tenant where it is one."""


class AdminGate:
    """Lets the server's admin key manage every tenant, and a key with `admin` its own.

    Either is shown as a header, or stands behind a session.
    """

    def __init__(self, admin_key: str, authenticate: Authenticate, sessions: Sessions) -> None:
        self._admin_sha256 = digest(admin_key) if admin_key else b""
        self._authenticate = authenticate
        self._sessions = sessions

    async def manager(self, connection: Connection) -> str | None:
        """Return whose keys the caller may manage, None for everything.

        Raises Unauthenticated and Forbidden.
        """
        header, cookies = connection.headers.get("authorization"), connection.cookies
        if header is not None or not {COOKIE, ADMIN_COOKIE} & set(cookies):
            return await self._manager_by_key(header)
        refuse_foreign_pages(connection)
        if ADMIN_COOKIE in cookies and await self._is_admin_session(cookies[ADMIN_COOKIE]):
            return None
        if COOKIE in cookies:
            return permit(await self._sessions.principal(cookies[COOKIE]), "admin")
        raise Unauthenticated("log in with the admin key of the server")

    async def manages(self, connection: Connection) -> Manages:
        """Return what the caller manages; a browser that has not logged in manages nothing.

        That is no error then: whoever shows a key that is none is told so by Unauthenticated.
        """
        try:
            tenant = await self.manager(connection)
        except (Unauthenticated, Forbidden):
            if connection.headers.get("authorization") is not None:
                raise
            return "nothing", None
        return ("everything", None) if tenant is None else ("tenant", tenant)

    async def _manager_by_key(self, authorization: str | None) -> str | None:
        if self._is_admin_key(bearer(authorization)):
            return None
        return await self._authenticate(authorization, "admin")

    async def _is_admin_session(self, cookie: str) -> bool:
        key_sha256 = await self._sessions.key_behind(cookie)
        return key_sha256 is not None and hmac.compare_digest(key_sha256, self._admin_sha256)

    async def log_in(self, key: str, address: str) -> str:
        """Return the cookie of a new session for the admin key.

        Raises Unauthenticated, Overloaded after too many failures, and StoreUnavailable.
        """
        self._sessions.attempts.check(address)
        if not self._is_admin_key(key):
            self._sessions.attempts.fail(address)
            raise Unauthenticated("this is not the admin key of this server, AXONIZE_ADMIN_KEY")
        return await self._sessions.open(key)

    async def log_out(self, cookie: str) -> None:
        """End a session; raises StoreUnavailable."""
        await self._sessions.log_out(cookie)

    def _is_admin_key(self, key: str) -> bool:
        return hmac.compare_digest(digest(key), self._admin_sha256)


def require_admin_key(gate: AdminGate) -> Guard:
    """Return a guard for what concerns all tenants."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        if await gate.manager(connection) is not None:
            raise Forbidden("this takes the admin key of the server, AXONIZE_ADMIN_KEY")

    return guard


def require_admin_of_tenant(gate: AdminGate) -> Guard:
    """Return a guard for what concerns the tenant in the path."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        tenant = connection.path_params["tenant_id"]
        if await gate.manager(connection) not in (None, tenant):
            raise NotFound(f"no tenant {tenant}")

    return guard


def require_manager(gate: AdminGate) -> Guard:
    """Return a guard for what concerns whoever manages anything."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if "open" not in handler.opt:
            await gate.manager(connection)

    return guard
