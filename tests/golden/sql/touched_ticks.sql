SELECT DISTINCT toUnixTimestamp(toStartOfInterval(end_time, INTERVAL 2 SECOND))
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Second({last:Int64} + 1, 'UTC')
    AND toUnixTimestamp(ingested_at) IN {seconds:Array(UInt32)}
    AND end_time >= fromUnixTimestamp64Second(
        toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
    )
    AND end_time < now() + INTERVAL 1 MINUTE
