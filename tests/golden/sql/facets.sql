WITH (SELECT max(toUnixTimestamp(minute)) + 60 FROM minutes WHERE minute <= now()) AS counted_to
SELECT
    arraySort(groupUniqArray(1000)(service_name)),
    arraySort(groupUniqArrayIf(1000)(model, model != ''))
FROM (
    SELECT DISTINCT service_name, model
    FROM minutes
    WHERE tenant_id = {tenant:String}
        AND minute >= toDateTime({from:Int64}, 'UTC')
        AND minute < toDateTime({to:Int64}, 'UTC')
    UNION ALL
    SELECT DISTINCT service_name, model
    FROM spans
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Second({arrived_from:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second({from:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')
        AND (
            end_time >= fromUnixTimestamp64Second(counted_to, 'UTC')
            OR end_time < fromUnixTimestamp64Second({counted_from:Int64}, 'UTC')
        )
    UNION ALL
    SELECT DISTINCT service_name, model
    FROM spans
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Second({lately:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second({from:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')
)
