"""The SQL that says what is known of some traces.

It takes what is rolled up and, from `spans`, what was committed since, if anything was.
"""

from __future__ import annotations

from axonize_server.store.clickhouse.traces.rollup_sql import MAX_SET, folded

# A span that came again with other numbers of tokens counts with the larger ones; it may be in more
# than one of the sets of ids, as all are in the first one of what earlier releases rolled up.
_FIGURES = """
SELECT
    lower(hex(trace_id)),
    toUnixTimestamp64Nano(min(start_time)),
    toUnixTimestamp64Nano(max(end_time)) - toUnixTimestamp64Nano(min(start_time)),
    substring(min(entry), 22, reinterpretAsUInt32(substring(min(entry), 18, 4))),
    substring(min(entry), 22 + reinterpretAsUInt32(substring(min(entry), 18, 4))),
    arraySort(groupUniqArrayArray(services)),
    arraySort(groupUniqArrayArray(models)),
    length(groupUniqArrayArray(arrayConcat(span_ids, error_ids, tokens.1, client_tokens.1))),
    length(groupUniqArrayArray(error_ids)),
    arraySum(maxMap(tokens.1, tokens.2).2),
    arraySum(maxMap(tokens.1, tokens.3).2),
    arraySum(maxMap(client_tokens.1, client_tokens.2).2),
    arraySum(maxMap(client_tokens.1, client_tokens.3).2),
    min(ttft_ms),
    max(setup)
FROM ROWS
GROUP BY trace_id
"""

# A subquery, since ClickHouse looks up no array in an index.
_OF_IDS = """trace_id IN (
            SELECT toFixedString(unhex(arrayJoin({trace_ids:Array(String)})), 16)
        )"""

_ROLLED_UP = f"""traces
    WHERE tenant_id = {{tenant:String}}
        AND slot >= {{slot_from:UInt32}}
        AND {_OF_IDS}"""


def _rows_and_later(most: str) -> str:
    """Return what is rolled up, and what was committed since."""
    return f"""(
    SELECT
        trace_id, start_time, end_time, entry, services, models, service_hashes, model_hashes,
        gpu_hashes, names, span_ids, error_ids, tokens, client_tokens, ttft_ms,
        setup
    FROM {_ROLLED_UP}
    UNION ALL
    SELECT
        trace_id,{folded(most)}
    FROM spans
    WHERE tenant_id = {{tenant:String}}
        AND ingested_at >= fromUnixTimestamp64Nano({{arrived_from:Int64}}, 'UTC')
        AND {_OF_IDS}
    GROUP BY trace_id
)"""  # noqa: S608  (only fixed text is put together)


# Planned in two thirds of the time that the two together take.
ROLLED_UP_TRACES = _FIGURES.replace("ROWS", _ROLLED_UP)
TRACES = _FIGURES.replace("ROWS", _rows_and_later(f"({MAX_SET})"))
# For traces whose sets are full: with arrived_from early enough, every span is counted.
RECOUNTED_TRACES = _FIGURES.replace("ROWS", _rows_and_later(""))
