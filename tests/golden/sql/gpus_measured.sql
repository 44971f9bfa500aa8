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
WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
GROUP BY resource_uuid
ORDER BY resource_uuid
LIMIT 1000
