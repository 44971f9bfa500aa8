SELECT
    (SELECT toUnixTimestamp(max(second)) FROM rolled_up_seconds),
    (SELECT toUnixTimestamp64Milli(max(ingested_at)) FROM spans)
