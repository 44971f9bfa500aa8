SELECT
    engine_id, engine_name, engine_version, model, service_name, host, gpu_count,
    number, toUnixTimestamp64Nano(start_time), toUnixTimestamp64Nano(end_time),
    toString(status), status_message, busy_seconds, schedule_ms, total_tokens,
    running, waiting, kv_cache_usage, cuda_graph_mode, gpu_seconds, energy_j,
    mapKeys(attributes), mapValues(attributes), attribute_types,
    -- One text for each array: arrays cost ten times as much to receive.
    toJSONString(preempted_ids), toJSONString(request_ids),
    toJSONString(arrayMap(i -> if(i = toFixedString('', 16), '', lower(hex(i))), trace_ids)),
    toJSONString(arrayMap(i -> if(i = toFixedString('', 8), '', lower(hex(i))), span_ids)),
    toJSONString(scheduled_tokens), toJSONString(prefill_tokens),
    toJSONString(draft_tokens), toJSONString(accepted_tokens)
FROM engine_steps
PREWHERE (start_time, engine_id, number) IN (
    SELECT DISTINCT start_time, engine_id, number
    FROM (
        SELECT start_time, engine_id, number
        FROM engine_steps
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND has(trace_ids, toFixedString(unhex({trace_id:String}), 16))
        UNION ALL
        SELECT start_time, engine_id, number
        FROM engine_steps
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({first:Int64}, 'UTC')
            AND start_time <= fromUnixTimestamp64Nano({last:Int64}, 'UTC')
            AND engine_id IN {engines:Array(String)}
            AND hasAny(preempted_ids, {requests:Array(String)})
    )
    WHERE (start_time, engine_id, number) > (fromUnixTimestamp64Nano({after_start:Int64}, 'UTC'), {after_engine:String}, {after_number:UInt64})
    ORDER BY start_time, engine_id, number
    LIMIT {limit:UInt32}
)
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({first:Int64}, 'UTC')
    AND start_time <= fromUnixTimestamp64Nano({last:Int64}, 'UTC')
ORDER BY start_time, engine_id, number
LIMIT 1 BY start_time, engine_id, number
