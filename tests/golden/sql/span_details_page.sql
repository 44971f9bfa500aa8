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
    AND (start_time, span_id) > (
        fromUnixTimestamp64Nano({after_start:Int64}, 'UTC'), unhex({after_span:String})
    )
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
