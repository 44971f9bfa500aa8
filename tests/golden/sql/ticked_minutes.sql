SELECT toUnixTimestamp(toStartOfMinute(tick)) AS minute
FROM (
    SELECT tick, sum(present) = sum(done) AS ticked
    FROM (
        SELECT tenant_id, toDateTime(toStartOfInterval(end_time, INTERVAL 2 SECOND), 'UTC') AS tick, 1 AS present, 0 AS done
        FROM spans
        WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        UNION ALL
        SELECT tenant_id, tick, 0, stored
        FROM ticks FINAL
        WHERE tick >= toDateTime({first:Int64}, 'UTC')
        AND tick < toDateTime({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(tick)) IN {minutes:Array(UInt32)}
    )
    WHERE toUnixTimestamp(toStartOfMinute(tick)) IN {minutes:Array(UInt32)}
    GROUP BY tenant_id, tick
)
GROUP BY minute
HAVING min(ticked)
