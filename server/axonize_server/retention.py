"""Removes what each tenant no longer keeps, by day of commit."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta

import msgspec

from axonize_server.accounts import Retention
from axonize_server.model import QueryTooLarge, QueryTooSlow, StoreUnavailable
from axonize_server.store.clickhouse.removal.days import PARTITIONED, TABLES, DayEraser
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.usage import SETTLED_AFTER, Meter, Now, utc_now

logger = logging.getLogger("axonize.server")

EVERY_S = 3600.0


class Expiry:
    """Removes days that are over; whatever is done twice, or by two servers, changes nothing.

    A day of commit is over for a tenant when as many whole days as it keeps have passed since.
    """

    def __init__(
        self, tenants: Tenants, meter: Meter, eraser: DayEraser, now: Now = utc_now
    ) -> None:
        self._tenants = tenants
        self._meter = meter
        self._eraser = eraser
        self._now = now

    def enforce(self) -> None:
        """Return when nothing that is over is left; raises StoreUnavailable and StoreRefused."""
        # A day is recorded before it or the day after, which it is counted with, can be over.
        today = (self._now() - SETTLED_AFTER).date()
        tenants = self._tenants.all()
        kept = {
            tenant.tenant_id: tenant.retention if self._recorded(tenant.tenant_id) else None
            for tenant in tenants
        }
        for table in TABLES:
            self._erase(table, today, kept)

    def _recorded(self, tenant: str) -> bool:
        """Return whether the usage of a tenant is on record; what is not counted yet stays."""
        try:
            self._meter.record(tenant)
        except (QueryTooSlow, QueryTooLarge) as error:
            logger.warning("the usage of %s cannot be counted, its data stays: %s", tenant, error)
            return False
        return True

    def _erase(self, table: str, today: date, kept: Mapping[str, Retention | None]) -> None:
        def before(tenant: str) -> date:
            retention = kept.get(tenant, Retention())
            if retention is None:
                return date.min
            return today - timedelta(days=_days(retention, table))

        latest = max(before(tenant) for tenant in ("", *kept))
        mixed: set[str] = set()
        for day, tenants in self._eraser.stored(table, latest):
            over = {tenant for tenant in tenants if day < before(tenant)}
            if len(over) == len(tenants) and table in PARTITIONED:
                self._eraser.drop(table, day)
            else:
                mixed |= over
        if mixed:
            self._eraser.erase(table, {tenant: before(tenant) for tenant in sorted(mixed)})


class LongestKept:
    """How long each table is kept, by the tenant that keeps it longest."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants
        self._known = Retention()

    def read(self) -> Retention:
        """Return it as it is now, or was when PostgreSQL answered last."""
        with suppress(StoreUnavailable):
            kept = [msgspec.structs.astuple(each.retention) for each in self._tenants.all()]
            self._known = Retention(*map(max, zip(*kept, strict=True)))
        return self._known


def _days(kept: Retention, table: str) -> int:
    """Return how long a table is kept; statistics go with the lists that they belong to."""
    if table == "engine_minutes":  # else the steps would be counted again
        return max(kept.traces, kept.engine_steps)
    days: int = getattr(kept, "traces" if table == "minutes" else table)
    return days
