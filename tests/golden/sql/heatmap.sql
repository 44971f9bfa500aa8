-- tenant = "acme"
-- slot_from = 5983321
-- slot_to = 5983357
-- arrived_from = 1795001000000000000
-- scan_from = 1794996400000000000
-- from = 1795000000000000000
-- to = 1795003600000000000
-- scan_to = 1795007200000000000
-- setup = 0
-- width = 12000000000
SELECT
    toUInt32(intDiv(first - {from:Int64}, {width:Int64})) AS column,
    toUInt16(log2(greatest(last - first, 1)) * 4) AS row,
    count(),
    countIf(failed)
FROM (
    SELECT
        toUnixTimestamp64Nano(min(start_time)) AS first,
        toUnixTimestamp64Nano(max(end_time)) AS last,
        max(fails) AS failed
    FROM (
        SELECT trace_id, start_time, end_time, notEmpty(error_ids) AS fails, setup AS by_setup
        FROM traces
        WHERE tenant_id = {tenant:String}
            AND slot BETWEEN {slot_from:UInt32} AND {slot_to:UInt32}
            AND start_time >= fromUnixTimestamp64Nano({scan_from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
        UNION ALL
        SELECT trace_id, start_time, end_time, status = 'error', setup AND parent_span_id = toFixedString('', 8)
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({scan_from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
    )
    GROUP BY reinterpretAsUInt128(trace_id)
    HAVING first >= {from:Int64} AND first < {to:Int64}
        AND max(by_setup) = {setup:UInt8}
)
GROUP BY column, row
ORDER BY column, row
