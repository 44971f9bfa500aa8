SELECT minute, sum(present)
FROM (
    SELECT
        tenant_id,
        toUnixTimestamp(toStartOfMinute(end_time)) AS minute,
        count() AS present
    FROM spans
    WHERE toStartOfMinute(end_time) IN (
            SELECT toStartOfMinute(end_time)
            FROM spans
            WHERE ingested_at >= fromUnixTimestamp64Second({since:Int64}, 'UTC')
                AND end_time >= fromUnixTimestamp64Second(
                    toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
                )
            UNION ALL
            SELECT toDateTime(arrayJoin({unsettled:Array(UInt32)}), 'UTC')
        )
        AND end_time >= fromUnixTimestamp64Second(
            toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
        )
        AND end_time < fromUnixTimestamp64Second(
            intDiv(toUnixTimestamp(now()) - {settle_s:Int64}, 60) * 60, 'UTC'
        )
    GROUP BY tenant_id, minute
) AS there
LEFT JOIN (
    SELECT tenant_id, toUnixTimestamp(minute) AS minute, sum(stored) AS done
    FROM minutes FINAL
    WHERE minute IN (
            SELECT toStartOfMinute(end_time)
            FROM spans
            WHERE ingested_at >= fromUnixTimestamp64Second({since:Int64}, 'UTC')
                AND end_time >= fromUnixTimestamp64Second(
                    toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
                )
            UNION ALL
            SELECT toDateTime(arrayJoin({unsettled:Array(UInt32)}), 'UTC')
        )
    GROUP BY tenant_id, minute
) AS counted USING (tenant_id, minute)
GROUP BY minute
HAVING max(present > done)
ORDER BY minute
LIMIT {limit:UInt32}
