"""What the wire carries of tenants, keys and usage."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server import accounts
from axonize_server.accounts import Scope
from axonize_server.api.schemas import Time
from axonize_server.api.times import format_moment
from axonize_server.auth.admin import Extent

TENANT_ID = r"^[a-z0-9][a-z0-9_-]{0,62}$"
TenantId = Annotated[
    str, Meta(pattern=TENANT_ID, description="Lowercase letters, digits, - and _.")
]
Name = Annotated[str, Meta(max_length=200)]
SpansPerDay = Annotated[
    int | None, Meta(description="Most spans of one UTC day; null for no limit.")
]
Limit = Annotated[int, Meta(ge=0, le=2**62)]
Day = Annotated[str, Meta(description="UTC day.", examples=["2026-11-23"])]


class NewTenant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant to make."""

    tenant_id: TenantId
    name: Name = ""
    max_spans_per_day: Limit | None = None


class Quota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a tenant may store."""

    max_spans_per_day: Limit | None


class Manager(msgspec.Struct, frozen=True):
    """What the caller manages."""

    manages: Annotated[
        Extent, Meta(description="All tenants and their keys, the keys of one, or nothing.")
    ]
    tenant: Annotated[str | None, Meta(description="The one tenant, else null.")]


Days = Annotated[int, Meta(ge=1, le=1095)]


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many days after the day of commit (UTC) each kind of data is kept."""

    spans: Days
    traces: Annotated[
        int, Meta(ge=1, le=1095, description="What lists and statistics say; at least as `spans`.")
    ]
    gpu_metrics: Days
    engine_steps: Days


class Tenant(msgspec.Struct, frozen=True):
    """One tenant."""

    tenant_id: str
    name: str
    created_at: Time
    suspended_at: Annotated[
        Time | None, Meta(description="Since when its keys open nothing; null when they do.")
    ]
    max_spans_per_day: SpansPerDay
    retention: Retention


class TenantList(msgspec.Struct, frozen=True):
    """Tenants by id."""

    items: list[Tenant]


class NewKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to make."""

    name: Name = ""
    scopes: Annotated[list[Scope], Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: ["ingest", "read"]
    )
    expires_at: Annotated[
        str | None, Meta(description="When it ends by itself, RFC 3339; null for never.")
    ] = None


class ApiKey(msgspec.Struct, frozen=True):
    """A key, without what opens anything."""

    prefix: str
    name: str
    scopes: list[str]
    created_at: Time
    expires_at: Time | None
    last_used_at: Annotated[Time | None, Meta(description="Exact to about five minutes.")]
    revoked_at: Time | None


class MadeKey(msgspec.Struct, frozen=True):
    """A key that was just made; it is never shown again."""

    key: str
    api_key: ApiKey


class KeyList(msgspec.Struct, frozen=True):
    """Keys by age, those revoked too."""

    items: list[ApiKey]


class DayUsage(msgspec.Struct, frozen=True):
    """What was stored on one day, what came twice counted once."""

    day: Day
    spans: int
    engine_steps: int
    gpu_seconds: Annotated[float, Meta(description="Busy GPU-seconds of the engine steps.")]


class UsageList(msgspec.Struct, frozen=True):
    """Days in order."""

    items: list[DayUsage]


def tenant(record: accounts.Tenant) -> Tenant:
    """Return a tenant for the wire."""
    return Tenant(
        record.tenant_id,
        record.name,
        format_moment(record.created_at),
        _moment(record.suspended_at),
        record.max_spans_per_day,
        Retention(**msgspec.structs.asdict(record.retention)),
    )


def api_key(record: accounts.ApiKey) -> ApiKey:
    """Return a key for the wire."""
    return ApiKey(
        record.prefix,
        record.name,
        record.scopes,
        format_moment(record.created_at),
        _moment(record.expires_at),
        _moment(record.last_used_at),
        _moment(record.revoked_at),
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_moment(moment)


def day_usage(record: accounts.Usage) -> DayUsage:
    """Return a day for the wire."""
    return DayUsage(record.day.isoformat(), record.spans, record.engine_steps, record.gpu_seconds)
