SELECT name, toUInt64OrZero(extract(engine_full, 'toIntervalDay\\((\\d+)\\)')) * 86400 AS kept
FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND kept > 0
ORDER BY name
