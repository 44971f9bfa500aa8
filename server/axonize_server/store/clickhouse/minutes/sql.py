"""The SQL of the statistics by minute, and of the questions that read them.

A span counts in the minute in which it ended, once, however often it was sent.
"""

from __future__ import annotations

import re

# The hashes of spans that were sent more than once, and of the few others that have the same: a
# table of numbers takes a fifth of the memory and of the time that one of whole spans takes.
_TWICE = """
            SELECT hash
            FROM (
                SELECT cityHash64(trace_id, span_id) AS hash
                FROM spans
                WHERE FILTER
            )
            WHERE PART
            GROUP BY hash
            HAVING count() > 1"""

# The spans of some minutes, each once. FILTER: what else they must be.
_ONCE = """
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
    WHERE FILTER
        AND cityHash64(trace_id, span_id) NOT IN (TWICE
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
    WHERE FILTER
        AND cityHash64(trace_id, span_id) IN (TWICE
        )
    GROUP BY tenant_id, trace_id, span_id, minute"""


def _once(condition: str, parts: int = 1) -> str:
    """Return the spans that meet a condition, each once; so many parts are looked at in turn."""
    some = (_TWICE.replace("PART", f"hash % {parts} = {part}") for part in range(parts))
    twice = "\n            UNION ALL".join(some)
    return _ONCE.replace("TWICE", twice).replace("FILTER", condition)


_SUMS = """
    sum(copies) AS stored,
    count() AS spans,
    countIf(failed) AS errors,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cached_tokens) AS cached_tokens,
    sum(cost_usd) AS cost_usd,
    sumMap(map(BUCKET(duration_ns), toUInt64(1))) AS durations,
    sumMapIf(map(BUCKET(ttft_ms * 1e6), toUInt64(1)), ttft_ms > 0) AS ttfts,
    sumMapIf(map(BUCKET(tpot_ms * 1e6), toUInt64(1)), tpot_ms > 0) AS tpots"""
_SUMS = re.sub(r"BUCKET\((.*?)\)", r"toUInt16(log2(greatest(\1, 1)) * 16)", _SUMS)

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

# A minute may hold 15 million spans: one table of their hashes would be half a gigabyte.
PARTS = 8

COUNT_MINUTES = f"""
INSERT INTO minutes (
    tenant_id, minute, service_name, model, operation,
    stored, spans, errors, input_tokens, output_tokens, cached_tokens, cost_usd,
    durations, ttfts, tpots
)
SELECT
    tenant_id, minute, service_name, model, operation,{_SUMS}
FROM ({
    _once(
        '''end_time >= fromUnixTimestamp64Second({first:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(end_time)) IN {minutes:Array(UInt32)}''',
        PARTS,
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
    _once(
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
