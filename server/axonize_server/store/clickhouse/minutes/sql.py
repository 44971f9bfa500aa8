"""The SQL of the statistics by minute, and of the questions that read them.

A span counts in the minute in which it ended, once, however often it was sent.
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


def _each(condition: str) -> str:
    """Return the spans that meet a condition, as often as they were sent."""
    return _EACH.replace("FILTER", condition).replace("BEGIN", MINUTE.begin)


def _once(condition: str, unit: Unit, parts: int = 1) -> str:
    """Return the spans that meet a condition, each once; so many parts are looked at in turn."""
    some = (_TWICE.replace("PART", f"hash % {parts} = {part}") for part in range(parts))
    twice = "\n            UNION ALL".join(some)
    once = _ONCE.replace("TWICE", twice).replace("FILTER", condition)
    return once.replace("BEGIN", unit.begin)


# What spans add up to; _COUNTED are the columns in which a minute or a tick says it.
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
_SUMS = re.sub(r"BUCKET\((.*?)\)", r"toUInt16(log2(greatest(\1, 1)) * 16)", _SUMS)
_COUNTED = """spans, errors, cost_usd, input_tokens, output_tokens, cached_tokens,
    client_input_tokens, client_output_tokens, client_cached_tokens, durations, ttfts, tpots"""

# What rows that were counted add up to.
_TOKENS = """
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cached_tokens) AS cached,
    sum(client_input_tokens) AS client_input,
    sum(client_output_tokens) AS client_output,
    sum(client_cached_tokens) AS client_cached,"""
_TOTALS = f"""
    sum(spans) AS all_spans,
    sum(errors) AS all_errors,
    sum(cost_usd) AS all_usd,{_TOKENS}
    sumMap(durations) AS all_durations,
    sumMap(ttfts) AS all_ttfts,
    sumMap(tpots) AS all_tpots"""

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


def _stale(stored: str, unit: Unit, among: str, counted: str) -> str:
    """Return the query for units with more rows of a tenant than were counted the last time.

    What another tenant lost since must not make up for them. They are looked for among some units,
    which a condition on the counted ones names too.
    """
    length = unit.seconds
    return f"""
SELECT minute, sum(present)
FROM (
    SELECT
        tenant_id,
        toUnixTimestamp({unit.begin}) AS minute,
        count() AS present
    FROM {stored}
    WHERE {among}end_time >= fromUnixTimestamp64Second(
            toUnixTimestamp(now()) - {{kept_s:Int64}}, 'UTC'
        )
        AND end_time < fromUnixTimestamp64Second(
            intDiv(toUnixTimestamp(now()) - {{settle_s:Int64}}, {length}) * {length}, 'UTC'
        )
    GROUP BY tenant_id, minute
) AS there
LEFT JOIN (
    SELECT tenant_id, toUnixTimestamp({unit.column}) AS minute, sum(stored) AS done
    FROM {unit.table} FINAL
    WHERE {counted}
    GROUP BY tenant_id, minute
) AS counted USING (tenant_id, minute)
GROUP BY minute
HAVING max(present > done)
ORDER BY minute
LIMIT {{limit:UInt32}}
"""  # noqa: S608  (as above)


DAY_S = 86_400
NOW = "SELECT toUnixTimestamp(now())"


def unsettled_minutes(stored: str) -> str:
    """Return the query for the minutes of what was committed lately that are not settled yet.

    By a sender's clock that is ahead, within a day, that may last long after the commit.
    """
    return f"""
SELECT DISTINCT toUnixTimestamp({MINUTE.begin})
FROM {stored}
WHERE ingested_at >= fromUnixTimestamp64Second(
        greatest({{since:Int64}}, toUnixTimestamp(now()) - {{settle_s:Int64}} - {DAY_S}), 'UTC'
    )
    AND end_time >= fromUnixTimestamp64Second(
        intDiv(toUnixTimestamp(now()) - {{settle_s:Int64}}, {MINUTE.seconds}) * {MINUTE.seconds},
        'UTC'
    )
    AND end_time < now() + INTERVAL {DAY_S} SECOND
