SELECT minute, sum(present)
FROM (
    SELECT
        tenant_id,
        toUnixTimestamp(toStartOfInterval(end_time, INTERVAL 2 SECOND)) AS minute,
        count() AS present
    FROM spans
    WHERE toUnixTimestamp(toStartOfInterval(end_time, INTERVAL 2 SECOND)) IN {ticks:Array(UInt32)}
        AND end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second(
            toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
        )
        AND end_time < fromUnixTimestamp64Second(
            intDiv(toUnixTimestamp(now()) - {settle_s:Int64}, 2) * 2, 'UTC'
        )
    GROUP BY tenant_id, minute
) AS there
LEFT JOIN (
    SELECT tenant_id, toUnixTimestamp(tick) AS minute, sum(stored) AS done
    FROM ticks FINAL
    WHERE tick > now() - INTERVAL {kept_s:Int64} + 2 SECOND
        AND toUnixTimestamp(tick) IN {ticks:Array(UInt32)}
    GROUP BY tenant_id, minute
) AS counted USING (tenant_id, minute)
GROUP BY minute
HAVING max(present > done)
ORDER BY minute
LIMIT {limit:UInt32}
