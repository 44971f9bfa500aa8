"""Every ClickHouse query: constants, and builders for those that depend on what is asked.

Values are always bound as {name:Type} parameters. Every query takes the tenant first and filters
on it. A retried request may have stored a span twice, so spans are taken once by their id.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from axonize_server.model import TraceKey, TraceSearch

HOUR_NS = 3_600_000_000_000

# A span that starts at t by its own clock arrived at t - 24 h or later, unless that clock is more
# than a day ahead: that prunes by the sort key of the table, the index on start_time does the rest.
CLOCK_AHEAD_NS = 24 * HOUR_NS
# How long after a time range the later spans of its traces are looked for.
TRACE_TAIL_NS = HOUR_NS

PING = "SELECT 1"

CREATE_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version UInt32, name String, checksum String, applied_at DateTime DEFAULT now()
) ENGINE = MergeTree ORDER BY version
"""
MIGRATIONS_ENGINE = """
SELECT engine FROM system.tables
WHERE database = currentDatabase() AND name = 'schema_migrations'
"""
SELECT_MIGRATIONS = "SELECT version, name, any(checksum) FROM schema_migrations GROUP BY ALL"
INSERT_MIGRATION = """
INSERT INTO schema_migrations (version, name, checksum)
SELECT {version:UInt32}, {name:String}, {checksum:String}
"""


class Query(NamedTuple):
    """A query and the values of its parameters."""

    text: str
    parameters: dict[str, object]


def arrived_from(from_ns: int) -> int:
    """Return when what starts at from_ns or later arrived first; both Unix ns.

    What starts in the future has a wrong clock, and may have arrived at any time.
    """
    return 0 if from_ns > time.time_ns() else max(from_ns - CLOCK_AHEAD_NS, 0)


FACETS = """
SELECT
    arraySort(groupUniqArray(1000)(service_name)),
    arraySort(groupUniqArrayIf(1000)(model, model != ''))
FROM spans
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
"""

# A trace is named by its root; without one, by the server span where it came in, else the first.
TRACES = """
SELECT
    lower(hex(trace_id)),
    toUnixTimestamp64Nano(min(start_time)),
    toUnixTimestamp64Nano(max(end_time)) - toUnixTimestamp64Nano(min(start_time)),
    argMin(name, place),
    argMin(service_name, place),
    arraySort(groupUniqArray(service_name)),
    arraySort(groupUniqArrayIf(model, model != '')),
    count(),
    countIf(status = 'error'),
    sum(input_tokens),
    sum(output_tokens),
    minIf(ttft_ms, ttft_ms > 0)
FROM (
    SELECT
        trace_id, span_id, start_time, end_time, name, service_name, model,
        status, input_tokens, output_tokens, ttft_ms,
        (parent_span_id != toFixedString('', 8), kind != 'server', start_time, span_id) AS place
    FROM spans
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND trace_id IN (
            SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16)
        )
    LIMIT 1 BY trace_id, span_id
)
GROUP BY trace_id
"""

TRACE_SPANS = """
SELECT
    lower(hex(span_id)),
    if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))),
    name, service_name, toString(kind), toString(status),
    toUnixTimestamp64Nano(start_time), toUnixTimestamp64Nano(end_time),
    model, input_tokens, output_tokens, ttft_ms,
    -- One text for six arrays: arrays cost ten times as much to receive, and few spans differ.
    if(empty(`gpu.label`), '', toJSONString(arrayZip(
        `gpu.label`, `gpu.resource_uuid`, `gpu.physical_uuid`, `gpu.model`, `gpu.vendor`,
        `gpu.node_id`
    ))),
    length(`links.span_id`), length(`events.name`)
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
"""

_SPAN_DETAILS = """
SELECT
    lower(hex(span_id)),
    if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))),
    name, toString(kind), service_name, scope_name, scope_version,
    toUnixTimestamp64Nano(start_time), toUnixTimestamp64Nano(end_time),
    toString(status), status_message, trace_state,
    mapKeys(attributes), mapValues(attributes), attribute_types,
    mapKeys(resource_attributes), mapValues(resource_attributes), resource_attribute_types,
    `events.name`, arrayMap(t -> toUnixTimestamp64Nano(t), `events.time`),
    arrayMap(m -> mapKeys(m), `events.attributes`),
    arrayMap(m -> mapValues(m), `events.attributes`), `events.attribute_types`,
    arrayMap(i -> lower(hex(i)), `links.trace_id`), arrayMap(i -> lower(hex(i)), `links.span_id`),
    `links.trace_state`,
    arrayMap(m -> mapKeys(m), `links.attributes`),
    arrayMap(m -> mapValues(m), `links.attributes`), `links.attribute_types`
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
"""

