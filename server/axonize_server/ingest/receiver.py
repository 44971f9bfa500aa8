"""What every receiver is given: where the requests go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from axonize_server.ingest.signals import Signal
from axonize_server.model import Accepted

Submit = Callable[[str, bytes], Awaitable[Accepted]]
"""Stores a tenant's request, given as protobuf bytes."""

Submits = Mapping[Signal, Submit]
"""Where the requests of each signal go; what is not there is not received."""
