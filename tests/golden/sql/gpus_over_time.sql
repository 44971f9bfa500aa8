SELECT bucket, count(), avg(utilization), max(utilization), sum(power_w), sum(memory_used_bytes)
FROM (
    SELECT
        intDiv(toUnixTimestamp64Nano(time) - {from:Int64}, {width:Int64}) AS bucket,
        avg(utilization) AS utilization,
        if(any(physical_uuid) IN ('', resource_uuid), avg(power_w), NULL) AS power_w,
        if(any(physical_uuid) IN ('', resource_uuid), avg(memory_used_bytes), NULL)
            AS memory_used_bytes
    FROM gpu_metrics
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    GROUP BY resource_uuid, bucket
)
GROUP BY bucket
ORDER BY bucket
