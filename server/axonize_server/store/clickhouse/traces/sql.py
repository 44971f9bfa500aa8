"""The SQL of the roll-up of spans into traces, and of the list that reads it.

A reader takes what is rolled up and, from `spans`, what was committed since, if anything was. Both
may hold the same span, and either may hold it twice: every column is a merge that does not mind.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from axonize_server.model import TraceKey, TraceSearch
from axonize_server.store.clickhouse.sql import OF_CLIENT, OF_OTHERS, TRACE_TAIL_NS, Query
from axonize_server.store.clickhouse.traces.attributes import condition

# The stretch of time that one `slot` stands for.
SLOT_NS = 300_000_000_000
# Every set of a trace stops growing here; the migration says the same number.
MAX_SET = 10_000


def slot(time_ns: int) -> int:
    """Return the slot in which a time lies, or the nearest that the column holds."""
    return min(max(time_ns // SLOT_NS, 0), 2**32 - 1)


# What loads or compiles within a request makes no set-up of it: the root tells.
_SETUP = "setup AND parent_span_id = toFixedString('', 8)"


def _folded(most: str) -> str:
    """Return the columns of a trace over spans, its sets bounded by `most`, such as "(10)".

    A trace is named by its root; without one, by the server span where it came in, else the first:
    that has the least place, 17 bytes, which are followed by the length of its name (4 bytes, the
    lowest first), its name and its service.
    """
    return f"""
    min(start_time),
    max(end_time),
    min(concat(
        reinterpretAsFixedString(
            toUInt8(2 * (parent_span_id != toFixedString('', 8)) + (kind != 'server'))
        ),
        reinterpretAsFixedString(byteSwap(
            bitXor(toUInt64(toUnixTimestamp64Nano(start_time)), toUInt64(9223372036854775808))
        )),
        span_id,
        reinterpretAsFixedString(toUInt32(length(name))),
        name,
        service_name
    )),
    groupUniqArray{most}(toString(service_name)),
    groupUniqArrayIf{most}(toString(model), model != ''),
    arrayMap(service -> cityHash64(service), groupUniqArray{most}(toString(service_name))),
    arrayMap(model -> cityHash64(model), groupUniqArrayIf{most}(toString(model), model != '')),
    groupUniqArrayArray{most}(arrayMap(
        uuid -> cityHash64(uuid), arrayConcat(`gpu.resource_uuid`, `gpu.physical_uuid`)
    )),
    groupUniqArray{most}(toString(name)),
    groupUniqArrayIf{most}(
        reinterpretAsUInt64(span_id),
        status != 'error' AND input_tokens = 0 AND output_tokens = 0
    ),
    groupUniqArrayIf{most}(reinterpretAsUInt64(span_id), status = 'error'),
    {_tokens(most, OF_OTHERS)},
    {_tokens(most, OF_CLIENT)},
    min(if(ttft_ms > 0, ttft_ms, NULL)),
    max({_SETUP})"""


def _tokens(most: str, end: str) -> str:
    return f"""groupUniqArrayIf{most}(
        (reinterpretAsUInt64(span_id), input_tokens, output_tokens),
        (input_tokens > 0 OR output_tokens > 0) AND {end}
    )"""


ROLLED_UP_TO = "SELECT toUnixTimestamp(max(second)) FROM rolled_up_seconds"

# The last second rolled up and how many spans it has, and the last time of commit (ms), which is
# known without reading a row.
HORIZON = """
SELECT
    toUnixTimestamp(max(second)),
    max(spans),
    (SELECT toUnixTimestamp64Milli(max(ingested_at)) FROM spans)
FROM (
    SELECT second, spans
    FROM rolled_up_seconds
    ORDER BY second DESC
    LIMIT 1
)
"""

# The commit (Unix ns) of the oldest span that a tenant still has, and the day (Unix s) of its
# oldest trace: each is kept for as long as the tenant says.
KEPT = """
SELECT
    ifNull((
        SELECT toUnixTimestamp64Nano(ingested_at)
        FROM spans
        WHERE tenant_id = {tenant:String}
        ORDER BY ingested_at
        LIMIT 1
    ), toInt64(9223372036854775807)),
    (
        SELECT toUnixTimestamp(toDateTime(min(day), 'UTC'))
        FROM traces
        WHERE tenant_id = {tenant:String}
    )
