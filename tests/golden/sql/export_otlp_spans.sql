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
