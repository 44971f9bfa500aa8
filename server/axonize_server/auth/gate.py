"""Lets a request pass or not: the key, whether it still holds, and what it may do."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone

from axonize_server.accounts import Principal, Right
from axonize_server.auth.keys import SEND_A_KEY, Keyring, bearer, digest
from axonize_server.auth.lookup import Lookup
from axonize_server.model import Forbidden, Unauthenticated

Authenticate = Callable[[str | None, Right], Awaitable[str]]
"""From the value of the authorization header (or None) and what is asked for to the tenant.

Raises Unauthenticated, Forbidden and StoreUnavailable.
"""


class TenantKeyring:
    """The keys in the account database."""

    is_open = False

    def __init__(self, lookup: Lookup[Principal]) -> None:
        self._lookup = lookup

    async def find(self, key_sha256: bytes) -> Principal | None:
        """Return who a key stands for, from what is remembered where possible."""
        principal = await self._lookup.get(key_sha256)
        # The index found it already; compared again in constant time, whatever the index did.
        if principal is None or not hmac.compare_digest(principal.key_sha256, key_sha256):
            return None
        return principal


class Gate:
    """Decides about requests."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    @property
    def is_open(self) -> bool:
        """Return whether everyone is let in without a key."""
        return self._keyring.is_open

    async def authenticate(self, authorization: str | None, right: Right) -> str:
        """Return the tenant of the key in a header, when the key has the right."""
        return permit(await self.holder(authorization), right)

    async def holder(self, authorization: str | None) -> Principal:
        """Return who the key in a header stands for; raises Unauthenticated."""
        return await self.principal(digest("" if self.is_open else bearer(authorization)))

    async def principal(self, key_sha256: bytes) -> Principal:
        """Return who a key stands for; raises Unauthenticated when it is not valid (any more)."""
        principal = await self._keyring.find(key_sha256)
        if principal is None or is_over(principal.expires_at):
            raise Unauthenticated(SEND_A_KEY)
        return principal


def permit(principal: Principal, right: Right) -> str:
    """Return the tenant; raises Forbidden when it is suspended or the key has not this right."""
    if principal.suspended:
        raise Forbidden(f"tenant {principal.tenant} is suspended; ask who runs this server")
    if not principal.may(right):
        scope = "admin" if right == "erase" else right
        raise Forbidden(f"this key has not the scope `{scope}`; use a key that has")
    return principal.tenant


def is_over(moment: datetime | None) -> bool:
    """Return whether something that ends then has ended."""
    return moment is not None and moment <= datetime.now(timezone.utc)
