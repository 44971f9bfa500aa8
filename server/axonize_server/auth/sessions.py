"""Browsers log in with a key and are known by a cookie afterwards."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from axonize_server.accounts import Principal, Session
from axonize_server.auth.attempts import Attempts
from axonize_server.auth.gate import Gate, is_over, permit
from axonize_server.auth.keys import digest
from axonize_server.auth.lookup import Lookup
from axonize_server.model import Forbidden, Unauthenticated
from axonize_server.store.postgres.sessions import SessionStore

COOKIE = "axonize_session"
LASTS = timedelta(days=7)
LOG_IN = "log in with a key of this server"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Sessions:
    """Makes, knows and ends sessions. A session ends with its key."""

    def __init__(self, gate: Gate, store: SessionStore, lookup: Lookup[Session]) -> None:
        self._gate = gate
        self._store = store
        self._lookup = lookup
        self.attempts = Attempts()

    async def log_in(self, key: str, address: str) -> str:
        """Return the cookie of a new session for a key that may read.

        Raises Unauthenticated, Forbidden, Overloaded after too many failures, StoreUnavailable.
        """
        self.attempts.check(address)
        try:
            principal = await self._gate.principal(digest(key))
        except Unauthenticated:
            self.attempts.fail(address)
            raise Unauthenticated("this server does not know this key") from None
        permit(principal, "read")
        # The digest of the key that was shown, which is the valid one but on an open server.
        return await self.open(key)

    async def open(self, key: str) -> str:
        """Return the cookie of a new session that stands for a key; raises StoreUnavailable."""
        cookie = secrets.token_urlsafe(32)
        expires_at = datetime.now(timezone.utc) + LASTS
        await asyncio.to_thread(self._store.add, digest(cookie), digest(key), expires_at)
        return cookie

    async def key_behind(self, cookie: str) -> bytes | None:
        """Return the SHA-256 of the key that a session stands for, None when it has ended."""
        session = await self._lookup.get(digest(cookie))
        return None if session is None or is_over(session.expires_at) else session.key_sha256

    async def principal(self, cookie: str) -> Principal:
        """Return who a session stands for; raises Unauthenticated when it has ended."""
        key_sha256 = await self.key_behind(cookie)
        if key_sha256 is None:
            raise Unauthenticated(LOG_IN)
        return await self._gate.principal(key_sha256)

    async def caller(self, authorization: str | None, cookie: str | None) -> Principal:
        """Return who asks, by the key shown or else by the session.

        Raises Unauthenticated and StoreUnavailable.
        """
        if authorization is None and cookie is not None:
            return await self.principal(cookie)
        return await self._gate.holder(authorization)

    async def log_out(self, cookie: str) -> None:
        """End a session, on every server within 5 s and on this one at once."""
        await asyncio.to_thread(self._store.remove, digest(cookie))
        self._lookup.forget()


def refuse_foreign_pages(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Raise Forbidden for a change that a page from elsewhere asks for with the user's cookie.

    The cookie is SameSite=Strict already; this also stops pages of other ports of the same host.
    """
    if connection.scope.get("method") in SAFE_METHODS:
        return
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    own = connection.headers.get("host")
    if site == "same-origin" or (site is None and origin and urlsplit(origin).netloc == own):
        return
    raise Forbidden("a change with a session must come from the server's own pages; show a key")
