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
