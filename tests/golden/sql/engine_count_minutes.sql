INSERT INTO engine_minutes (
    tenant_id, minute, engine_id, service_name, model, stored, gpu_count, gpu_uuids, gpu_shares,
    cost_per_hour_usd, energy_sources, ended_requests, total_tokens, prefill_tokens,
    busy_gpu_seconds, idle_gpu_seconds, measured_gpu_seconds, busy_energy_j, idle_energy_j
)
SELECT
    tenant_id, minute, engine_id, any(service_name), any(model),
    sum(copies) AS stored,
    max(gpu_count) AS gpus,
    argMax(gpu_uuids, length(gpu_uuids)) AS uuids,
    argMax(gpu_shares, length(gpu_uuids)) AS shares,
    max(cost_per_hour_usd) AS usd_per_hour,
    groupUniqArrayIf(10)(energy_source, energy_source != '') AS energy_sources,
    sum(ended_requests) AS requests,
    sum(total_tokens) AS tokens,
    sum(prefill_tokens) AS prefill,
    sum(busy_gpu_seconds) AS busy_seconds,
    sum(idle_gpu_seconds) AS idle_seconds,
    sumIf(busy_gpu_seconds + idle_gpu_seconds, measured) AS measured_seconds,
    sum(busy_energy_j) AS busy_j,
    sum(idle_energy_j) AS idle_j
FROM (
        SELECT
            tenant_id,
            engine_id,
            toStartOfMinute(any(end_time)) AS minute,
            any(service_name) AS service_name,
            any(model) AS model,
            any(gpu_count) AS gpu_count,
            any(gpu_uuids) AS gpu_uuids,
            any(gpu_shares) AS gpu_shares,
            any(cost_per_hour_usd) AS cost_per_hour_usd,
            any(energy_source) AS energy_source,
            any(ended_requests) AS ended_requests,
            any(total_tokens) AS total_tokens,
            arraySum(any(prefill_tokens)) AS prefill_tokens,
            any(gpu_seconds) AS busy_gpu_seconds,
            any(idle_gpu_seconds) AS idle_gpu_seconds,
            any(energy_j) AS busy_energy_j,
            any(idle_energy_j) AS idle_energy_j,
            energy_source != '' OR busy_energy_j > 0 AS measured,
            count() AS copies
        FROM engine_steps
        WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
            AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
            AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
        GROUP BY tenant_id, engine_id, number, start_time, toStartOfMinute(end_time)
)
GROUP BY tenant_id, minute, engine_id
ORDER BY minute
