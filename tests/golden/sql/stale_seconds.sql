SELECT second, present
FROM (
    SELECT toUnixTimestamp(ingested_at) AS second, count() AS present
    FROM spans
    WHERE ingested_at >= fromUnixTimestamp64Second(
            least({rolled_up_to:Int64}, toUnixTimestamp(now())) - {look_back_s:Int64}, 'UTC'
        )
        AND ingested_at < fromUnixTimestamp64Second(
            toUnixTimestamp(now()) - {settle_s:Int64}, 'UTC'
        )
    GROUP BY second
) AS stored
LEFT JOIN (
    SELECT toUnixTimestamp(second) AS second, max(spans) AS done
    FROM rolled_up_seconds
    GROUP BY second
) AS rolled_up USING second
WHERE present > done
ORDER BY second
LIMIT {limit:UInt32}
