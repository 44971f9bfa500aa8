"""What every receiver is given: who the sender is, and where the request goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from axonize_server.model import Accepted

Authenticate = Callable[[str | None], str]
"""The tenant of an Authorization header or metadata value; raises Unauthenticated."""

Submit = Callable[[str, bytes], Awaitable[Accepted]]
"""Stores a tenant's request, given as protobuf bytes."""
