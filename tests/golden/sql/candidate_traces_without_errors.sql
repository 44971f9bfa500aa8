-- tenant = "acme"
-- slot_from = 5983333
-- slot_to = 5983357
-- arrived_from = 1795001000000000000
-- from = 1795000000000000000
-- to = 1795003600000000000
-- scan_to = 1795007200000000000
-- limit = 51
SELECT
    lower(hex(trace_id)),
    first AS key,
    toUnixTimestamp64Nano(min(start_time)) AS first,
    toUnixTimestamp64Nano(max(end_time)) AS last
FROM (
    SELECT
        trace_id, start_time, end_time
    FROM traces
    WHERE tenant_id = {tenant:String}
        AND slot BETWEEN {slot_from:UInt32} AND {slot_to:UInt32}
        AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
    UNION ALL
    SELECT
        trace_id, start_time, end_time
    FROM spans
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
        AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
)
WHERE NOT trace_id IN (
        SELECT trace_id
        FROM traces
        WHERE tenant_id = {tenant:String}
            AND slot BETWEEN {slot_from:UInt32} AND {slot_to:UInt32}
            AND notEmpty(error_ids)
        UNION ALL
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND (status = 'error')
    )
GROUP BY trace_id
HAVING first < {to:Int64}
ORDER BY key DESC, trace_id DESC
LIMIT {limit:UInt32}
