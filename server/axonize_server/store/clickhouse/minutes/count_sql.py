"""The SQL that counts spans by the minute, or the tick, in which they ended.

A span counts once, however often it was sent.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from axonize_server.store.clickhouse.sql import OF_CLIENT


class Unit(NamedTuple):
    """Seconds whose spans are counted together: in which table and column, and where they begin."""

    table: str
    column: str
    seconds: int
    begin: str


MINUTE = Unit("minutes", "minute", 60, "toStartOfMinute(end_time)")
# Minutes are counted when they are over and settled, so up to two of them wait for it, which may
# be many spans: ticks are counted meanwhile.
TICK = Unit("ticks", "tick", 2, "toStartOfInterval(end_time, INTERVAL 2 SECOND)")

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

# Spans. FILTER: what they must be; BEGIN: that of the unit in which they count.
_EACH = f"""
    SELECT
        tenant_id,
        BEGIN AS minute,
        service_name,
        model,
        operation,
        status = 'error' AS failed,
        {OF_CLIENT} AS of_client,
        input_tokens,
        output_tokens,
        cached_tokens,
        cost_usd,
        duration_ns,
        ttft_ms,
        tpot_ms,
        1 AS copies
    FROM spans
    WHERE FILTER"""  # noqa: S608  (only fixed text is put together)

# The same, each once in a tick: minutes and what their ticks add up to say the same.
_ONCE = f"""{_EACH}
        AND cityHash64(trace_id, span_id) NOT IN (TWICE
        )
    UNION ALL
    SELECT
        tenant_id,
        BEGIN AS minute,
        any(service_name),
        any(model),
        any(operation),
        any(status) = 'error',
        any({OF_CLIENT}),
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
    GROUP BY tenant_id, trace_id, span_id, minute, {TICK.begin}"""  # noqa: S608  (as above)


def each(condition: str) -> str:
    """Return the spans that meet a condition by minute, as often as they were sent."""
    return _EACH.replace("FILTER", condition).replace("BEGIN", MINUTE.begin)


def once(condition: str, unit: Unit, parts: int = 1) -> str:
    """Return the spans that meet a condition, each once; so many parts are looked at in turn."""
    some = (_TWICE.replace("PART", f"hash % {parts} = {part}") for part in range(parts))
    twice = "\n            UNION ALL".join(some)
    text = _ONCE.replace("TWICE", twice).replace("FILTER", condition)
    return text.replace("BEGIN", unit.begin)


# What spans add up to; COUNTED are the columns in which a minute or a tick says it.
_SUMS = """
    count() AS all_spans,
    countIf(failed) AS all_errors,
    sum(cost_usd) AS all_usd,
    sumIf(input_tokens, NOT of_client) AS input,
    sumIf(output_tokens, NOT of_client) AS output,
    sumIf(cached_tokens, NOT of_client) AS cached,
    sumIf(input_tokens, of_client) AS client_input,
    sumIf(output_tokens, of_client) AS client_output,
    sumIf(cached_tokens, of_client) AS client_cached,
    sumMap(map(BUCKET(duration_ns), toUInt64(1))) AS all_durations,
    sumMapIf(map(BUCKET(ttft_ms * 1e6), toUInt64(1)), ttft_ms > 0) AS all_ttfts,
    sumMapIf(map(BUCKET(tpot_ms * 1e6), toUInt64(1)), tpot_ms > 0) AS all_tpots"""
SUMS = re.sub(r"BUCKET\((.*?)\)", r"toUInt16(log2(greatest(\1, 1)) * 16)", _SUMS)
COUNTED = """spans, errors, cost_usd, input_tokens, output_tokens, cached_tokens,
    client_input_tokens, client_output_tokens, client_cached_tokens, durations, ttfts, tpots"""

# How long ago the last minute began that is counted, in s.
BEHIND = """
SELECT toUnixTimestamp(now()) - max(toUnixTimestamp(minute)) FROM minutes WHERE minute <= now()
"""

# To when ticks and minutes are counted, and what time it is, Unix s.
HORIZONS = f"""
SELECT
    (SELECT max(toUnixTimestamp(tick)) + {TICK.seconds} FROM ticks WHERE tick <= now()),
    (SELECT max(toUnixTimestamp(minute)) + 60 FROM minutes WHERE minute <= now()),
    toUnixTimestamp(now())
"""  # noqa: S608  (as above)

# A minute may hold 15 million spans: one table of their hashes would be half a gigabyte. A tick
# holds half a million, and to look at them once takes half the time.
PARTS = {MINUTE: 8, TICK: 1}
_OF_TENANT = "tenant_id = {tenant:String}\n        AND "


def among(unit: Unit) -> str:
    """Return the condition on spans that ended between the first and the last unit."""
    return f"""end_time >= fromUnixTimestamp64Second({{first:Int64}}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({{last:Int64}} + {unit.seconds}, 'UTC')"""


def _count(unit: Unit, whose: str = "") -> str:
    listed = f"AND toUnixTimestamp({unit.begin}) IN {{minutes:Array(UInt32)}}"
    spans = once(f"{whose}{among(unit)}\n        {listed}", unit, PARTS[unit])
    return f"""
INSERT INTO {unit.table} (
    tenant_id, {unit.column}, service_name, model, operation, stored,
    {COUNTED}
)
SELECT
    tenant_id, minute, service_name, model, operation,
    sum(copies),{SUMS}
FROM ({spans}
)
GROUP BY tenant_id, minute, service_name, model, operation
ORDER BY minute
"""  # noqa: S608  (as above)


def _present(unit: Unit) -> str:
    return f"""
SELECT toUnixTimestamp({unit.begin}) AS minute, count()
FROM spans
WHERE {_OF_TENANT}{among(unit)}
        AND minute IN {{minutes:Array(UInt32)}}
GROUP BY minute
"""  # noqa: S608  (as above)


COUNT_MINUTES, COUNT_TICKS = _count(MINUTE), _count(TICK)
# Of one tenant, whatever was counted before, and how many rows of spans there are to count.
COUNT_MINUTES_OF_TENANT, PRESENT_MINUTES = _count(MINUTE, _OF_TENANT), _present(MINUTE)
COUNT_TICKS_OF_TENANT, PRESENT_TICKS = _count(TICK, _OF_TENANT), _present(TICK)
