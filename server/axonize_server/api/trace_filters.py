"""The filters that every question about traces takes, as one dependency of its route."""

from __future__ import annotations

from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import Parameter, QueryParameter

from axonize_server.api.parameters import From, To, time_range
from axonize_server.model import Status, TraceSearch
from axonize_server.query.attributes import attribute_filter
from axonize_server.query.filter_text import refine

Milliseconds = Annotated[float | None, QueryParameter(ge=0, le=1e12, description="In ms.")]
Attributes = Annotated[
    list[Annotated[str, Parameter(max_length=500)]] | None,
    QueryParameter(
        max_items=8,
        description="Of any span or of its resource: `key`, `key=value`, `key!=value`, or `key` "
        "and one of `>` `>=` `<` `<=` with a number. Each of several is met by some span.",
    ),
]
Search = NamedDependency[TraceSearch]


def provide_search(
    start: From = None,
    end: To = None,
    service: Annotated[str | None, QueryParameter(description="Any span is of it.")] = None,
    model: Annotated[str | None, QueryParameter(description="Any span used it.")] = None,
    gpu: Annotated[
        str | None,
        QueryParameter(
            max_length=256, description="Any span ran on this GPU, or on a MIG instance of it."
        ),
    ] = None,
    status: Annotated[
        Status | None, QueryParameter(description="`error`: any span failed; `ok`: none did.")
    ] = None,
    min_duration_ms: Milliseconds = None,
    max_duration_ms: Milliseconds = None,
    q: Annotated[
        str | None,
        QueryParameter(
            max_length=200,
            description="Part of a span's name or service, or the start of a trace id; any case.",
        ),
    ] = None,
    setup: Annotated[
        bool | None,
        QueryParameter(
            description="`true`: the root says that it is set-up, such as the start of an engine; "
            "`false`: it does not. Both are listed, but only requests are counted, if not given."
        ),
    ] = None,
    attribute: Attributes = None,
    written: Annotated[
        str | None,
        QueryParameter(
            name="filter",
            max_length=2000,
            description="All filters as one text, such as "
            '`service:api status:error duration>2s app.tier="my tier" chat`, beside the others.',
        ),
    ] = None,
) -> TraceSearch:
    """Return the search that the parameters ask for; raises InvalidQuery."""
    from_ns, to_ns = time_range(start, end)
    search = TraceSearch(
        from_ns=from_ns,
        to_ns=to_ns,
        service=service or None,
        model=model or None,
        gpu=gpu or None,
        status=status,
        min_duration_ns=nanoseconds(min_duration_ms),
        max_duration_ns=nanoseconds(max_duration_ms),
        text=q or None,
        setup=setup,
        attributes=tuple(attribute_filter(each) for each in attribute or ()),
    )
    return refine(search, written) if written else search


def nanoseconds(milliseconds: float | None) -> int | None:
    """Return ms as whole ns."""
    return None if milliseconds is None else round(milliseconds * 1e6)
