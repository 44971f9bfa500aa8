"""The SQL that finds the traces of a search.

It reads what is rolled up and, from `spans`, what was committed since, if anything was.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from axonize_server.model import TraceKey, TraceSearch
from axonize_server.store.clickhouse.sql import TRACE_TAIL_NS, Query
from axonize_server.store.clickhouse.traces.attributes import condition
from axonize_server.store.clickhouse.traces.rollup_sql import SETUP, Horizon, slot


class Filter(NamedTuple):
    """A condition on a trace, the values it binds, and the column that it needs, if any.

    The column is computed for each row of `traces` (of_trace) and of `spans` (of_span).
    """

    condition: str
    values: dict[str, object] = {}  # noqa: RUF012  (never changed)
    column: str = ""
    of_trace: str = ""
    of_span: str = ""


def candidate_traces(
    tenant: str,
    search: TraceSearch,
    after: TraceKey | None,
    limit: int,
    *,
    horizon: Horizon,
    stored_from: int,
    reads_names: bool = False,
) -> Query:
    """Build the query for the ids and sort keys of the traces that start in the range and match.

    It sees what starts from the start of the range until TRACE_TAIL_NS after its end, so it may
    name a trace that began before the range or that a later span disqualifies; `TRACES` tells.
    Spans of the range arrived after stored_from (Unix ns). Where spans are gone already,
    reads_names finds a text in the roll-up.
    """
    by_duration = search.sort.endswith("duration")
    clauses, clause_values = span_clauses(search, horizon, reads_names)
    filters = trace_filters(search, reads_names)
    conditions = [*filters, *_page_condition(search, after)]
    having = "".join(f"\n    AND {each.condition}" for each in conditions)
    direction = "DESC" if search.sort.startswith("-") else "ASC"
    scan_to = search.to_ns + (TRACE_TAIL_NS if filters or clauses or by_duration else 0)
    parameters: dict[str, object] = {
        "tenant": tenant,
        "slot_from": slot(search.from_ns),
        "slot_to": slot(scan_to),
        "arrived_from": max(stored_from, horizon.until_ns),
        "stored_from": stored_from,
        "from": search.from_ns,
        "to": search.to_ns,
        "scan_to": scan_to,
        "limit": limit,
    } | clause_values
    for each in conditions:
        parameters |= each.values
    text = f"""SELECT
    lower(hex(trace_id)),
    {"last - first" if by_duration else "first"} AS key,
    toUnixTimestamp64Nano(min(start_time)) AS first,
    toUnixTimestamp64Nano(max(end_time)) AS last
