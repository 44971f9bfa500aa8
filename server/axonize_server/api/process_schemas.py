"""What the wire carries of processes that send telemetry."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server import processes
from axonize_server.api.schemas import Time
from axonize_server.api.times import format_time
from axonize_server.processes import HookCount, HookFault, SilentService


class Sdk(msgspec.Struct, frozen=True):
    """What made the spans: `telemetry.sdk.*`; null when it does not say."""

    name: str | None
    language: str | None
    version: str | None


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process as it last described itself; null is what it does not say."""

    service_name: str
    instance_id: Annotated[str, Meta(description="`service.instance.id`, else made of others.")]
    environment: str | None
    host: str | None
    pid: int | None
    command: str | None
    runtime: Annotated[str | None, Meta(description="Name and version, such as `cpython 3.11.2`.")]
    sdk: Sdk
    last_seen: Annotated[Time, Meta(description="When its last report came.")]
    spans_exported: Annotated[int, Meta(description="Since its start, acknowledged.")]
    spans_waiting: Annotated[int, Meta(description="Ended, and not sent yet.")]
    spans_dropped: Annotated[
        dict[str, int], Meta(description="Since its start, by `error.type`, such as `queue_full`.")
    ]
    hooks: Annotated[
        list[HookCount], Meta(description="By integration and state: patched, waiting, ...")
    ]
    faults: Annotated[list[HookFault], Meta(description="Hooks that are missing or failed.")]


class ProcessList(msgspec.Struct, frozen=True):
    """Processes, the last seen first; services that send spans of which no process reports."""

    items: list[Process]
    more: Annotated[bool, Meta(description="Whether older ones are left out: 1000 are listed.")]
    silent_services: list[SilentService]


def process_list(
    found: list[processes.Process], more: bool, silent_services: list[SilentService]
) -> ProcessList:
    """Return processes as the wire carries them."""
    return ProcessList([_process(each) for each in found], more, silent_services)


def _process(found: processes.Process) -> Process:
    runtime = f"{found.runtime_name} {found.runtime_version}".strip()
    return Process(
        service_name=found.service_name,
        instance_id=found.instance_id,
        environment=found.environment or None,
        host=found.host or None,
        pid=found.pid or None,
        command=found.command or None,
        runtime=runtime or None,
        sdk=Sdk(found.sdk_name or None, found.sdk_language or None, found.sdk_version or None),
        last_seen=format_time(found.last_ns),
        spans_exported=found.spans_exported,
        spans_waiting=found.spans_waiting,
        spans_dropped=found.spans_dropped,
        hooks=found.hooks,
        faults=found.faults,
    )
