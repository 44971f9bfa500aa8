"""Which tenants may store nothing, as this server knows, and its word that it stores nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.tenants import Tenants


class Suspension:
    """Says who is suspended; `settle` each return when writes that were under way have ended."""

    def __init__(
        self, tenants: Tenants, servers: Servers, settle: Sequence[Callable[[], None]] = ()
    ) -> None:
        self._tenants = tenants
        self._servers = servers
        self.settle = list(settle)
        self._server_id = secrets.token_hex(8)
        self._suspended: frozenset[str] = frozenset()

    def holds(self, tenant: str) -> bool:
        """Return whether nothing of a tenant may be stored."""
        return tenant in self._suspended

    def put_into_effect(self, version: int) -> None:
        """Learn who is suspended at `version`, and say so when nothing of them is written any more.

        Raises StoreUnavailable.
        """
        self._suspended = self._tenants.suspended()
        for settle in self.settle:
            settle()
        self._servers.report(self._server_id, version)

    def leave(self) -> None:
        """Say that this server has ended; raises StoreUnavailable."""
        self._servers.leave(self._server_id)
