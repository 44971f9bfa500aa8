"""Every query on GPUs; values are always bound, the tenant comes first.

A request may bring a part of a row only, and a retried one brings it twice: rows of one time are
merged. Aggregates leave out what is NULL.
"""

from __future__ import annotations

from axonize_server.gpus import GAUGES

_IN_RANGE = """
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')"""

_OTHERS = (
    "energy_j",
    "memory_total_bytes",
    "throttle_reasons",
    "ecc_corrected",
    "ecc_uncorrected",
    "xid_errors",
    "xid_last",
)
_MERGED = ",\n            ".join(f"any({name}) AS {name}" for name in (*_OTHERS, *GAUGES))
_GAUGES = ",\n    ".join(f"avg({name}), min({name}), max({name})" for name in GAUGES)

# What an energy counter gained since the sample before belongs to the later one; after a reset it
# begins at 0. Of several emitters, whose counters may be the same one, the largest sum counts.
SERIES = f"""
SELECT
    intDiv(toUnixTimestamp64Nano(time) - {{from:Int64}}, {{width:Int64}}) AS bucket,
    uniqExact(time),
    arrayMax(mapValues(sumMap(map(emitter, ifNull(gained_j, 0))))),
    count(gained_j),
    max(memory_total_bytes),
    groupBitOr(throttle_reasons),
    max(ecc_corrected),
    max(ecc_uncorrected),
    max(xid_errors),
    argMax(xid_last, time),
    {_GAUGES}
FROM (
    SELECT
        *,
        energy_j - anyLast(energy_j) OVER before AS difference_j,
        if(difference_j < 0, energy_j, difference_j) AS gained_j
    FROM (
        SELECT
            time, emitter,
            {_MERGED}
        FROM gpu_metrics
        WHERE tenant_id = {{tenant:String}} AND resource_uuid = {{uuid:String}}{_IN_RANGE}
        GROUP BY time, emitter
    )
    WINDOW before AS (
        PARTITION BY emitter ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)
GROUP BY bucket
ORDER BY bucket
"""  # noqa: S608 - fixed text

# Each GPU and instance by itself, then all of them. Watts are those of whole cards: what an
# instance tells is its card's.
OVER_TIME = f"""
SELECT bucket, count(), avg(utilization), max(utilization), sum(power_w), sum(memory_used_bytes)
FROM (
    SELECT
        intDiv(toUnixTimestamp64Nano(time) - {{from:Int64}}, {{width:Int64}}) AS bucket,
        avg(utilization) AS utilization,
        if(any(physical_uuid) IN ('', resource_uuid), avg(power_w), NULL) AS power_w,
        if(any(physical_uuid) IN ('', resource_uuid), avg(memory_used_bytes), NULL)
            AS memory_used_bytes
    FROM gpu_metrics
    WHERE tenant_id = {{tenant:String}}{_IN_RANGE}
    GROUP BY resource_uuid, bucket
)
GROUP BY bucket
ORDER BY bucket
"""  # noqa: S608 - fixed text

KNOWN = """
SELECT count()
FROM (
    SELECT 1
    FROM gpu_metrics
    WHERE tenant_id = {tenant:String} AND resource_uuid = {uuid:String}
    LIMIT 1
)
"""

MEASURED = f"""
SELECT
    resource_uuid, argMax(physical_uuid, (physical_uuid != '', time)),
    argMax(host, (host != '', time)), argMax(model, (model != '', time)),
    argMax(vendor, (vendor != '', time)),
    toUnixTimestamp64Nano(min(time)), toUnixTimestamp64Nano(max(time)),
    arraySort(groupUniqArray(emitter)), argMax(power_source, (power_source != '', time)),
    argMax(utilization, time), argMax(memory_used_bytes, time), argMax(memory_total_bytes, time),
    argMax(temperature_c, time), argMax(power_w, time), argMax(energy_j, time),
    argMax(sm_clock_mhz, time), argMax(memory_clock_mhz, time), argMax(throttle_reasons, time),
    argMax(sm_active, time), argMax(tensor_active, time), argMax(dram_active, time)
FROM gpu_metrics
WHERE tenant_id = {{tenant:String}}{_IN_RANGE}
GROUP BY resource_uuid
ORDER BY resource_uuid
LIMIT 1000
"""  # noqa: S608 - fixed text

USED_BY_SPANS = """
SELECT
    uuid, any(physical_uuid), any(node_id), any(gpu_model), any(gpu_vendor),
    toUnixTimestamp64Nano(min(start_time)), toUnixTimestamp64Nano(max(end_time))
FROM spans
ARRAY JOIN
    `gpu.resource_uuid` AS uuid, `gpu.physical_uuid` AS physical_uuid, `gpu.node_id` AS node_id,
    `gpu.model` AS gpu_model, `gpu.vendor` AS gpu_vendor
WHERE tenant_id = {tenant:String} AND uuid != ''
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
GROUP BY uuid
ORDER BY uuid
LIMIT 1000
"""

# What a server writes into the registry: of all tenants, by time of commit.
SIGHTED_BY_METRICS = """
SELECT
    tenant_id, resource_uuid, argMax(physical_uuid, (physical_uuid != '', time)),
    argMax(model, (model != '', time)), argMax(vendor, (vendor != '', time)),
    ifNull(argMax(memory_total_bytes, time), 0), host, '', '', '',
    toUnixTimestamp64Nano(min(time)), toUnixTimestamp64Nano(max(time))
FROM gpu_metrics
WHERE ingested_at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
GROUP BY tenant_id, resource_uuid, host
ORDER BY tenant_id, resource_uuid, host
LIMIT 10000
"""

SIGHTED_BY_SPANS = """
SELECT
    tenant_id, uuid, any(physical), any(gpu_model), any(gpu_vendor), toUInt64(0),
    if(node_id = '', host, node_id) AS node, service_name, environment, gpu_label,
    toUnixTimestamp64Nano(min(start_time)), toUnixTimestamp64Nano(max(end_time))
FROM spans
ARRAY JOIN
    `gpu.resource_uuid` AS uuid, `gpu.physical_uuid` AS physical, `gpu.node_id` AS node_id,
    `gpu.model` AS gpu_model, `gpu.vendor` AS gpu_vendor, `gpu.label` AS gpu_label
WHERE uuid != ''
    AND ingested_at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
GROUP BY tenant_id, uuid, node, service_name, environment, gpu_label
ORDER BY tenant_id, uuid, node, service_name, environment, gpu_label
LIMIT 10000
"""
