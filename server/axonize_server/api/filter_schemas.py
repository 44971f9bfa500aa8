"""What the wire carries of a filter that someone wrote."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from axonize_server.model import Status, TraceSearch
from axonize_server.query.filter_text import FilterFault, written


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a text."""

    position: Annotated[int, Meta(description="Of the character, from 0; at most the length.")]
    message: Annotated[str, Meta(description="What to write there.")]


class WrittenFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a text filters, by the names of the list's parameters; all null where it has a fault."""

    service: str | None = None
    model: str | None = None
    gpu: str | None = None
    status: Status | None = None
    min_duration_ms: float | None = None
    max_duration_ms: float | None = None
    q: str | None = None
    setup: bool | None = None
    attributes: Annotated[
        list[str], Meta(description="A term for each, as `filter` takes them.")
    ] = []
    fault: Fault | None = None


def written_filter(search: TraceSearch) -> WrittenFilter:
    """Return a search as the wire carries it."""
    return WrittenFilter(
        service=search.service,
        model=search.model,
        gpu=search.gpu,
        status=search.status,
        min_duration_ms=_milliseconds(search.min_duration_ns),
        max_duration_ms=_milliseconds(search.max_duration_ns),
        q=search.text,
        setup=search.setup,
        attributes=[written(each) for each in search.attributes],
    )


def refused(fault: FilterFault) -> WrittenFilter:
    """Return what is wrong as the wire carries it."""
    return WrittenFilter(fault=Fault(fault.position, fault.message))


def _milliseconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6
