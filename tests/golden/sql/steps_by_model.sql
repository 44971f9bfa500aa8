SELECT model, count(), sum(busy), sum(gpu_seconds), sum(energy_j)
FROM (
        SELECT
            engine_id, any(model) AS model,
            intDiv(toUnixTimestamp64Nano(start_time) - {from:Int64}, {width:Int64}) AS bucket,
            any(running) AS running, any(waiting) AS waiting, any(kv_cache_usage) AS usage,
            any(total_tokens) AS tokens, any(arraySum(prefill_tokens)) AS prefill,
            any(length(preempted_ids)) AS preempted, any(busy_seconds) AS busy,
            any(gpu_seconds) AS gpu_seconds, any(energy_j) AS energy_j
        FROM engine_steps
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
            AND number > 0
            AND ({service:Nullable(String)} IS NULL
                OR engine_steps.service_name = {service:Nullable(String)})
            AND ({model:Nullable(String)} IS NULL
                OR engine_steps.model = {model:Nullable(String)})
        GROUP BY engine_id, number, start_time
)
GROUP BY model
ORDER BY model
LIMIT 1000
