"""Which tenants may store nothing, as this server knows, and its word that it stores nothing."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from axonize_server.accounts import Tenant
from axonize_server.store.postgres.servers import Servers
from axonize_server.store.postgres.tenants import Tenants

FOLLOW_EVERY_S = 2.0
SETTLE_EVERY_S = 0.5


class Suspension:
    """Says who is suspended.

    `settle` each refuse what waits of them, and return when no write is under way that was at the
    call; `roll_ups` each return when no statement is that was, which may take minutes, so only a
    deletion waits for them. `version` tells up to which change the accounts are.
    """

    def __init__(
        self,
        tenants: Tenants,
        servers: Servers,
        version: Callable[[], int],
    ) -> None:
        self._tenants = tenants
        self._servers = servers
        self._version = version
        self.settle: list[Callable[[], None]] = []
        self.roll_ups: list[Callable[[], None]] = []
        self._server_id = secrets.token_hex(8)
        self._suspended: frozenset[str] = frozenset()
        self._learned = 0
        self._in_effect = 0
        self._one_at_a_time = threading.Lock()

    def holds(self, tenant: str) -> bool:
        """Return whether nothing of a tenant may be stored."""
        return tenant in self._suspended

    def suspend(self, tenant: str) -> Tenant:
        """Suspend a tenant; this server stores nothing that it sends when this returns.

        Raises NotFound and StoreUnavailable.
        """
        suspended = self._tenants.suspend(tenant)
        self._learn(self._version())
        return suspended

    def silence(self, tenant: str) -> None:
        """Suspend a tenant, and return when no roll-up is under way here that was at the call.

        Raises NotFound and StoreUnavailable.
        """
        self.suspend(tenant)
        self.put_into_effect()

    def follow(self) -> None:
        """Say that this server is there, and learn who is suspended when anything has changed.

        Raises StoreUnavailable.
        """
        self._servers.report(self._server_id, self._in_effect)
        version = self._version()
        if version > self._learned:
            self._learn(version)

    def put_into_effect(self) -> None:
        """Say of what was learnt that nothing is written any more, once roll-ups have ended.

        Raises StoreUnavailable.
        """
        learned = self._learned
        if learned > self._in_effect:
            for settle in self.roll_ups:
                settle()
            self._servers.report(self._server_id, learned)
            self._in_effect = learned

    def _learn(self, version: int) -> None:
        with self._one_at_a_time:
            self._suspended = self._held()
        for settle in self.settle:
            settle()
        self._learned = max(self._learned, version)

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