SPAN_DETAIL = _SPAN_DETAILS + "    AND span_id = unhex({span_id:String})\nLIMIT 1\n"

SPAN_DETAILS_PAGE = (
    _SPAN_DETAILS
    + """    AND (start_time, span_id) > (
        fromUnixTimestamp64Nano({after_start:Int64}, 'UTC'), unhex({after_span:String})
    )
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
"""
)

_STATUS_CONDITIONS = {
    "error": "countIf(status = 'error') > 0",
    "ok": "countIf(status = 'error') = 0",
}
_SERVICE_CONDITION = "countIf(service_name = {service:String}) > 0"
_MODEL_CONDITION = "countIf(model = {model:String}) > 0"
_GPU_CONDITION = """countIf(
        has(`gpu.resource_uuid`, {gpu:String}) OR has(`gpu.physical_uuid`, {gpu:String})
    ) > 0"""
_TEXT_CONDITION = """(
        countIf(positionCaseInsensitiveUTF8(name, {text:String}) > 0) > 0
        OR countIf(positionCaseInsensitiveUTF8(service_name, {text:String}) > 0) > 0
        OR startsWith(lower(hex(trace_id)), lower({text:String}))
    )"""


def candidate_traces(tenant: str, search: TraceSearch, after: TraceKey | None, limit: int) -> Query:
    """Build the query for the ids and sort keys of the traces that start in the range and match.

    It sees the spans from the start of the range until TRACE_TAIL_NS after its end, so it may name
    a trace that began before the range or that a later span disqualifies; `TRACES` tells.
    """
    by_duration = search.sort.endswith("duration")
    filters = _filters(search)
    page = _page_condition(search, after)
    conditions = "".join(f"\n    AND {condition}" for condition, _ in (*filters, *page))
    direction = "DESC" if search.sort.startswith("-") else "ASC"
    parameters: dict[str, object] = {
        "tenant": tenant,
        "arrived_from": arrived_from(search.from_ns),
        "from": search.from_ns,
        "to": search.to_ns,
        "scan_to": search.to_ns + (TRACE_TAIL_NS if filters or by_duration else 0),
        "limit": limit,
    }
    for _, values in (*filters, *page):
        parameters |= values
    return Query(
        # Only fixed text is put together here; every value is bound.
        f"""SELECT
    lower(hex(trace_id)),
    {"last - first" if by_duration else "first"} AS key,
    toUnixTimestamp64Nano(min(start_time)) AS first,
    toUnixTimestamp64Nano(max(end_time)) AS last
FROM spans
WHERE tenant_id = {{tenant:String}}
    AND ingested_at >= fromUnixTimestamp64Nano({{arrived_from:Int64}}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({{from:Int64}}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({{scan_to:Int64}}, 'UTC')
GROUP BY trace_id
HAVING first < {{to:Int64}}{conditions}
ORDER BY key {direction}, trace_id {direction}
LIMIT {{limit:UInt32}}
""",  # noqa: S608
        parameters,
    )


def _filters(search: TraceSearch) -> list[tuple[str, dict[str, object]]]:
    rows: list[tuple[object, str, dict[str, object]]] = [
        (search.service, _SERVICE_CONDITION, {"service": search.service}),
        (search.model, _MODEL_CONDITION, {"model": search.model}),
        (search.gpu, _GPU_CONDITION, {"gpu": search.gpu}),
        (search.status, _STATUS_CONDITIONS.get(search.status or "", ""), {}),
        (
            search.min_duration_ns,
            "last - first >= {min_duration:Int64}",
            {"min_duration": search.min_duration_ns},
        ),
        (
            search.max_duration_ns,
            "last - first <= {max_duration:Int64}",
            {"max_duration": search.max_duration_ns},
        ),
        (search.text, _TEXT_CONDITION, {"text": search.text}),
    ]
    return [(condition, values) for wanted, condition, values in rows if wanted is not None]


def _page_condition(
    search: TraceSearch, after: TraceKey | None
) -> list[tuple[str, dict[str, object]]]:
    if after is None:
        return []
    comparison = "<" if search.sort.startswith("-") else ">"
    return [
        (
            f"(key, trace_id) {comparison} ({{after:Int64}}, unhex({{after_id:String}}))",
            {"after": after.value, "after_id": after.trace_id},
        )
    ]
