SELECT
    groupUniqArrayArray(arrayMap(
        (r, s) -> [engine_id, r, if(s = toFixedString('', 8), '', lower(hex(s)))],
        arrayFilter((r, t) -> t = unhex({trace_id:String}), request_ids, trace_ids),
        arrayFilter((s, t) -> t = unhex({trace_id:String}), span_ids, trace_ids)
    )),
    toUnixTimestamp64Nano(min(start_time)), toUnixTimestamp64Nano(max(start_time))
FROM engine_steps
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND has(trace_ids, toFixedString(unhex({trace_id:String}), 16))
