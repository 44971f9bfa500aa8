"""Tenants, their keys and who a key stands for: the records; no I/O."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

Scope = Literal["ingest", "read", "admin"]
"""What a key may do: send telemetry, ask questions, manage the keys of its own tenant."""

SCOPES: tuple[Scope, ...] = ("ingest", "read", "admin")


class Principal(msgspec.Struct, frozen=True):
    """Who a valid key stands for, and what it may do."""

    tenant: str
    scopes: frozenset[str]
    key_sha256: bytes
    expires_at: datetime | None = None
    suspended: bool = False


class Session(msgspec.Struct, frozen=True):
    """A browser that has logged in with a key."""

    key_sha256: bytes
    expires_at: datetime


class Tenant(msgspec.Struct, frozen=True):
    """One tenant; `max_spans_per_day` None means as many as it likes."""

    tenant_id: str
    name: str
    created_at: datetime
    suspended_at: datetime | None
    max_spans_per_day: int | None


class ApiKey(msgspec.Struct, frozen=True):
    """One key, as far as anybody may know it again."""

    prefix: str
    tenant_id: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class Usage(msgspec.Struct, frozen=True):
    """What a tenant stored on one UTC day, each span and step once."""

    day: date
    spans: int
    engine_steps: int
    gpu_seconds: float
