"""Tenants, their keys and who a key stands for: the records; no I/O."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

Scope = Literal["ingest", "read", "admin"]
"""What a key may do: send telemetry, ask questions, manage the keys of its own tenant."""

Right = Literal["ingest", "read", "admin", "erase"]
"""What a request needs: a scope, or to erase data, which `admin` and the static key may do."""


class Principal(msgspec.Struct, frozen=True):
    """Who a valid key stands for, and what it may do."""

    tenant: str
    scopes: frozenset[str]
    key_sha256: bytes
    expires_at: datetime | None = None
    suspended: bool = False

    def may(self, right: Right) -> bool:
        """Return whether it has a right by its scopes."""
        return right in self.scopes or (right == "erase" and "admin" in self.scopes)


class Session(msgspec.Struct, frozen=True):
    """A browser that has logged in with a key."""

    key_sha256: bytes
    expires_at: datetime


class Retention(msgspec.Struct, frozen=True):
    """How many days after the day of commit (UTC) each kind of data is kept."""

    spans: int = 30
    traces: int = 90
    gpu_metrics: int = 7
    engine_steps: int = 30


class Tenant(msgspec.Struct, frozen=True):
    """One tenant; `max_spans_per_day` None means as many as it likes."""

    tenant_id: str
    name: str
    created_at: datetime
    suspended_at: datetime | None
    max_spans_per_day: int | None
    retention: Retention = Retention()


class DeletedTrace(msgspec.Struct, frozen=True):
    """A trace that was deleted, and the minutes (Unix s) that are counted again without it.

    Of a minute that is not over those of its ticks are that were counted.

    It is due when it is to be removed once more, now that no roll-up can bring it back.
    """

    tenant: str
    trace_id: str
    minutes: list[int]
    is_due: bool = False


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
