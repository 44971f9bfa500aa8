"""Which tenants may store nothing, as this server knows, and its word that it stores nothing."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence

from axonize_server.accounts import Tenant
from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.tenants import Tenants


class Suspension:
    """Says who is suspended.

    `settle` each refuse what waits of them, and return when no write is under way that was at the
    call; `version` tells up to which change the accounts are.
    """

    def __init__(
        self,
        tenants: Tenants,
        servers: Servers,
        version: Callable[[], int],
        settle: Sequence[Callable[[], None]] = (),
    ) -> None:
        self._tenants = tenants
        self._servers = servers
        self._version = version
        self.settle = list(settle)
        self._server_id = secrets.token_hex(8)
        self._suspended: frozenset[str] = frozenset()
        self._reported = 0
        self._one_at_a_time = threading.Lock()

    def holds(self, tenant: str) -> bool:
        """Return whether nothing of a tenant may be stored."""
        return tenant in self._suspended

    def suspend(self, tenant: str) -> Tenant:
        """Suspend a tenant; this server stores nothing of it any more when this returns.

        Raises NotFound and StoreUnavailable.
        """
        suspended = self._tenants.suspend(tenant)
        self.put_into_effect(self._version())
        return suspended

    def put_into_effect(self, version: int) -> None:
        """Learn who is suspended at `version`, and say so when nothing of them is written any more.

        Raises StoreUnavailable.
        """
        with self._one_at_a_time:
            self._suspended = self._held()
            for settle in self.settle:
                settle()
            self._reported = max(self._reported, version)
            self._servers.report(self._server_id, self._reported)

    def _held(self) -> frozenset[str]:
        """Return who is suspended, or was and is deleted by now.

        A request of the latter may have been let in before, and come to be stored much later.
        """
        suspended = self._tenants.suspended()
        others = self._suspended - suspended
        return suspended | (others - self._tenants.among(others) if others else others)

    def leave(self) -> None:
        """Say that this server has ended; raises StoreUnavailable."""
        self._servers.leave(self._server_id)
