-- tenant = "acme"
-- slot_from = 5983333
-- slot_to = 5983357
-- arrived_from = 1795001000000000000
-- stored_from = 1794913600000000000
-- from = 1795000000000000000
-- to = 1795003600000000000
-- scan_to = 1795007200000000000
-- limit = 51
-- key_0 = "app.stage"
-- key_1 = "app.user"
-- value_1 = "ada"
-- key_2 = "app.retries"
-- value_2 = "0"
-- number_2 = 0.0
-- key_3 = "app.queue.seconds"
-- number_3 = 0.5
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
WHERE trace_id IN (
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({stored_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
            AND (has(attributes.keys, {key_0:String}) OR has(resource_attributes.keys, {key_0:String}))
    )
    AND trace_id IN (
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({stored_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
            AND (attributes.values[indexOf(attributes.keys, {key_1:String})] = {value_1:String} OR resource_attributes.values[indexOf(resource_attributes.keys, {key_1:String})] = {value_1:String})
    )
    AND trace_id IN (
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({stored_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
            AND ((has(attributes.keys, {key_2:String}) AND NOT (attributes.values[indexOf(attributes.keys, {key_2:String})] = {value_2:String} OR ifNull(toFloat64OrNull(attributes.values[indexOf(attributes.keys, {key_2:String})]) = {number_2:Float64}, 0))) OR (has(resource_attributes.keys, {key_2:String}) AND NOT (resource_attributes.values[indexOf(resource_attributes.keys, {key_2:String})] = {value_2:String} OR ifNull(toFloat64OrNull(resource_attributes.values[indexOf(resource_attributes.keys, {key_2:String})]) = {number_2:Float64}, 0))))
    )
    AND trace_id IN (
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({stored_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
            AND (toFloat64OrNull(attributes.values[indexOf(attributes.keys, {key_3:String})]) >= {number_3:Float64} OR toFloat64OrNull(resource_attributes.values[indexOf(resource_attributes.keys, {key_3:String})]) >= {number_3:Float64})
    )
GROUP BY trace_id
HAVING first < {to:Int64}
ORDER BY key DESC, trace_id DESC
LIMIT {limit:UInt32}
