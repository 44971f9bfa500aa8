"""Removes a tenant with all of its data."""

from __future__ import annotations

import time

from axonize_server.auth.keys import DEFAULT_TENANT
from axonize_server.auth.revocation import EVERY_S
from axonize_server.model import Conflict
from axonize_server.store.clickhouse.tenants.eraser import TenantEraser
from axonize_server.store.postgres.tenants import Tenants

# By then no server takes its keys any more.
SETTLE_S = 2 * EVERY_S


class Erasure:
    """Removes tenants; what was interrupted is finished by asking again."""

    def __init__(self, tenants: Tenants, eraser: TenantEraser, settle_s: float = SETTLE_S) -> None:
        self._tenants = tenants
        self._eraser = eraser
        self._settle_s = settle_s

    def erase(self, tenant: str) -> None:
        """Return when neither the tenant nor any of its data is left.

        Raises NotFound, Conflict for the default tenant, and StoreUnavailable.
        """
        if tenant == DEFAULT_TENANT:
            raise Conflict(f"{tenant} is the tenant of static authentication and stays")
        self._tenants.suspend(tenant)
        time.sleep(self._settle_s)
        self._eraser.erase(tenant)
        self._tenants.erase(tenant)
