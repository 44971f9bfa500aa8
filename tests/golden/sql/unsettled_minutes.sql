SELECT DISTINCT toUnixTimestamp(toStartOfMinute(end_time))
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second(
        greatest({since:Int64}, toUnixTimestamp(now()) - {settle_s:Int64} - 86400), 'UTC'
    )
    AND end_time >= fromUnixTimestamp64Second(
        intDiv(toUnixTimestamp(now()) - {settle_s:Int64}, 60) * 60,
        'UTC'
    )
    AND end_time < now() + INTERVAL 86400 SECOND
