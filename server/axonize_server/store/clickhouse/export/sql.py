"""Queries that read whole rows of spans."""

from __future__ import annotations

# Everything that OTLP carries, as it is stored; in the order of SPAN_ORDER.
OTLP_SPANS = """
SELECT
    lower(hex(trace_id)),
    lower(hex(span_id)),
    if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))),
    trace_state, flags, name, toInt8(kind),
    toUnixTimestamp64Nano(start_time), toUnixTimestamp64Nano(end_time),
    toInt8(status), status_message,
    (mapKeys(attributes), mapValues(attributes), attribute_types),
    arrayMap(t -> toUnixTimestamp64Nano(t), `events.time`), `events.name`,
    arrayMap((m, types) -> (mapKeys(m), mapValues(m), types),
        `events.attributes`, `events.attribute_types`),
    arrayMap(i -> lower(hex(i)), `links.trace_id`), arrayMap(i -> lower(hex(i)), `links.span_id`),
    `links.trace_state`,
    arrayMap((m, types) -> (mapKeys(m), mapValues(m), types),
        `links.attributes`, `links.attribute_types`),
    (mapKeys(resource_attributes), mapValues(resource_attributes), resource_attribute_types),
    scope_name, scope_version,
    (mapKeys(scope_attributes), mapValues(scope_attributes), scope_attribute_types)
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
    AND (start_time, span_id) > (
        fromUnixTimestamp64Nano({after_start:Int64}, 'UTC'), unhex({after_span:String})
    )
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
"""

_WANTED = """
FROM spans
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    AND ({service:Nullable(String)} IS NULL OR service_name = {service:Nullable(String)})
    AND ({model:Nullable(String)} IS NULL OR model = {model:Nullable(String)})
"""

# How many rows start in each stretch of {width} ns, those that there are.
COUNTS = f"""
SELECT intDiv(toUnixTimestamp64Nano(start_time) - {{from:Int64}}, {{width:Int64}}) AS stretch,
    count()
{_WANTED}
GROUP BY stretch
ORDER BY stretch
"""

# One row a span: what was sent twice starts twice at the same time.
SPANS = f"""
SELECT
    lower(hex(trace_id)) AS `trace_id`,
    lower(hex(span_id)) AS `span_id`,
    if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS `parent_span_id`,
    * EXCEPT (
        tenant_id, trace_id, span_id, parent_span_id, kind, status, `links.trace_id`,
        `links.span_id`
    ),
    toString(kind) AS `kind`,
    toString(status) AS `status`,
    arrayMap(i -> lower(hex(i)), `links.trace_id`) AS `links.trace_id`,
    arrayMap(i -> lower(hex(i)), `links.span_id`) AS `links.span_id`
FROM (
    SELECT *, duration_ns
    {_WANTED}
    ORDER BY start_time, trace_id, span_id
    LIMIT 1 BY trace_id, span_id
)
"""  # noqa: S608  (only fixed text is put together)
