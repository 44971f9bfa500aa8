"""The SQL of the questions on statistics by minute."""

from __future__ import annotations

from typing import NamedTuple

from axonize_server.store.clickhouse.minutes.count_sql import COUNTED, MINUTE, SUMS, each, once

# What rows that were counted add up to.
_TOKENS = """
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cached_tokens) AS cached,
    sum(client_input_tokens) AS client_input,
    sum(client_output_tokens) AS client_output,
    sum(client_cached_tokens) AS client_cached,"""
TOTALS = f"""
    sum(spans) AS all_spans,
    sum(errors) AS all_errors,
    sum(cost_usd) AS all_usd,{_TOKENS}
    sumMap(durations) AS all_durations,
    sumMap(ttfts) AS all_ttfts,
    sumMap(tpots) AS all_tpots"""


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
"""  # noqa: S608  (only fixed text is put together)
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
    {COUNTED}
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
        (TOTALS, _MINUTES, ""),
        (TOTALS, f"{_MINUTES}\n    UNION ALL{_TICKS}", ""),
        (SUMS, each(_SPANS), f",\n    {_ARE_DIFFERENT}"),
        (SUMS, once(_SPANS, MINUTE), ""),
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
    question = _APART.replace("SUMS", TOTALS.replace(_TOKENS, ""))
    return question.replace("TOKENS", _TOKENS.rstrip(",")).replace("ROWS", rows)


BUCKETS = _statistics(_BY_PLACE)._replace(
    minutes=_apart(_MINUTES), ticks=_apart(f"{_MINUTES}\n    UNION ALL{_TICKS}")
)
GROUPS = _statistics(_BY_GROUP)
