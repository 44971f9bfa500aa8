"""The records of processes that send telemetry, as they describe themselves; no I/O."""

from __future__ import annotations

import msgspec


class HookCount(msgspec.Struct, frozen=True):
    """How many hooks of an integration are in a state: patched, waiting, missing, failed."""

    integration: str
    state: str
    count: int


class HookFault(msgspec.Struct, frozen=True):
    """A hook that could not be put where it belongs, and why."""

    integration: str
    state: str
    target: str
    detail: str


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """The newest report of a process; unknown text is empty, an unknown pid is 0.

    Counts of spans are those since its start, `spans_dropped` by reason; `last_ns` is Unix ns, by
    the server's clock.
    """

    instance_id: str
    last_ns: int
    service_name: str
    environment: str
    host: str
    pid: int
    command: str
    runtime_name: str
    runtime_version: str
    sdk_name: str
    sdk_language: str
    sdk_version: str
    spans_exported: int
    spans_waiting: int
    spans_dropped: dict[str, int]
    hooks: list[HookCount]
    faults: list[HookFault]


class SilentService(msgspec.Struct, frozen=True):
    """A service with spans of which no process says how it is."""

    service_name: str
    spans: int
