"""Parameters that several questions have."""

from __future__ import annotations

import time
from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter

from axonize_server.api.errors import documented
from axonize_server.api.times import parse_time
from axonize_server.query.cursor import TRACE_ID

QUERY_PROBLEMS = documented(400, 401, 403, 429, 503, 504)
READ_PROBLEMS = documented(400, 401, 403, 404, 429, 503, 504)
HOUR_NS = 3_600_000_000_000

Tenant = NamedDependency[str]
From = Annotated[
    str | None,
    QueryParameter(
        name="from", description="Start of the range, RFC 3339; an hour ago by default."
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to", description="End of the range, not part of it, RFC 3339; now by default."
    ),
]
Cursor = Annotated[
    str | None, QueryParameter(description="The `next_cursor` of the page before, same parameters.")
]
TracePath = Annotated[str, PathParameter(pattern=TRACE_ID.pattern, description="32 hex digits.")]


def time_range(start: str | None, end: str | None) -> tuple[int, int]:
    """Return [from, to) in Unix ns, the last hour by default; raises InvalidQuery."""
    to_ns = parse_time("to", end) if end else time.time_ns()
    from_ns = parse_time("from", start) if start else max(to_ns - HOUR_NS, 0)
    return from_ns, to_ns
