"""The SQL of the histograms of the traced services."""

from __future__ import annotations

# Requests to a model, as their server saw them, each once; of all tenants, one group each.
COUNTED = """
SELECT
    tenant_id, service_name, operation, provider, model, response_model, failure,
    sumForEach(arrayMap(bound -> toUInt64(duration <= bound), {durations:Array(Float64)})),
    count(),
    sum(duration),
    sumForEachIf(arrayMap(bound -> toUInt64(first <= bound), {firsts:Array(Float64)}), first > 0),
    countIf(first > 0),
    sumIf(first, first > 0),
    sumForEachIf(arrayMap(bound -> toUInt64(each <= bound), {eaches:Array(Float64)}), each > 0),
    countIf(each > 0),
    sumIf(each, each > 0)
FROM (
    SELECT
        tenant_id,
        any(service_name) AS service_name,
        any(operation) AS operation,
        any(provider) AS provider,
        any(model) AS model,
        any(response_model) AS response_model,
        if(any(error_type) = '', '_OTHER', any(error_type)) AS reason,
        if(any(status) = 'error', reason, '') AS failure,
        any(duration_ns) / 1e9 AS duration,
        if(failure = '', any(ttft_ms) / 1e3, 0) AS first,
        if(failure = '', any(tpot_ms) / 1e3, 0) AS each
    FROM spans
    WHERE ingested_at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
        AND ingested_at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
        AND spans.operation != ''
        AND spans.kind != 'client'
    GROUP BY tenant_id, trace_id, span_id
)
GROUP BY tenant_id, service_name, operation, provider, model, response_model, failure
LIMIT {limit:UInt64}
"""
