"""What a key looks like, and how it is known again without being kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NamedTuple, Protocol

from axonize_server.accounts import Principal
from axonize_server.model import Unauthenticated

DEFAULT_TENANT = "default"
USER_SCOPES = frozenset(("ingest", "read", "erase"))
SEND_A_KEY = "send `Authorization: Bearer KEY` with a valid key of this server"


class NewKey(NamedTuple):
    """A key that was just made: its owner sees all of it once, the server keeps the rest."""

    key: str
    prefix: str
    sha256: bytes


def new_key() -> NewKey:
    """Return a key of 256 random bits behind a prefix by which people tell keys apart."""
    prefix = f"axo_{secrets.token_hex(6)}"
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    return NewKey(key, prefix, digest(key))


def digest(key: str) -> bytes:
    """Return what is stored of a key; a key is too random for anything slower to help."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()


def bearer(authorization: str | None) -> str:
    """Return the key in an authorization header; raises Unauthenticated."""
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated(SEND_A_KEY)
    return key.strip()


class Keyring(Protocol):
    """Knows which keys are valid."""

    @property
    def is_open(self) -> bool:
        """Return whether everyone is let in without a key."""

    async def find(self, key_sha256: bytes) -> Principal | None:
        """Return who a key stands for, None when it is not valid; raises StoreUnavailable."""


class StaticKeyring:
    """One key that opens everything of the default tenant; an empty one lets everyone in."""

    def __init__(self, api_key: str) -> None:
        self._principal = Principal(DEFAULT_TENANT, USER_SCOPES, digest(api_key))
        self.is_open = not api_key

    async def find(self, key_sha256: bytes) -> Principal | None:
        """Return the default tenant for its key."""
        # Compared in constant time, so that answers do not tell how much of a digest is right.
        right = hmac.compare_digest(key_sha256, self._principal.key_sha256)
        return self._principal if right or self.is_open else None
