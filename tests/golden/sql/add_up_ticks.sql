INSERT INTO minutes (
    tenant_id, minute, service_name, model, operation, stored,
    spans, errors, cost_usd, input_tokens, output_tokens, cached_tokens,
    client_input_tokens, client_output_tokens, client_cached_tokens, durations, ttfts, tpots
)
SELECT
    tenant_id, toStartOfMinute(tick) AS minute, service_name, model, operation,
    sum(stored),
    sum(spans) AS all_spans,
    sum(errors) AS all_errors,
    sum(cost_usd) AS all_usd,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cached_tokens) AS cached,
    sum(client_input_tokens) AS client_input,
    sum(client_output_tokens) AS client_output,
    sum(client_cached_tokens) AS client_cached,
    sumMap(durations) AS all_durations,
    sumMap(ttfts) AS all_ttfts,
    sumMap(tpots) AS all_tpots
FROM ticks FINAL
WHERE tick >= toDateTime({first:Int64}, 'UTC')
        AND tick < toDateTime({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(tick)) IN {minutes:Array(UInt32)}
GROUP BY tenant_id, minute, service_name, model, operation
ORDER BY minute
