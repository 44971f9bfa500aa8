SELECT
    ifNull((
        SELECT toUnixTimestamp64Nano(ingested_at)
        FROM spans
        WHERE tenant_id = {tenant:String}
        ORDER BY ingested_at
        LIMIT 1
    ), toInt64(9223372036854775807)),
    (
        SELECT toUnixTimestamp(toDateTime(min(day), 'UTC'))
        FROM traces
        WHERE tenant_id = {tenant:String}
    )
