"""Checks API keys."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from axonize_server.model import Unauthenticated

DEFAULT_TENANT = "default"

Authenticate = Callable[[str | None], str]
"""From the value of the authorization header (or None) to the tenant; raises Unauthenticated."""


def static_key(api_key: str) -> Authenticate:
    """Return a check for one key that opens the default tenant; an empty key lets everyone in."""
    expected = api_key.encode()

    def authenticate(authorization: str | None) -> str:
        if not expected:
            return DEFAULT_TENANT
        scheme, _, given = (authorization or "").partition(" ")
        # Compared in constant time, so that answers do not tell how much of a key is right.
        right = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), expected)
        if scheme.lower() != "bearer" or not right:
            raise Unauthenticated("send `Authorization: Bearer KEY` with the key of this server")
        return DEFAULT_TENANT

    return authenticate
