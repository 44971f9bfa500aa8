"""The SQL of questions about many traces at once; values are always bound, the tenant comes first.

A trace is judged by its spans that start in the range or within TRACE_TAIL_NS of it, from the
roll-up and, what is not in it yet, from `spans`. Set-up is no request: it is left out unless it is
asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from axonize_server.model import TraceSearch
from axonize_server.requests import BINS_PER_DOUBLING, Box, Grouping
from axonize_server.store.clickhouse.sql import TRACE_TAIL_NS, Query
from axonize_server.store.clickhouse.traces.rollup_sql import Horizon, slot
from axonize_server.store.clickhouse.traces.search_sql import (
    FAILED,
    Filter,
    span_clauses,
    trace_filters,
)


class Source(NamedTuple):
    """What the traces of a search are read from.

    The roll-up, what arrived after its horizon, and, for what spans alone tell, those that arrived
    after stored_from (Unix ns). Where spans are gone, reads_names finds a text in the roll-up.
    """

    horizon: Horizon
    stored_from: int
    reads_names: bool = False


_FAILED = FAILED._replace(condition="", column="fails")


def _matching(
    tenant: str,
    search: TraceSearch,
    source: Source,
    *,
    also: Sequence[Filter] = (),
    more: str = "",
) -> Query:
    """Build the subquery of the traces that start in the range and match.

    It has `first` and `last` (Unix ns), `failed`, and what `more` selects of the columns in `also`.
    Grouping by a number of 16 bytes takes half the time that a text of 16 bytes takes.
    """
    wanted = msgspec.structs.replace(search, setup=bool(search.setup))
    filters = trace_filters(wanted, source.reads_names)
    columns = [_FAILED, *also, *(each for each in filters if each.column)]
    of_trace = "".join(f", {each.of_trace} AS {each.column}" for each in columns)
    of_span = "".join(f", {each.of_span}" for each in columns)
    clauses, clause_values = span_clauses(search, source.horizon, source.reads_names)
    having = "".join(f"\n        AND {_of_any(each.condition)}" for each in filters)
    scan_from, scan_to = max(search.from_ns - TRACE_TAIL_NS, 0), search.to_ns + TRACE_TAIL_NS
    parameters: dict[str, object] = {
        "tenant": tenant,
        "slot_from": slot(scan_from),
        "slot_to": slot(scan_to),
        "arrived_from": max(source.stored_from, source.horizon.until_ns),
        "stored_from": source.stored_from,
        "scan_from": scan_from,
        "from": search.from_ns,
        "to": search.to_ns,
        "scan_to": scan_to,
    } | clause_values
    for each in filters:
        parameters |= each.values
    # Only fixed text is put together here; every value is bound.
    text = f"""(
    SELECT{more}
        toUnixTimestamp64Nano(min(start_time)) AS first,
        toUnixTimestamp64Nano(max(end_time)) AS last,
        max(fails) AS failed
    FROM (
        SELECT trace_id, start_time, end_time{of_trace}
        FROM traces
        WHERE tenant_id = {{tenant:String}}
            AND slot BETWEEN {{slot_from:UInt32}} AND {{slot_to:UInt32}}
            AND start_time >= fromUnixTimestamp64Nano({{scan_from:Int64}}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({{scan_to:Int64}}, 'UTC'){
        "" if source.horizon.is_all else _LATER.replace("OF_SPAN", of_span)
    }
    )
    {clauses}GROUP BY reinterpretAsUInt128(trace_id)
    HAVING first >= {{from:Int64}} AND first < {{to:Int64}}{having}
)"""  # noqa: S608
    # A query binds what it names; what is asked of the traces adds its own.
    used = {name: value for name, value in parameters.items() if f"{{{name}:" in text}
    return Query(text, used)


_LATER = """
        UNION ALL
        SELECT trace_id, start_time, end_timeOF_SPAN
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({scan_from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')"""


def _of_any(condition: str) -> str:
    return condition.replace("hex(trace_id)", "hex(any(trace_id))")


def bins(tenant: str, search: TraceSearch, source: Source, width_ns: int) -> Query:
    """Build the query for how many traces are in each column of time and row of durations."""
    traces = _matching(tenant, search, source)
    return Query(
        f"""SELECT
    toUInt32(intDiv(first - {{from:Int64}}, {{width:Int64}})) AS column,
    toUInt16(log2(greatest(last - first, 1)) * {BINS_PER_DOUBLING}) AS row,
    count(),
    countIf(failed)
FROM {traces.text}
GROUP BY column, row
ORDER BY column, row
""",  # noqa: S608
        traces.parameters | {"width": width_ns},
    )


_STATISTICS = """count(),
    countIf(failed),
    quantilesExact(0.5, 0.95, 0.99)(last - first)"""


def series(tenant: str, search: TraceSearch, source: Source, width_ns: int) -> Query:
    """Build the query for what the traces of each column of time, and all of them, add up to."""
    traces = _matching(tenant, search, source)
    return Query(
        f"""SELECT
    if(grouping(column) = 1, -1, column) AS place,
    {_STATISTICS}
FROM (
    SELECT intDiv(first - {{from:Int64}}, {{width:Int64}}) AS column, first, last, failed
    FROM {traces.text}
)
GROUP BY GROUPING SETS ((column), ())
ORDER BY place
""",  # noqa: S608
        traces.parameters | {"width": width_ns},
    )


_NAMES = {
    "service": Filter("", {}, "of_each", "services", "[toString(service_name)]"),
    "model": Filter("", {}, "of_each", "models", "if(model = '', [], [toString(model)])"),
}
MOST_GROUPS = 1000


def groups(tenant: str, search: TraceSearch, source: Source, by: Grouping) -> Query:
    """Build the query for what the traces of each service, or model, add up to."""
    traces = _matching(
        tenant,
        search,
        source,
        also=[_NAMES[by]],
        more="\n        groupUniqArrayArray(of_each) AS names,",
    )
    return Query(
        f"""SELECT
    arrayJoin(names) AS name,
    {_STATISTICS}
FROM {traces.text}
GROUP BY name
ORDER BY count() DESC, name
LIMIT {MOST_GROUPS}
""",  # noqa: S608
        traces.parameters,
    )


# A prime number, so that what happens on the hour is not always the first in its stretch.
STRETCHES = 23
PER_STRETCH = 150


def sample(tenant: str, search: TraceSearch, source: Source, box: Box) -> Query:
    """Build the query for the first traces of each of 23 stretches inside a box, and outside."""
    traces = _matching(
        tenant,
        search,
        source,
        more="\n        any(trace_id) AS id,",
    )
    return Query(
        f"""SELECT
    first >= {{box_from:Int64}} AND first < {{box_to:Int64}}
        AND last - first >= {{box_min:Int64}} AND last - first < {{box_max:Int64}} AS inside,
    if(inside,
        intDiv(first - {{box_from:Int64}}, {{box_stretch:Int64}}),
        intDiv(first - {{from:Int64}}, {{stretch:Int64}})) AS stretch,
    count(),
    groupArraySorted({PER_STRETCH})((first, last, lower(hex(id))))
FROM {traces.text}
GROUP BY inside, stretch
ORDER BY inside, stretch
""",  # noqa: S608
        traces.parameters
        | {
            "box_from": box.from_ns,
            "box_to": box.to_ns,
            "box_min": box.min_ns,
            "box_max": box.max_ns,
            "box_stretch": _stretch(box.from_ns, box.to_ns),
            "stretch": _stretch(search.from_ns, search.to_ns),
        },
    )


def _stretch(from_ns: int, to_ns: int) -> int:
    return -(-(to_ns - from_ns) // STRETCHES)
