INSERT INTO engine_minutes (
    tenant_id, minute, engine_id, service_name, model, stored, gpu_count, gpu_uuids, gpu_shares,
    cost_per_hour_usd, energy_sources, ended_requests, total_tokens, prefill_tokens,
    busy_gpu_seconds, idle_gpu_seconds, measured_gpu_seconds, busy_energy_j, idle_energy_j
)
SELECT *
FROM (
    SELECT
        tenant_id, minute, engine_id, service_name, model, stored, gpu_count, gpu_uuids,
        gpu_shares, cost_per_hour_usd, energy_sources, ended_requests, total_tokens,
        prefill_tokens, busy_gpu_seconds, idle_gpu_seconds, measured_gpu_seconds, busy_energy_j,
        idle_energy_j
    FROM (
        SELECT
            tenant_id, engine_id, toStartOfMinute(end_time) AS minute,
            any(engine_steps.service_name) AS service_name,
            any(engine_steps.model) AS model,
            count() AS stored,
            max(engine_steps.gpu_count) AS gpu_count,
            argMax(engine_steps.gpu_uuids, length(engine_steps.gpu_uuids)) AS gpu_uuids,
            argMax(engine_steps.gpu_shares, length(engine_steps.gpu_uuids)) AS gpu_shares,
            max(engine_steps.cost_per_hour_usd) AS cost_per_hour_usd,
            groupUniqArrayIf(10)(energy_source, energy_source != '') AS energy_sources
        FROM engine_steps
        WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
            AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
            AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
        GROUP BY tenant_id, engine_id, minute
    ) AS described
    INNER JOIN (
        SELECT
            tenant_id, engine_id, minute,
            sum(requests) AS ended_requests,
            sum(tokens) AS total_tokens,
            sum(prefill) AS prefill_tokens,
            sum(busy_s) AS busy_gpu_seconds,
            sum(idle_s) AS idle_gpu_seconds,
            sumIf(busy_s + idle_s, measured) AS measured_gpu_seconds,
            sum(busy_j) AS busy_energy_j,
            sum(idle_j) AS idle_energy_j
        FROM (
            SELECT
                tenant_id, engine_id, toStartOfMinute(end_time) AS minute,
                any(engine_steps.ended_requests) AS requests,
                any(engine_steps.total_tokens) AS tokens,
                any(arraySum(engine_steps.prefill_tokens)) AS prefill,
                any(gpu_seconds) AS busy_s,
                any(engine_steps.idle_gpu_seconds) AS idle_s,
                any(energy_j) AS busy_j,
                any(engine_steps.idle_energy_j) AS idle_j,
                any(energy_source != '' OR energy_j > 0) AS measured
            FROM engine_steps
            WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
            AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
            AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            GROUP BY tenant_id, engine_id, number, start_time, minute
        )
        GROUP BY tenant_id, engine_id, minute
    ) AS summed USING (tenant_id, engine_id, minute)
)
ORDER BY minute
