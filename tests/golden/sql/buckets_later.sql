SELECT
    intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64}),
    count(),
    countIf(failed),
    sum(input_tokens),
    sum(output_tokens),
    sum(cached_tokens),
    sum(cost_usd),
    sumMap(map(toUInt16(log2(greatest(duration_ns, 1)) * 16), toUInt64(1))),
    sumMapIf(map(toUInt16(log2(greatest(ttft_ms * 1e6, 1)) * 16), toUInt64(1)), ttft_ms > 0),
    sumMapIf(map(toUInt16(log2(greatest(tpot_ms * 1e6, 1)) * 16), toUInt64(1)), tpot_ms > 0),
    (
        SELECT count() = uniqExact(cityHash64(trace_id, span_id))
        FROM spans
        WHERE spans.tenant_id = {tenant:String}
        AND ({service:Nullable(String)} IS NULL
            OR spans.service_name = {service:Nullable(String)})
        AND ({model:Nullable(String)} IS NULL
            OR spans.model = {model:Nullable(String)})
        AND ({operation:Nullable(String)} IS NULL
            OR spans.operation = {operation:Nullable(String)})
        AND ingested_at >= fromUnixTimestamp64Second({arrived_from:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second({later_from:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')
    )
FROM (
    SELECT
        tenant_id,
        toStartOfMinute(end_time) AS minute,
        service_name,
        model,
        operation,
        status = 'error' AS failed,
        input_tokens,
        output_tokens,
        cached_tokens,
        cost_usd,
        duration_ns,
        ttft_ms,
        tpot_ms,
        1 AS copies
    FROM spans
    WHERE spans.tenant_id = {tenant:String}
        AND ({service:Nullable(String)} IS NULL
            OR spans.service_name = {service:Nullable(String)})
        AND ({model:Nullable(String)} IS NULL
            OR spans.model = {model:Nullable(String)})
        AND ({operation:Nullable(String)} IS NULL
            OR spans.operation = {operation:Nullable(String)})
        AND ingested_at >= fromUnixTimestamp64Second({arrived_from:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second({later_from:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')
)
GROUP BY intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})
ORDER BY intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})