"""  # noqa: S608  (as above)


def stale_minutes(stored: str, counted: str) -> str:
    """Return the query for the minutes of one table that another has not, or not all, counted.

    They are those of what was committed lately, and those that were not settled when it was.
    """
    lately = f"""IN (
            SELECT {MINUTE.begin}
            FROM {stored}
            WHERE ingested_at >= fromUnixTimestamp64Second({{since:Int64}}, 'UTC')
                AND end_time >= fromUnixTimestamp64Second(
                    toUnixTimestamp(now()) - {{kept_s:Int64}}, 'UTC'
                )
            UNION ALL
            SELECT toDateTime(arrayJoin({{unsettled:Array(UInt32)}}), 'UTC')
        )"""  # noqa: S608  (as above)
    among = f"{MINUTE.begin} {lately}\n        AND "
    return _stale(stored, MINUTE._replace(table=counted), among, f"minute {lately}")


UNSETTLED_MINUTES = unsettled_minutes("spans")
STALE_MINUTES = stale_minutes("spans", "minutes")
# Of all ticks that may be read, whenever their spans were committed.
_KEPT = f"tick > now() - INTERVAL {{kept_s:Int64}} + {TICK.seconds} SECOND"
STALE_TICKS = _stale("spans", TICK, "", _KEPT)
# Of some of them.
_LISTED = f"""toUnixTimestamp({TICK.begin}) IN {{ticks:Array(UInt32)}}
        AND end_time >= fromUnixTimestamp64Second({{first:Int64}}, 'UTC')
        AND """
STALE_TICKS_LISTED = _stale(
    "spans", TICK, _LISTED, f"{_KEPT}\n        AND toUnixTimestamp(tick) IN {{ticks:Array(UInt32)}}"
)

# How many spans were committed in each second (Unix s) lately; for second 0, what time it is.
COMMITTED = """
SELECT 0, toUnixTimestamp(now())
UNION ALL
SELECT toUnixTimestamp(ingested_at) AS second, count()
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second(
        toUnixTimestamp(now()) - {kept_s:Int64}, 'UTC'
    )
