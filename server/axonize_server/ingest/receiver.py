"""What every receiver is given: where the requests go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from axonize_server.model import Accepted

Submit = Callable[[str, bytes], Awaitable[Accepted]]
"""Stores a tenant's request, given as protobuf bytes."""
