SELECT
    arraySort(groupUniqArray(1000)(service_name)),
    arraySort(groupUniqArrayIf(1000)(model, model != ''))
FROM spans
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