GROUP BY second
"""

# The ticks in which the spans of some seconds of commit ended; later ones than in a minute belong
# to clocks that are wrong.
TOUCHED_TICKS = f"""
SELECT DISTINCT toUnixTimestamp({TICK.begin})
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second({{first:Int64}}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Second({{last:Int64}} + 1, 'UTC')
    AND toUnixTimestamp(ingested_at) IN {{seconds:Array(UInt32)}}
    AND end_time >= fromUnixTimestamp64Second(
        toUnixTimestamp(now()) - {{kept_s:Int64}}, 'UTC'
    )
    AND end_time < now() + INTERVAL 1 MINUTE
"""  # noqa: S608  (as above)

# A minute may hold 15 million spans: one table of their hashes would be half a gigabyte. A tick
# holds half a million, and to look at them once takes half the time.
PARTS = {MINUTE: 8, TICK: 1}
_OF_TENANT = "tenant_id = {tenant:String}\n        AND "


def _among(unit: Unit) -> str:
    """Return the condition on spans that ended between the first and the last unit."""
    return f"""end_time >= fromUnixTimestamp64Second({{first:Int64}}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({{last:Int64}} + {unit.seconds}, 'UTC')"""


def _count(unit: Unit, whose: str = "") -> str:
    listed = f"AND toUnixTimestamp({unit.begin}) IN {{minutes:Array(UInt32)}}"
    spans = _once(f"{whose}{_among(unit)}\n        {listed}", unit, PARTS[unit])
    return f"""
INSERT INTO {unit.table} (
    tenant_id, {unit.column}, service_name, model, operation, stored,
    {_COUNTED}
)
SELECT
    tenant_id, minute, service_name, model, operation,
    sum(copies),{_SUMS}
FROM ({spans}
)
GROUP BY tenant_id, minute, service_name, model, operation
ORDER BY minute
"""  # noqa: S608  (as above)


def _present(unit: Unit) -> str:
    return f"""
SELECT toUnixTimestamp({unit.begin}) AS minute, count()
FROM spans
WHERE {_OF_TENANT}{_among(unit)}
        AND minute IN {{minutes:Array(UInt32)}}
GROUP BY minute
"""  # noqa: S608  (as above)


COUNT_MINUTES, COUNT_TICKS = _count(MINUTE), _count(TICK)

_TICKS_AMONG = """tick >= toDateTime({first:Int64}, 'UTC')
        AND tick < toDateTime({last:Int64} + 60, 'UTC')
        AND toUnixTimestamp(toStartOfMinute(tick)) IN {minutes:Array(UInt32)}"""

# Of some minutes those whose ticks have counted every row of spans that is there, and none that is
# not any more.
TICKED_MINUTES = f"""
SELECT toUnixTimestamp(toStartOfMinute(tick)) AS minute
FROM (
    SELECT tick, sum(present) = sum(done) AS ticked
    FROM (
        SELECT tenant_id, toDateTime({TICK.begin}, 'UTC') AS tick, 1 AS present, 0 AS done
        FROM spans
        WHERE {_among(MINUTE)}
        UNION ALL
        SELECT tenant_id, tick, 0, stored
        FROM ticks FINAL
        WHERE {_TICKS_AMONG}
    )
    WHERE toUnixTimestamp(toStartOfMinute(tick)) IN {{minutes:Array(UInt32)}}
    GROUP BY tenant_id, tick
)
GROUP BY minute
HAVING min(ticked)
"""  # noqa: S608  (as above)

# Minutes as their ticks add up to, in a thousandth of the time that counting their spans takes.
ADD_UP_TICKS = f"""
INSERT INTO minutes (
    tenant_id, minute, service_name, model, operation, stored,
    {_COUNTED}
)
SELECT
    tenant_id, toStartOfMinute(tick) AS minute, service_name, model, operation,
    sum(stored),{_TOTALS}
FROM ticks FINAL
WHERE {_TICKS_AMONG}
GROUP BY tenant_id, minute, service_name, model, operation
ORDER BY minute
"""  # noqa: S608  (as above)

# Of one tenant, whatever was counted before, and how many rows of spans there are to count.
COUNT_MINUTES_OF_TENANT, PRESENT_MINUTES = _count(MINUTE, _OF_TENANT), _present(MINUTE)
COUNT_TICKS_OF_TENANT, PRESENT_TICKS = _count(TICK, _OF_TENANT), _present(TICK)


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


# Tokens are told by model: each counts by itself.
_TOLD = """(
        toString(model), input, output, cached, client_input, client_output, client_cached
    )"""
_PLACE = "intDiv(toUnixTimestamp(minute) - {from:Int64}, {width:Int64})"
_BY_PLACE = f"""
SELECT
    place,
    sum(all_spans),
    sum(all_errors),
    sum(all_usd),
    groupArray({_TOLD}),
    sumMap(all_durations),
    sumMap(all_ttfts),
    sumMap(all_tpots)MORE
FROM (
    SELECT
        {_PLACE} AS place, model,SUMS
    FROM (ROWS
    )
    GROUP BY place, model
)
GROUP BY place
ORDER BY place
"""  # noqa: S608  (as above)
_BY_GROUP = f"""
SELECT
    service_name, model, operation,
    all_spans, all_errors, all_usd,
    [{_TOLD}],
    all_durations, all_ttfts, all_tpotsMORE
FROM (
    SELECT
        service_name, model, operation,SUMS
    FROM (ROWS
    )
    GROUP BY service_name, model, operation
)
ORDER BY service_name, model, operation
LIMIT {{limit:UInt32}}
"""  # noqa: S608  (as above)


def _counted(table: str, column: str, range_: str) -> str:
    return f"""
    SELECT
        {column} AS minute, service_name, model, operation,
    {_COUNTED}
    FROM {table} FINAL
    WHERE {_wanted(table)}
        AND {range_}"""  # noqa: S608  (as above)


_MINUTES = _counted(
    "minutes",
    "minutes.minute",
    """minutes.minute >= toDateTime({from:Int64}, 'UTC')
        AND minutes.minute < toDateTime(least({to:Int64}, {counted_to:Int64}), 'UTC')""",
)
_TICKS = _counted(
    "ticks",
    "tick",
    """tick >= toDateTime(greatest({from:Int64}, {counted_to:Int64}), 'UTC')
        AND tick < toDateTime(least({to:Int64}, {ticked_to:Int64}), 'UTC')""",
)

# Of spans that ended after all that is counted.
_SPANS = f"""{_wanted("spans")}
        AND ingested_at >= fromUnixTimestamp64Second({{arrived_from:Int64}}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second({{later_from:Int64}}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({{to:Int64}}, 'UTC')"""
# Whether each of them was sent once, as nearly always: then they need not be told apart.
_ARE_DIFFERENT = f"""(
        SELECT count() = uniqExact(cityHash64(trace_id, span_id))
        FROM spans
        WHERE {_SPANS}
    )"""  # noqa: S608  (as above)


class Statistics(NamedTuple):
    """A question on statistics, in parts whose answers add up for each key.

    What minutes say, what minutes and the ticks after them say, and what later spans come to: with
    a last column, whether each of these was sent once; or however often each was sent.
    """

    minutes: str
    ticks: str
    later: str
    later_once: str


def _statistics(question: str) -> Statistics:
    parts = (
        (_TOTALS, _MINUTES, ""),
        (_TOTALS, f"{_MINUTES}\n    UNION ALL{_TICKS}", ""),
        (_SUMS, _each(_SPANS), f",\n    {_ARE_DIFFERENT}"),
        (_SUMS, _once(_SPANS, MINUTE), ""),
    )
    return Statistics(
        *(
            question.replace("SUMS", sums).replace("ROWS", rows).replace("MORE", more)
            for sums, rows, more in parts
        )
    )


# Of what is counted over time: histograms by place and model would be several times as many.
_APART = f"""
SELECT
    place, all_spans, all_errors, all_usd, told, all_durations, all_ttfts, all_tpots
FROM (
    SELECT
        {_PLACE} AS place,SUMS
    FROM (ROWS
    )
    GROUP BY place
) AS counted
INNER JOIN (
    SELECT
        place,
        groupArray({_TOLD}) AS told
    FROM (
        SELECT
            {_PLACE} AS place, model,TOKENS
        FROM (ROWS
        )
        GROUP BY place, model
    )
    GROUP BY place
) AS by_model USING place
ORDER BY place
"""  # noqa: S608  (as above)


def _apart(rows: str) -> str:
    question = _APART.replace("SUMS", _TOTALS.replace(_TOKENS, ""))
    return question.replace("TOKENS", _TOKENS.rstrip(",")).replace("ROWS", rows)


BUCKETS = _statistics(_BY_PLACE)._replace(
    minutes=_apart(_MINUTES), ticks=_apart(f"{_MINUTES}\n    UNION ALL{_TICKS}")
)
GROUPS = _statistics(_BY_GROUP)
