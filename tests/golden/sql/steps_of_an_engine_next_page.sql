-- tenant = "acme"
-- arrived_from = 1794913600000000000
-- from = 1795000000000000000
-- to = 1795003600000000000
-- limit = 101
-- engine = "engine-a-0"
-- after_start = 1795000000000000009
-- after_engine = "engine-a-0"
-- after_number = 7
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
    SELECT start_time, engine_id, number
    FROM engine_steps
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
        AND number > 0
        AND engine_id = {engine:String}
        AND (start_time, engine_id, number) < (fromUnixTimestamp64Nano({after_start:Int64}, 'UTC'), {after_engine:String}, {after_number:UInt64})
    ORDER BY start_time DESC, engine_id DESC, number DESC
    LIMIT 1 BY start_time, engine_id, number
    LIMIT {limit:UInt32}
)
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
ORDER BY start_time DESC, engine_id DESC, number DESC
LIMIT 1 BY start_time, engine_id, number
