INSERT INTO minutes (
    tenant_id, minute, service_name, model, operation,
    stored, spans, errors, input_tokens, output_tokens, cached_tokens, cost_usd,
    durations, ttfts, tpots
)
SELECT
    tenant_id, minute, service_name, model, operation,
    sum(copies),
    count(),
    countIf(failed),
    sum(input_tokens),
    sum(output_tokens),
    sum(cached_tokens),
    sum(cost_usd),
    sumMap(map(toUInt16(log2(greatest(duration_ns, 1)) * 16), toUInt64(1))),
    sumMapIf(map(toUInt16(log2(greatest(ttft_ms * 1e6, 1)) * 16), toUInt64(1)), ttft_ms > 0),
    sumMapIf(map(toUInt16(log2(greatest(tpot_ms * 1e6, 1)) * 16), toUInt64(1)), tpot_ms > 0)
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
    WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
        AND cityHash64(trace_id, span_id) NOT IN (
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 0
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 1
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 2
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 3
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 4
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 5
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 6
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 7
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
        any(input_tokens),
        any(output_tokens),
        any(cached_tokens),
        any(cost_usd),
        any(duration_ns),
        any(ttft_ms),
        any(tpot_ms),
        count()
    FROM spans
    WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
        AND cityHash64(trace_id, span_id) IN (
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 0
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 1
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 2
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 3
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 4
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 5
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 6
            GROUP BY hash
            HAVING count() > 1
            UNION ALL
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}
            )
            WHERE hash % 8 = 7
            GROUP BY hash
            HAVING count() > 1
        )
    GROUP BY tenant_id, trace_id, span_id, minute
)
GROUP BY tenant_id, minute, service_name, model, operation
ORDER BY minute
