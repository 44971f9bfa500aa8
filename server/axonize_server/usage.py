"""Meters tenants by what is stored, and keeps them within their quota."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from axonize_server.accounts import Usage
from axonize_server.model import (
    Accepted,
    DomainError,
    QueryTooLarge,
    QueryTooSlow,
    QuotaExceeded,
)
from axonize_server.store.clickhouse.tenants.reader import UsageReader
from axonize_server.store.postgres.tenants import Tenants
from axonize_server.store.postgres.usage import UsageRecords

logger = logging.getLogger("axonize.server")

# So far back a day that is over is still looked for; what is removed earlier is recorded before.
COUNTABLE_DAYS = 29
# A group that was being stored at midnight, and clocks of servers that differ.
SETTLED_AFTER = timedelta(minutes=10)
RECORD_EVERY_S = 3600.0

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)


class Meter:
    """Counts the days of a tenant, and records those that are over."""

    def __init__(self, reader: UsageReader, records: UsageRecords, now: Now = utc_now) -> None:
        self._reader = reader
        self._records = records
        self._now = now

    def days(self, tenant: str, first: date, last: date) -> list[Usage]:
        """Return the days from first to last for which there are counts, in order.

        Raises QueryTooSlow, QueryTooLarge and StoreUnavailable.
        """
        today = self._now().date()
        known = {usage.day: usage for usage in self._records.read(tenant, first, last)}
        day = max(first, today - timedelta(days=COUNTABLE_DAYS))
        while day <= min(last, today):
            if day not in known:
                known[day] = self._count(tenant, day)
            day += timedelta(days=1)
        return [known[day] for day in sorted(known)]

    def _count(self, tenant: str, day: date) -> Usage:
        usage = self._reader.usage(tenant, day)
        if (self._now() - SETTLED_AFTER).date() > day:
            self._records.record(tenant, usage)
        return usage

    def record(self, tenant: str) -> None:
        """Record every day that is over and can still be counted."""
        yesterday = self._now().date() - timedelta(days=1)
        self.days(tenant, yesterday - timedelta(days=COUNTABLE_DAYS), yesterday)


@asynccontextmanager
async def recording(
    meter: Meter, tenants: Tenants, every_s: float = RECORD_EVERY_S
) -> AsyncIterator[None]:
    """Record the days of every tenant now and then, until the block ends."""
    task = asyncio.ensure_future(_record(meter, tenants, every_s))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _record(meter: Meter, tenants: Tenants, every_s: float) -> None:
    while True:
        try:
            for tenant in await asyncio.to_thread(tenants.all):
                await _record_one(meter, tenant.tenant_id)
        except DomainError as error:
            logger.warning("usage is not recorded for now: %s", error)
        await asyncio.sleep(every_s)


async def _record_one(meter: Meter, tenant: str) -> None:
    """Record a tenant; one whose days cannot be counted does not keep the others waiting."""
    try:
        await asyncio.to_thread(meter.record, tenant)
    except (QueryTooSlow, QueryTooLarge) as error:
        logger.warning("the usage of %s is not recorded for now: %s", tenant, error)


@dataclass
class _Standing:
    """What is known of a tenant's day; spans may be counted twice in `spans`."""

    day: date | None = None
    limit: int | None = None
    spans: int = 0
    is_over: bool = False
    read_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Quota:
    """Refuses spans of a tenant that has stored as many as it may today.

    Other servers are noticed within `every_s`; a request that comes below the quota is taken whole.
    """

    def __init__(
        self, reader: UsageReader, tenants: Tenants, every_s: float = 5.0, now: Now = utc_now
    ) -> None:
        self._reader = reader
        self._tenants = tenants
        self._every_s = every_s
        self._now = now
        self._standings: dict[str, _Standing] = {}
        self.refused = 0

    async def check(self, tenant: str) -> None:
        """Raise QuotaExceeded when the tenant has used up its day."""
        standing = self._standings.setdefault(tenant, _Standing())
        async with standing.lock:
            if self._is_old(standing):
                await asyncio.to_thread(self._read, tenant, standing)
        if standing.is_over:
            self.refused += 1
            raise QuotaExceeded(
                f"tenant {tenant} has stored the {standing.limit} spans that it may on one day "
                "(UTC); ask who runs this server for more"
            )

    def add(self, tenant: str, spans: int) -> None:
        """Note that spans were stored."""
        standing = self._standings.setdefault(tenant, _Standing())
        standing.spans += spans

    def _is_old(self, standing: _Standing) -> bool:
        if time.monotonic() - standing.read_at >= self._every_s:
            return True
        if standing.limit is None:
            return False
        used_up = standing.spans >= standing.limit and not standing.is_over
        return used_up or standing.day != self._now().date()

    def _read(self, tenant: str, standing: _Standing) -> None:
        """Ask the databases; what they do not answer stays as it was."""
        read_at, day = time.monotonic(), self._now().date()
        with suppress(DomainError):
            limit = self._tenants.get(tenant).max_spans_per_day
            same = (standing.day, standing.limit) == (day, limit)
            # What is stored does not become less before the day is over.
            if limit is not None and not (same and standing.is_over):
                standing.spans = self._reader.rows(tenant, day)
                if standing.spans >= limit:
                    standing.spans = self._reader.spans(tenant, day)
            standing.day, standing.limit = day, limit
            standing.is_over = limit is not None and standing.spans >= limit
        standing.read_at = read_at


Submit = Callable[[str, bytes], Awaitable[Accepted]]


def within_quota(submit: Submit, quota: Quota) -> Submit:
    """Return `submit` for tenants that have not used up their day."""

    async def submit_within(tenant: str, body: bytes) -> Accepted:
        await quota.check(tenant)
        accepted = await submit(tenant, body)
        quota.add(tenant, accepted.spans)
        return accepted

    return submit_within
