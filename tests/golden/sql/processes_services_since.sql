SELECT DISTINCT service_name
FROM processes
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
