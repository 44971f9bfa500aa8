"""The SQL of the statistics by minute, and of the questions that read them.

A span counts in the minute in which it ended, once, however often it was sent.
"""

from __future__ import annotations

# The spans of some minutes, each once. FILTER: what else they must be.
_ONCE = """
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
    WHERE FILTER
    GROUP BY tenant_id, trace_id, span_id, toStartOfMinute(end_time)"""

_SUMS = """
    sum(copies) AS stored,
    count() AS spans,
    countIf(failed) AS errors,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cached_tokens) AS cached_tokens,
    sum(cost_usd) AS cost_usd,
    sumMap(map(duration, toUInt64(1))) AS durations,
    sumMapIf(map(ttft, toUInt64(1)), ttft > 0) AS ttfts,
    sumMapIf(map(tpot, toUInt64(1)), tpot > 0) AS tpots"""

COUNTED_TO = "SELECT max(toUnixTimestamp(minute)) FROM minutes WHERE minute <= now()"

# The minutes of what was committed lately, all but the last one, with more rows of a tenant than
# were counted the last time: what another one lost since must not make up for them.
_STALE_MINUTES = """
SELECT minute, sum(present)
FROM (
    SELECT
        tenant_id,
        toUnixTimestamp(toStartOfMinute(end_time)) AS minute,
        count() AS present
    FROM STORED
    WHERE toStartOfMinute(end_time) IN (
            SELECT toStartOfMinute(end_time)
            FROM STORED
            WHERE ingested_at >= fromUnixTimestamp64Second({since:Int64}, 'UTC')
        )
        AND end_time >= fromUnixTimestamp64Second(
            toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
        )
        AND end_time < fromUnixTimestamp64Second(
            intDiv(toUnixTimestamp(now()) - {settle_s:Int64}, 60) * 60, 'UTC'
        )
    GROUP BY tenant_id, minute
) AS there
LEFT JOIN (
    SELECT tenant_id, toUnixTimestamp(minute) AS minute, sum(stored) AS done
    FROM COUNTED FINAL
    WHERE minute IN (
            SELECT toStartOfMinute(end_time)
            FROM STORED
            WHERE ingested_at >= fromUnixTimestamp64Second({since:Int64}, 'UTC')
        )
    GROUP BY tenant_id, minute
) AS counted USING (tenant_id, minute)
GROUP BY minute
HAVING max(present > done)
ORDER BY minute
LIMIT {limit:UInt32}
"""


def stale_minutes(stored: str, counted: str) -> str:
    """Return the query for the minutes of one table that another has not, or not all, counted."""
    return _STALE_MINUTES.replace("STORED", stored).replace("COUNTED", counted)


STALE_MINUTES = stale_minutes("spans", "minutes")

COUNT_MINUTES = f"""
INSERT INTO minutes (
    tenant_id, minute, service_name, model, operation,
    stored, spans, errors, input_tokens, output_tokens, cached_tokens, cost_usd,
    durations, ttfts, tpots
)
SELECT
    tenant_id, minute, service_name, model, operation,{_SUMS}
FROM ({
    _ONCE.replace(
        "FILTER",
        '''end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}''',
    )
}
)
GROUP BY tenant_id, minute, service_name, model, operation
ORDER BY minute
"""  # noqa: S608  (only fixed text is put together)
# Of one tenant, whatever was counted before.
COUNT_MINUTES_OF_TENANT = COUNT_MINUTES.replace(
    "WHERE end_time", "WHERE tenant_id = {tenant:String}\n        AND end_time"
)


def _wanted(table: str) -> str:
    """Return the condition on rows of a table; a filter that is NULL takes everything."""
    columns = {"service_name": "service", "model": "model", "operation": "operation"}
    filters = (
        f"""
        AND ({{{name}:Nullable(String)}} IS NULL
            OR {table}.{column} = {{{name}:Nullable(String)}})"""
        for column, name in columns.items()
    )
    return f"{table}.tenant_id = {{tenant:String}}{''.join(filters)}"


# Minutes that are counted, and spans that ended later.
_STATISTICS = f"""
SELECT
    KEY,
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
    WHERE {_wanted("minutes")}
        AND minute >= toDateTime({{from:Int64}}, 'UTC')
        AND minute < toDateTime(least({{to:Int64}}, {{counted_to:Int64}}), 'UTC')
    UNION ALL
    SELECT * EXCEPT (stored)
    FROM (
        SELECT
            minute, service_name, model, operation,{_SUMS}
        FROM ({
    _ONCE.replace(
        "FILTER",
        _wanted("spans")
        + '''
        AND ingested_at >= fromUnixTimestamp64Second({arrived_from:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second(greatest({from:Int64}, {counted_to:Int64}), 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')''',
    )
}
        )
        GROUP BY minute, service_name, model, operation
    )
)
GROUP BY KEY
ORDER BY KEY
"""  # noqa: S608  (only fixed text is put together)

BUCKETS = _STATISTICS.replace(
    "KEY", "intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})"
)
GROUPS = _STATISTICS.replace("KEY", "service_name, model, operation") + "LIMIT {limit:UInt32}\n"
