SELECT
    toUnixTimestamp(max(second)),
    max(spans),
    (SELECT toUnixTimestamp64Milli(max(ingested_at)) FROM spans)
FROM (
    SELECT second, spans
    FROM rolled_up_seconds
    ORDER BY second DESC
    LIMIT 60
)
