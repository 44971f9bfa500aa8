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
    
FROM spans
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    AND ({service:Nullable(String)} IS NULL OR service_name = {service:Nullable(String)})
    AND ({model:Nullable(String)} IS NULL OR model = {model:Nullable(String)})

    ORDER BY start_time, trace_id, span_id
    LIMIT 1 BY trace_id, span_id
)
