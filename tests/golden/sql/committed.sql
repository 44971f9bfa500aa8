SELECT 0, toUnixTimestamp(now())
UNION ALL
SELECT toUnixTimestamp(ingested_at) AS second, count()
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second(
        toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
    )
GROUP BY second
