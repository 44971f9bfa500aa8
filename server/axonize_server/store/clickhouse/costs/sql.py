"""The SQL of what engines did by minute: how it is counted, and the question that reads it.

A record of an engine, a step or a rest, counts in the minute in which it ended, once, however often
it was sent. All numbers add up, so a range has what its minutes have.
"""

from __future__ import annotations

from axonize_server.store.clickhouse.minutes.stale_sql import stale_minutes, unsettled_minutes

# What some minutes of engines come to. FILTER: which records. What a record adds is taken once,
# however often it was sent; what is the same for all of an engine, from whichever says most: GPUs
# are known some readings after the engine began.
_MINUTES = """
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
        WHERE FILTER
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
            WHERE FILTER
            GROUP BY tenant_id, engine_id, number, start_time, minute
        )
        GROUP BY tenant_id, engine_id, minute
    ) AS summed USING (tenant_id, engine_id, minute)"""

COUNTED_TO = "SELECT max(toUnixTimestamp(minute)) FROM engine_minutes WHERE minute <= now()"

UNSETTLED_MINUTES = unsettled_minutes("engine_steps")
STALE_MINUTES = stale_minutes("engine_steps", "engine_minutes")

COUNT_MINUTES = f"""
INSERT INTO engine_minutes (
    tenant_id, minute, engine_id, service_name, model, stored, gpu_count, gpu_uuids, gpu_shares,
    cost_per_hour_usd, energy_sources, ended_requests, total_tokens, prefill_tokens,
    busy_gpu_seconds, idle_gpu_seconds, measured_gpu_seconds, busy_energy_j, idle_energy_j
)
SELECT *
FROM ({
    _MINUTES.replace(
        "FILTER",
        '''end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
            AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
            AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}''',
    )
}
)
ORDER BY minute
"""  # noqa: S608  (only fixed text is put together)

# Minutes that are counted, and records that ended later. A period is what lies between two changes
# of a price; a minute belongs to the one in which it begins.
USES = f"""
SELECT
    engine_id, service_name, model, gpu_count, gpu_uuids, gpu_shares, cost_per_hour_usd,
    arrayCount(change -> change <= toUnixTimestamp(minute), {{changes:Array(Int64)}}) AS period,
    groupUniqArrayArray(10)(energy_sources),
    sum(ended_requests),
    sum(total_tokens),
    sum(prefill_tokens),
    sum(busy_gpu_seconds),
    sum(idle_gpu_seconds),
    sum(measured_gpu_seconds),
    sum(busy_energy_j),
    sum(idle_energy_j)
FROM (
    SELECT * EXCEPT (tenant_id, stored)
    FROM engine_minutes FINAL
    WHERE tenant_id = {{tenant:String}}
        AND minute >= toDateTime({{from:Int64}}, 'UTC')
        AND minute < toDateTime(least({{to:Int64}}, {{counted_to:Int64}}), 'UTC')
    UNION ALL
    SELECT * EXCEPT (tenant_id, stored)
    FROM ({
    _MINUTES.replace(
        "FILTER",
        '''tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Second({arrived_from:Int64}, 'UTC')
            AND end_time >= fromUnixTimestamp64Second(
                greatest({from:Int64}, {counted_to:Int64}), 'UTC'
            )
            AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')''',
    )
}
    )
)
GROUP BY
    engine_id, service_name, model, gpu_count, gpu_uuids, gpu_shares, cost_per_hour_usd, period
ORDER BY
    engine_id, service_name, model, gpu_count, gpu_uuids, gpu_shares, cost_per_hour_usd, period
LIMIT {{limit:UInt32}}
"""  # noqa: S608  (only fixed text is put together)
