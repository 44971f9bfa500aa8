SELECT intDiv(toUnixTimestamp64Nano(start_time) - {from:Int64}, {width:Int64}) AS stretch,
    count()

FROM spans
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    AND ({service:Nullable(String)} IS NULL OR service_name = {service:Nullable(String)})
    AND ({model:Nullable(String)} IS NULL OR model = {model:Nullable(String)})

GROUP BY stretch
ORDER BY stretch