"""

# The seconds, all but the last few, with more spans than were rolled up: new ones, those of a
# process that died, of an insert that took long, of a clock that was set back.
STALE_SECONDS = """
SELECT second, present
FROM (
    SELECT toUnixTimestamp(ingested_at) AS second, count() AS present
    FROM spans
    WHERE ingested_at >= fromUnixTimestamp64Second(
            least({rolled_up_to:Int64}, toUnixTimestamp(now())) - {look_back_s:Int64}, 'UTC'
        )
        AND ingested_at < fromUnixTimestamp64Second(
            toUnixTimestamp(now()) - {settle_s:Int64}, 'UTC'
        )
    GROUP BY second
) AS stored
LEFT JOIN (
    SELECT toUnixTimestamp(second) AS second, max(spans) AS done
    FROM rolled_up_seconds
    GROUP BY second
) AS rolled_up USING second
WHERE present > done
ORDER BY second
LIMIT {limit:UInt32}
"""

ROLL_UP = f"""
INSERT INTO traces (
    tenant_id, day, slot, trace_id,
    start_time, end_time, entry, services, models, service_hashes,
    model_hashes, gpu_hashes, names, span_ids, error_ids, tokens, client_tokens, ttft_ms,
    setup
)
SELECT
    tenant_id,
    toDate(ingested_at) AS day,
    toUInt32(greatest(intDiv(toUnixTimestamp64Nano(min(start_time)), {SLOT_NS}), 0)),
    trace_id,{_folded(f"({MAX_SET})")}
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second({{first:Int64}}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Second({{last:Int64}} + 1, 'UTC')
    AND toUnixTimestamp(ingested_at) IN {{seconds:Array(UInt32)}}
GROUP BY tenant_id, day, trace_id
"""  # noqa: S608  (only fixed text is put together)

RECORD_SECONDS = """
INSERT INTO rolled_up_seconds (second, spans)
SELECT toDateTime(pair.1), pair.2
FROM (
    SELECT arrayJoin(arrayZip({seconds:Array(UInt32)}, {counts:Array(UInt64)})) AS pair
)
"""

# A span that came again with other numbers of tokens counts with the larger ones; it may be in more
# than one of the sets of ids, as all are in the first one of what earlier releases rolled up.
_FIGURES = """
SELECT
    lower(hex(trace_id)),
    toUnixTimestamp64Nano(min(start_time)),
    toUnixTimestamp64Nano(max(end_time)) - toUnixTimestamp64Nano(min(start_time)),
    substring(min(entry), 22, reinterpretAsUInt32(substring(min(entry), 18, 4))),
    substring(min(entry), 22 + reinterpretAsUInt32(substring(min(entry), 18, 4))),
    arraySort(groupUniqArrayArray(services)),
    arraySort(groupUniqArrayArray(models)),
    length(groupUniqArrayArray(arrayConcat(span_ids, error_ids, tokens.1, client_tokens.1))),
    length(groupUniqArrayArray(error_ids)),
    arraySum(maxMap(tokens.1, tokens.2).2),
    arraySum(maxMap(tokens.1, tokens.3).2),
    arraySum(maxMap(client_tokens.1, client_tokens.2).2),
    arraySum(maxMap(client_tokens.1, client_tokens.3).2),
    min(ttft_ms),
    max(setup)
FROM ROWS
GROUP BY trace_id
"""

# A subquery, since ClickHouse looks up no array in an index.
_OF_IDS = """trace_id IN (
            SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16)
        )"""

_ROLLED_UP = f"""traces
    WHERE tenant_id = {{tenant:String}}
        AND slot >= {{slot_from:UInt32}}
        AND {_OF_IDS}"""


def _rows_and_later(most: str) -> str:
    """Return what is rolled up, and what was committed since."""
    return f"""(
    SELECT
        trace_id, start_time, end_time, entry, services, models, service_hashes, model_hashes,
        gpu_hashes, names, span_ids, error_ids, tokens, client_tokens, ttft_ms,
        setup
    FROM {_ROLLED_UP}
    UNION ALL
    SELECT
        trace_id,{_folded(most)}
    FROM spans
    WHERE tenant_id = {{tenant:String}}
        AND ingested_at >= fromUnixTimestamp64Nano({{arrived_from:Int64}}, 'UTC')
        AND {_OF_IDS}
    GROUP BY trace_id
)"""  # noqa: S608  (only fixed text is put together)


# Planned in two thirds of the time that the two together take.
ROLLED_UP_TRACES = _FIGURES.replace("ROWS", _ROLLED_UP)
TRACES = _FIGURES.replace("ROWS", _rows_and_later(f"({MAX_SET})"))
# For traces whose sets are full: with arrived_from early enough, every span is counted.
RECOUNTED_TRACES = _FIGURES.replace("ROWS", _rows_and_later(""))


class Filter(NamedTuple):
    """A condition on a trace, the values it binds, and the column that it needs, if any.

    The column is computed for each row of `traces` (of_trace) and of `spans` (of_span).
    """

    condition: str
    values: dict[str, object] = {}  # noqa: RUF012  (never changed)
    column: str = ""
    of_trace: str = ""
    of_span: str = ""


class Horizon(NamedTuple):
    """What is rolled up: spans that arrived before until_ns; the last came at committed_ns.

    Both are Unix ns. spans_per_s: how many came in the last second that is rolled up.
    """

    until_ns: int
    committed_ns: int
    spans_per_s: int = 0

    @property
    def is_all(self) -> bool:
        """Return whether every span is rolled up."""
        return self.committed_ns < self.until_ns


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
    "setup": Filter("max(by_setup) = {setup:UInt8}", {}, "by_setup", "setup", _SETUP),
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
