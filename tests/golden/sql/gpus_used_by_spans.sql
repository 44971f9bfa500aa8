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
