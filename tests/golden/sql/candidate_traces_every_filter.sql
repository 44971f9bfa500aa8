-- tenant = "acme"
-- arrived_from = 1794913600000000000
-- from = 1795000000000000000
-- to = 1795003600000000000
-- scan_to = 1795007200000000000
-- limit = 51
-- service = "api"
-- model = "llama"
-- gpu = "GPU-1"
-- min_duration = 1000000
-- max_duration = 2000000
-- text = "prefill"
SELECT
    lower(hex(trace_id)),
    first AS key,
    toUnixTimestamp64Nano(min(start_time)) AS first,
    toUnixTimestamp64Nano(max(end_time)) AS last
FROM spans
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({scan_to:Int64}, 'UTC')
GROUP BY trace_id
HAVING first < {to:Int64}
    AND countIf(service_name = {service:String}) > 0
    AND countIf(model = {model:String}) > 0
    AND countIf(
        has(`gpu.resource_uuid`, {gpu:String}) OR has(`gpu.physical_uuid`, {gpu:String})
    ) > 0
    AND countIf(status = 'error') > 0
    AND last - first >= {min_duration:Int64}
    AND last - first <= {max_duration:Int64}
    AND (
        countIf(positionCaseInsensitiveUTF8(name, {text:String}) > 0) > 0
        OR countIf(positionCaseInsensitiveUTF8(service_name, {text:String}) > 0) > 0
        OR startsWith(lower(hex(trace_id)), lower({text:String}))
    )
ORDER BY key DESC, trace_id DESC
LIMIT {limit:UInt32}
