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
        minutes.minute AS minute, service_name, model, operation,
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
        AND minutes.minute >= toDateTime({from:Int64}, 'UTC')
        AND minutes.minute < toDateTime(least({to:Int64}, {counted_to:Int64}), 'UTC')
)
GROUP BY intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})
ORDER BY intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})
