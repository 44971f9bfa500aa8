"""The SQL of what the spans of some traces say, and in how many of these."""

from __future__ import annotations

from collections.abc import Sequence

from axonize_server.store.clickhouse.sql import Query

LONGEST_VALUE = 200

# What a span says, as (kind, name, value, low, high). A number is exact while it is a small
# integer, else it is in a range from a power of two to the next: its value is empty.
_VALUES = f"""arrayFilter(v -> length(v.3) BETWEEN 1 AND {LONGEST_VALUE} OR v.4 < v.5, arrayConcat(
        [
            ('service', 'service', toString(service_name), toFloat64(0), toFloat64(0)),
            ('model', 'model', toString(model), 0, 0),
            ('span', 'span', toString(name), 0, 0),
            ('status', 'status', if(status = 'error', 'error', ''), 0, 0),
            ('cache', 'prefix cache', multiIf(
                input_tokens = 0, '', cached_tokens > 0, 'hit', 'miss'), 0, 0)
        ],
        arrayMap(uuid -> ('gpu', 'gpu', toString(uuid), toFloat64(0), toFloat64(0)),
            `gpu.resource_uuid`),
        arrayMap((key, text, type, number) -> multiIf(
                type NOT IN ('i', 'd') OR type = 'i' AND abs(number) < 16 OR number <= 0,
                ('attribute', key, text, toFloat64(0), toFloat64(0)),
                ('attribute', key, '', exp2(floor(log2(number))), exp2(floor(log2(number)) + 1))
            ),
            mapKeys(attributes), mapValues(attributes),
            arrayMap(i -> substring(attribute_types, i, 1), arrayEnumerate(mapKeys(attributes))),
            arrayMap(text -> toFloat64OrZero(text), mapValues(attributes))),
        arrayMap((key, text) -> ('attribute', key, text, toFloat64(0), toFloat64(0)),
            mapKeys(resource_attributes), mapValues(resource_attributes))
    ))"""
# What the columns before say already.
_SAID = "('service.name', 'gen_ai.request.model', 'gen_ai.usage.cache_read.input_tokens')"
MOST_VALUES = 1000


def values(
    tenant: str,
    inside: Sequence[str],
    outside: Sequence[str],
    stretches: Sequence[tuple[int, int]],
    arrived_from: int,
) -> Query:
    """Build the query for the values that spans of some traces have, in how many of them.

    stretches: where their spans start, Unix ns; these prune what is read.
    """
    among = " OR ".join(
        f"start_time BETWEEN fromUnixTimestamp64Nano({{first_{n}:Int64}}, 'UTC')"
        f" AND fromUnixTimestamp64Nano({{last_{n}:Int64}}, 'UTC')"
        for n in range(len(stretches))
    )
    bound: dict[str, object] = {}
    for n, (first, last) in enumerate(stretches):
        bound |= {f"first_{n}": first, f"last_{n}": last}
    return Query(
        f"""SELECT
    said.1 AS kind, said.2 AS name, said.3 AS value, said.4 AS low, said.5 AS high,
    uniqExactIf(trace_id, inside) AS have,
    uniqExactIf(trace_id, NOT inside) AS others
FROM (
    SELECT
        trace_id,
        trace_id IN (
            SELECT toFixedString(unhex(arrayJoin({{inside:Array(String)}})), 16)
        ) AS inside,
        arrayJoin({_VALUES}) AS said
    FROM spans
    PREWHERE trace_id IN (
        SELECT toFixedString(unhex(arrayJoin({{traces:Array(String)}})), 16)
    )
    WHERE tenant_id = {{tenant:String}}
        AND ingested_at >= fromUnixTimestamp64Nano({{arrived_from:Int64}}, 'UTC')
        AND ({among})
)
WHERE said.2 NOT IN {_SAID} AND NOT match(said.2, '^gpu\\.[0-9]+\\.')
GROUP BY kind, name, value, low, high
HAVING have + others > 1
ORDER BY
    abs(have / {{insiders:UInt32}} - others / {{outsiders:UInt32}}) DESC,
    kind, name, value, low
LIMIT {MOST_VALUES}
""",  # noqa: S608
        bound
        | {
            "tenant": tenant,
            "inside": list(inside),
            "traces": [*inside, *outside],
            "insiders": max(len(inside), 1),
            "outsiders": max(len(outside), 1),
            "arrived_from": arrived_from,
        },
    )
