-- tenant = "acme"
-- slot_from = 5983321
-- slot_to = 5983357
-- arrived_from = 1795001000000000000
-- stored_from = 1794913600000000000
-- scan_from = 1794996400000000000
-- from = 1795000000000000000
-- to = 1795003600000000000
-- scan_to = 1795007200000000000
-- key_0 = "app.user"
-- value_0 = "ada"
-- text = "prefill"
-- gpu = "GPU-1"
-- service = "api"
-- model = "llama"
-- min_duration = 1000000
-- max_duration = 2000000
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
        SELECT trace_id, start_time, end_time, notEmpty(error_ids) AS fails, has(service_hashes, cityHash64({service:String})) AS by_service, has(model_hashes, cityHash64({model:String})) AS by_model, setup AS by_setup
        FROM traces
        WHERE tenant_id = {tenant:String}
            AND slot BETWEEN {slot_from:UInt32} AND {slot_to:UInt32}
            AND start_time >= fromUnixTimestamp64Nano({scan_from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
        UNION ALL
        SELECT trace_id, start_time, end_time, status = 'error', service_name = {service:String}, model = {model:String}, setup AND parent_span_id = toFixedString('', 8)
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({scan_from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
    )
    WHERE trace_id IN (
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({stored_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
            AND (attributes.values[indexOf(attributes.keys, {key_0:String})] = {value_0:String} OR resource_attributes.values[indexOf(resource_attributes.keys, {key_0:String})] = {value_0:String})
    )
    AND trace_id IN (
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({stored_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
            AND (positionCaseInsensitiveUTF8(name, {text:String}) > 0
            OR positionCaseInsensitiveUTF8(service_name, {text:String}) > 0)
    )
    AND trace_id IN (
        SELECT trace_id
        FROM traces
        WHERE tenant_id = {tenant:String}
            AND slot BETWEEN {slot_from:UInt32} AND {slot_to:UInt32}
            AND has(gpu_hashes, cityHash64({gpu:String}))
        UNION ALL
        SELECT trace_id
        FROM spans
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND (has(`gpu.resource_uuid`, {gpu:String}) OR has(`gpu.physical_uuid`, {gpu:String}))
    )
    AND trace_id IN (
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
GROUP BY reinterpretAsUInt128(trace_id)
    HAVING first >= {from:Int64} AND first < {to:Int64}
        AND max(by_service)
        AND max(by_model)
        AND last - first >= {min_duration:Int64}
        AND last - first <= {max_duration:Int64}
        AND max(by_setup) = {setup:UInt8}
)
GROUP BY column, row
ORDER BY column, row
