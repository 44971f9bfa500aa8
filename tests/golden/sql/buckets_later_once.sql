SELECT
    place,
    sum(all_spans),
    sum(all_errors),
    sum(all_usd),
    groupArray((
        toString(model), input, output, cached, client_input, client_output, client_cached
    )),
    sumMap(all_durations),
    sumMap(all_ttfts),
    sumMap(all_tpots)
FROM (
    SELECT
        intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64}) AS place, model,
    count() AS all_spans,
    countIf(failed) AS all_errors,
    sum(cost_usd) AS all_usd,
    sumIf(input_tokens, NOT of_client) AS input,
    sumIf(output_tokens, NOT of_client) AS output,
    sumIf(cached_tokens, NOT of_client) AS cached,
    sumIf(input_tokens, of_client) AS client_input,
    sumIf(output_tokens, of_client) AS client_output,
    sumIf(cached_tokens, of_client) AS client_cached,
    sumMap(map(toUInt16(log2(greatest(duration_ns, 1)) * 16), toUInt64(1))) AS all_durations,
    sumMapIf(map(toUInt16(log2(greatest(ttft_ms * 1e6, 1)) * 16), toUInt64(1)), ttft_ms > 0) AS all_ttfts,
    sumMapIf(map(toUInt16(log2(greatest(tpot_ms * 1e6, 1)) * 16), toUInt64(1)), tpot_ms > 0) AS all_tpots
    FROM (
    SELECT
        tenant_id,
        toStartOfMinute(end_time) AS minute,
        service_name,
        model,
        operation,
        status = 'error' AS failed,
        kind = 'client' AS of_client,
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
        AND cityHash64(trace_id, span_id) NOT IN (
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
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
            WHERE hash % 1 = 0
            GROUP BY hash
            HAVING count() > 1
        )
    UNION ALL
    SELECT
        tenant_id,
        toStartOfMinute(end_time) AS minute,
        any(service_name),
        any(model),
        any(operation),
        any(status) = 'error',
        any(kind = 'client'),
        any(input_tokens),
        any(output_tokens),
        any(cached_tokens),
        any(cost_usd),
        any(duration_ns),
        any(ttft_ms),
        any(tpot_ms),
        count()
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
        AND cityHash64(trace_id, span_id) IN (
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
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
            WHERE hash % 1 = 0
            GROUP BY hash
            HAVING count() > 1
        )
    GROUP BY tenant_id, trace_id, span_id, minute, toStartOfInterval(end_time, INTERVAL 2 SECOND)
    )
    GROUP BY place, model
)
GROUP BY place
ORDER BY place
