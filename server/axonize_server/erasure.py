"""Removes a tenant, or a trace, with all that was made of it."""

from __future__ import annotations

import time
from collections.abc import Callable

from axonize_server.accounts import DeletedTrace
from axonize_server.auth.keys import DEFAULT_TENANT
from axonize_server.model import Conflict, NotFound, StoreUnavailable
from axonize_server.store.clickhouse.removal.traces import TraceEraser
from axonize_server.store.clickhouse.tenants.eraser import TenantEraser
from axonize_server.store.postgres.deletions import Deletions
from axonize_server.store.postgres.servers import GONE_AFTER_S, Servers
from axonize_server.store.postgres.tenants import Tenants

ASK_EVERY_S = 0.2
SWEEP_EVERY_S = 30.0
# So long a removal may take of which it is not known that it ended, because its server did. What is
# written longer is waited for, whoever began it.
SWEEP_AFTER_S = 60.0
# Senders do not keep spans for longer.
REMEMBERED_S = 7 * 86_400.0
# An insert takes up to 30 s, and clocks of servers differ.
OVERLAP_S = 120.0
DAY_S = 86_400.0


class Erasure:
    """Removes tenants; what was interrupted is finished by asking again.

    `silence` has this server store nothing of a tenant any more, and the others before long; no
    roll-up is under way then that was at the call. `version` tells up to which change the accounts
    are.
    """

    def __init__(
        self,
        tenants: Tenants,
        silence: Callable[[str], object],
        eraser: TenantEraser,
        servers: Servers,
        version: Callable[[], int],
    ) -> None:
        self._tenants = tenants
        self._silence = silence
        self._eraser = eraser
        self._servers = servers
        self._version = version

    def erase(self, tenant: str) -> None:
        """Return when neither the tenant nor any of its data is left.

        Raises NotFound, Conflict for the default tenant, and StoreUnavailable.
        """
        if tenant == DEFAULT_TENANT:
            raise Conflict(f"{tenant} is the tenant of static authentication and stays")
        for _ in range(2):  # a roll-up may have read before, and write after, the first removal
            begin = time.monotonic()
            self._silence(tenant)
            self._wait_until_nobody_writes(begin, self._version())
            self._eraser.erase(tenant)
        self._tenants.erase(tenant)

    def _wait_until_nobody_writes(self, begin: float, version: int) -> None:
        deadline = time.monotonic() + GONE_AFTER_S + 5
        while self._servers.behind(version) or self._is_writing(begin):
            if time.monotonic() > deadline:
                raise StoreUnavailable("a server may still write data of it; ask again")
            time.sleep(ASK_EVERY_S)

    def _is_writing(self, begin: float) -> bool:
        """Return whether a statement writes that did so then: its server may be gone."""
        since_s = time.monotonic() - begin
        return self._eraser.writing_s() >= since_s


class TraceErasure:
    """Removes traces, and for seven days what comes of them later."""

    def __init__(self, eraser: TraceEraser, deletions: Deletions) -> None:
        self._eraser = eraser
        self._deletions = deletions
        self._swept_at = float("-inf")

    def erase(self, tenant: str, trace_id: str) -> None:
        """Return when nothing of a trace is left; raises NotFound and StoreUnavailable."""
        if not self._eraser.is_stored(tenant, trace_id):
            raise NotFound(f"no trace {trace_id}")
        self._erase(tenant, trace_id)

    def _erase(self, tenant: str, trace_id: str) -> None:
        minutes = self._eraser.minutes(tenant, trace_id)
        # Noted first: what is interrupted is done by the next sweep.
        self._eraser.erase(self._deletions.add(tenant, trace_id, minutes))
        # And again, because a roll-up that began meanwhile may have read it, too.
        self._deletions.add(tenant, trace_id, ())

    def sweep(self, after_s: float = SWEEP_AFTER_S) -> None:
        """Remove what roll-ups under way have brought back, and spans that came late.

        Raises StoreUnavailable; the next sweep does what is left.
        """
        begin = time.monotonic()
        since_s = min(begin - self._swept_at + OVERLAP_S, DAY_S)
        # What has been written since before a removal ended may bring back what it has read.
        known = self._deletions.known(REMEMBERED_S, after_s + self._eraser.writing_s())
        for deleted in known:
            if deleted.is_due:
                self._sweep(deleted)
        for tenant, trace_id in self._eraser.come_back(known, since_s) if known else ():
            self._erase(tenant, trace_id)
        self._swept_at = begin

    def _sweep(self, deleted: DeletedTrace) -> None:
        self._eraser.erase(deleted)
        self._deletions.swept(deleted)
