SELECT
    engine_id, any(engine_name), any(engine_version), any(model), any(service_name), any(host),
    max(gpu_count),
    groupBitmap(number), toUnixTimestamp64Nano(min(start_time)),
    toUnixTimestamp64Nano(max(end_time))
FROM engine_steps
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    AND number > 0
GROUP BY engine_id
ORDER BY max(end_time) DESC, engine_id
LIMIT 1000
