SELECT
    intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64}),
    sum(spans),
    sum(errors),
    sum(input_tokens),
    sum(output_tokens),
    sum(cached_tokens),
    sum(cost_usd),
    sumMap(durations),
    sumMap(ttfts),
    sumMap(tpots)
FROM (
    SELECT
        minute, service_name, model, operation,
        spans, errors, input_tokens, output_tokens, cached_tokens, cost_usd,
        durations, ttfts, tpots
    FROM minutes FINAL
    WHERE minutes.tenant_id = {tenant:String}
        AND ({service:Nullable(String)} IS NULL
            OR minutes.service_name = {service:Nullable(String)})
        AND ({model:Nullable(String)} IS NULL
            OR minutes.model = {model:Nullable(String)})
        AND ({operation:Nullable(String)} IS NULL
            OR minutes.operation = {operation:Nullable(String)})
        AND minute >= toDateTime({from:Int64}, 'UTC')
        AND minute < toDateTime(least({to:Int64}, {counted_to:Int64}), 'UTC')
    UNION ALL
    SELECT * EXCEPT (stored)
    FROM (
        SELECT
            minute, service_name, model, operation,
    sum(copies) AS stored,
    count() AS spans,
    countIf(failed) AS errors,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cached_tokens) AS cached_tokens,
    sum(cost_usd) AS cost_usd,
    sumMap(map(duration, toUInt64(1))) AS durations,
    sumMapIf(map(ttft, toUInt64(1)), ttft > 0) AS ttfts,
    sumMapIf(map(tpot, toUInt64(1)), tpot > 0) AS tpots
        FROM (
    SELECT
        tenant_id,
        toStartOfMinute(any(end_time)) AS minute,
        any(service_name) AS service_name,
        any(model) AS model,
        any(operation) AS operation,
        any(status) = 'error' AS failed,
        any(input_tokens) AS input_tokens,
        any(output_tokens) AS output_tokens,
        any(cached_tokens) AS cached_tokens,
        any(cost_usd) AS cost_usd,
        toUInt16(log2(greatest(any(duration_ns), 1)) * 16) AS duration,
        toUInt16(log2(greatest(any(ttft_ms) * 1e6, 1)) * 16) AS ttft,
        toUInt16(log2(greatest(any(tpot_ms) * 1e6, 1)) * 16) AS tpot,
        count() AS copies
    FROM spans
    WHERE spans.tenant_id = {tenant:String}
        AND ({service:Nullable(String)} IS NULL
            OR spans.service_name = {service:Nullable(String)})
        AND ({model:Nullable(String)} IS NULL
            OR spans.model = {model:Nullable(String)})
        AND ({operation:Nullable(String)} IS NULL
            OR spans.operation = {operation:Nullable(String)})
        AND ingested_at >= fromUnixTimestamp64Second({arrived_from:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second(greatest({from:Int64}, {counted_to:Int64}), 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')
    GROUP BY tenant_id, trace_id, span_id, toStartOfMinute(end_time)
        )
        GROUP BY minute, service_name, model, operation
    )
)
GROUP BY intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})
ORDER BY intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})