FROM ({_candidate_rows([each for each in filters if each.column], horizon)}
)
{clauses}GROUP BY trace_id
HAVING first < {{to:Int64}}{having}
ORDER BY key {direction}, trace_id {direction}
LIMIT {{limit:UInt32}}
"""  # noqa: S608  (only fixed text is put together; every value is bound)
    used = {name: value for name, value in parameters.items() if f"{{{name}:" in text}
    return Query(text, used)


def _candidate_rows(columns: list[Filter], horizon: Horizon) -> str:
    of_trace = "".join(f",\n        {each.of_trace} AS {each.column}" for each in columns)
    of_span = "".join(f",\n        {each.of_span}" for each in columns)
    rolled_up = f"""
    SELECT
        trace_id, start_time, end_time{of_trace}
    FROM traces
    WHERE tenant_id = {{tenant:String}}
        AND slot BETWEEN {{slot_from:UInt32}} AND {{slot_to:UInt32}}
        AND start_time >= fromUnixTimestamp64Nano({{from:Int64}}, 'UTC')
        AND start_time < fromUnixTimestamp64Nano({{scan_to:Int64}}, 'UTC')"""  # noqa: S608
    if horizon.is_all:
        return rolled_up
    return f"""{rolled_up}
    UNION ALL
    SELECT
        trace_id, start_time, end_time{of_span}
    FROM spans
    WHERE tenant_id = {{tenant:String}}
        AND ingested_at >= fromUnixTimestamp64Nano({{arrived_from:Int64}}, 'UTC')
        AND start_time >= fromUnixTimestamp64Nano({{from:Int64}}, 'UTC')
        AND start_time < fromUnixTimestamp64Nano({{scan_to:Int64}}, 'UTC')"""  # noqa: S608


# Most filters let few traces through. Those are found first, so that only their rows are merged.


def span_clauses(
    search: TraceSearch, horizon: Horizon, reads_names: bool
) -> tuple[str, dict[str, object]]:
    """Return the WHERE clause that finds traces by single spans of theirs, and what it binds.

    It takes the times of the search as candidate_traces binds them.
    """
    clauses, values = _attribute_clauses(search)
    if search.text is not None and not reads_names:
        clauses.append(_text_clause(search.text))
        values["text"] = search.text
    if search.gpu is not None:
        clauses.append(_row_clause(_FILTERS["gpu"], horizon))
        values["gpu"] = search.gpu
    if search.status is not None:
        clauses.append("NOT " * (search.status == "ok") + _row_clause(FAILED, horizon))
    return f"WHERE {'    AND '.join(clauses)}" if clauses else "", values


def _attribute_clauses(search: TraceSearch) -> tuple[list[str], dict[str, object]]:
    found = [condition(each, number) for number, each in enumerate(search.attributes)]
    values = {name: value for _, each in found for name, value in each.items()}
    return [_HAS_SPAN.replace("CONDITION", text) for text, _ in found], values


_HAS_SPAN = """trace_id IN (
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({stored_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
            AND CONDITION
    )
"""
_HAS_ROW = """trace_id IN (
        SELECT trace_id
        FROM traces
        WHERE tenant_id = {tenant:String}
            AND slot BETWEEN {slot_from:UInt32} AND {slot_to:UInt32}
            AND OF_TRACE
LATER    )
"""
_HAS_LATER_SPAN = """        UNION ALL
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND (OF_SPAN)
"""
_TEXT = """positionCaseInsensitiveUTF8(name, {text:String}) > 0
            OR positionCaseInsensitiveUTF8(service_name, {text:String}) > 0"""
_TRACE_ID_TEXT = "startsWith(lower(hex(trace_id)), lower({text:String}))"
_HEX = re.compile(r"[0-9a-fA-F]{0,32}")


def _row_clause(wanted: Filter, horizon: Horizon) -> str:
    later = "" if horizon.is_all else _HAS_LATER_SPAN.replace("OF_SPAN", wanted.of_span)
    return _HAS_ROW.replace("OF_TRACE", wanted.of_trace).replace("LATER", later)


def _text_clause(text: str) -> str:
    has_span = _HAS_SPAN.replace("CONDITION", f"({_TEXT})")
    if not _HEX.fullmatch(text):
        return has_span
    return f"({has_span.rstrip()} OR {_TRACE_ID_TEXT})\n"


# What is asked of a trace once its rows are merged; by its duration it can be in no other way.
_COMMON = ("service", "model", "min_duration", "max_duration", "setup")


def trace_filters(search: TraceSearch, reads_names: bool) -> list[Filter]:
    """Return the conditions of a search on a trace that span_clauses leaves."""
    values: dict[str, object] = {
        "service": search.service,
        "model": search.model,
        "min_duration": search.min_duration_ns,
        "max_duration": search.max_duration_ns,
        "setup": None if search.setup is None else int(search.setup),
        "text": search.text,
    }
    names = (*_COMMON, *(("text",) if reads_names else ()))
    return [
        _FILTERS[name]._replace(values={name: values[name]})
        for name in names
        if values[name] is not None
    ]


_FILTERS = {
    "service": Filter(
        "max(by_service)", {}, "by_service",
        "has(service_hashes, cityHash64({service:String}))", "service_name = {service:String}",
    ),
    "model": Filter(
        "max(by_model)", {}, "by_model",
        "has(model_hashes, cityHash64({model:String}))", "model = {model:String}",
    ),
    "gpu": Filter(
        "max(by_gpu)", {}, "by_gpu",
        "has(gpu_hashes, cityHash64({gpu:String}))",
        "has(`gpu.resource_uuid`, {gpu:String}) OR has(`gpu.physical_uuid`, {gpu:String})",
    ),
    "min_duration": Filter("last - first >= {min_duration:Int64}"),
    "max_duration": Filter("last - first <= {max_duration:Int64}"),
    "setup": Filter("max(by_setup) = {setup:UInt8}", {}, "by_setup", "setup", SETUP),
    "text": Filter(
        f"(max(by_text) OR {_TRACE_ID_TEXT})", {}, "by_text",
        """arrayExists(
            n -> positionCaseInsensitiveUTF8(n, {text:String}) > 0, arrayConcat(names, services)
        )""",
        _TEXT,
    ),
}  # fmt: skip
FAILED = Filter("max(by_error)", {}, "by_error", "notEmpty(error_ids)", "status = 'error'")


def _page_condition(search: TraceSearch, after: TraceKey | None) -> list[Filter]:
    if after is None:
        return []
    comparison = "<" if search.sort.startswith("-") else ">"
    return [
        Filter(
            f"(key, trace_id) {comparison} ({{after:Int64}}, unhex({{after_id:String}}))",
            {"after": after.value, "after_id": after.trace_id},
        )
    ]
