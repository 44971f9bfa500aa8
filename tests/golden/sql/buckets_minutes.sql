SELECT
    place, all_spans, all_errors, all_usd, told, all_durations, all_ttfts, all_tpots
FROM (
    SELECT
        intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64}) AS place,
    sum(spans) AS all_spans,
    sum(errors) AS all_errors,
    sum(cost_usd) AS all_usd,
    sumMap(durations) AS all_durations,
    sumMap(ttfts) AS all_ttfts,
    sumMap(tpots) AS all_tpots
    FROM (
    SELECT
        minutes.minute AS minute, service_name, model, operation,
    spans, errors, cost_usd, input_tokens, output_tokens, cached_tokens,
    client_input_tokens, client_output_tokens, client_cached_tokens, durations, ttfts, tpots
    FROM minutes FINAL
    WHERE minutes.tenant_id = {tenant:String}
        AND ({service:Nullable(String)} IS NULL
            OR minutes.service_name = {service:Nullable(String)})
        AND ({model:Nullable(String)} IS NULL
            OR minutes.model = {model:Nullable(String)})
        AND ({operation:Nullable(String)} IS NULL
            OR minutes.operation = {operation:Nullable(String)})
        AND minutes.minute >= toDateTime({from:Int64}, 'UTC')
        AND minutes.minute < toDateTime(least({to:Int64}, {counted_to:Int64}), 'UTC')
    )
    GROUP BY place
) AS counted
INNER JOIN (
    SELECT
        place,
        groupArray((
        toString(model), input, output, cached, client_input, client_output, client_cached
    )) AS told
    FROM (
        SELECT
            intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64}) AS place, model,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cached_tokens) AS cached,
    sum(client_input_tokens) AS client_input,
    sum(client_output_tokens) AS client_output,
    sum(client_cached_tokens) AS client_cached
        FROM (
    SELECT
        minutes.minute AS minute, service_name, model, operation,
    spans, errors, cost_usd, input_tokens, output_tokens, cached_tokens,
    client_input_tokens, client_output_tokens, client_cached_tokens, durations, ttfts, tpots
    FROM minutes FINAL
    WHERE minutes.tenant_id = {tenant:String}
        AND ({service:Nullable(String)} IS NULL
            OR minutes.service_name = {service:Nullable(String)})
        AND ({model:Nullable(String)} IS NULL
            OR minutes.model = {model:Nullable(String)})
        AND ({operation:Nullable(String)} IS NULL
            OR minutes.operation = {operation:Nullable(String)})
        AND minutes.minute >= toDateTime({from:Int64}, 'UTC')
        AND minutes.minute < toDateTime(least({to:Int64}, {counted_to:Int64}), 'UTC')
        )
        GROUP BY place, model
    )
    GROUP BY place
) AS by_model USING place
ORDER BY place
