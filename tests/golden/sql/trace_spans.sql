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
    length(`links.span_id`), length(`events.name`),
    multiIf(
        start_time > ingested_at + INTERVAL 1 MINUTE, 'ahead',
        end_time < ingested_at - INTERVAL 1 DAY, 'behind',
        ''
    )
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
