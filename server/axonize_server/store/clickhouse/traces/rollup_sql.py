"""The SQL of the roll-up of spans into traces, and of how far it has come.

The roll-up and `spans` may hold the same span, and either may hold it twice: every column is a
merge that does not mind.
"""

from __future__ import annotations

from typing import NamedTuple

from axonize_server.store.clickhouse.sql import OF_CLIENT, OF_OTHERS

# The stretch of time that one `slot` stands for.
SLOT_NS = 300_000_000_000
# Every set of a trace stops growing here; the migration says the same number.
MAX_SET = 10_000


def slot(time_ns: int) -> int:
    """Return the slot in which a time lies, or the nearest that the column holds."""
    return min(max(time_ns // SLOT_NS, 0), 2**32 - 1)


# What loads or compiles within a request makes no set-up of it: the root tells.
SETUP = "setup AND parent_span_id = toFixedString('', 8)"


def folded(most: str) -> str:
    """Return the columns of a trace over spans, its sets bounded by `most`, such as "(10)".

    A trace is named by its root; without one, by the server span where it came in, else the first:
    that has the least place, 17 bytes, which are followed by the length of its name (4 bytes, the
    lowest first), its name and its service.
    """
    return f"""
    min(start_time),
    max(end_time),
    min(concat(
        reinterpretAsFixedString(
            toUInt8(2 * (parent_span_id != toFixedString('', 8)) + (kind != 'server'))
        ),
        reinterpretAsFixedString(byteSwap(
            bitXor(toUInt64(toUnixTimestamp64Nano(start_time)), toUInt64(9223372036854775808))
        )),
        span_id,
        reinterpretAsFixedString(toUInt32(length(name))),
        name,
        service_name
    )),
    groupUniqArray{most}(toString(service_name)),
    groupUniqArrayIf{most}(toString(model), model != ''),
    arrayMap(service -> cityHash64(service), groupUniqArray{most}(toString(service_name))),
    arrayMap(model -> cityHash64(model), groupUniqArrayIf{most}(toString(model), model != '')),
    groupUniqArrayArray{most}(arrayMap(
        uuid -> cityHash64(uuid), arrayConcat(`gpu.resource_uuid`, `gpu.physical_uuid`)
    )),
    groupUniqArray{most}(toString(name)),
    groupUniqArrayIf{most}(
        reinterpretAsUInt64(span_id),
        status != 'error' AND input_tokens = 0 AND output_tokens = 0
    ),
    groupUniqArrayIf{most}(reinterpretAsUInt64(span_id), status = 'error'),
    {_tokens(most, OF_OTHERS)},
    {_tokens(most, OF_CLIENT)},
    min(if(ttft_ms > 0, ttft_ms, NULL)),
    max({SETUP})"""


def _tokens(most: str, end: str) -> str:
    return f"""groupUniqArrayIf{most}(
        (reinterpretAsUInt64(span_id), input_tokens, output_tokens),
        (input_tokens > 0 OR output_tokens > 0) AND {end}
    )"""


ROLLED_UP_TO = "SELECT toUnixTimestamp(max(second)) FROM rolled_up_seconds"

# The last second rolled up, the most spans of one of the last sixty, so that a second in which few
# came says nothing, and the last time of commit (ms), which is known without reading a row.
HORIZON = """
SELECT
    toUnixTimestamp(max(second)),
    max(spans),
    (SELECT toUnixTimestamp64Milli(max(ingested_at)) FROM spans)
FROM (
    SELECT second, spans
    FROM rolled_up_seconds
    ORDER BY second DESC
    LIMIT 60
)
"""


class Horizon(NamedTuple):
    """What is rolled up: spans that arrived before until_ns; the last came at committed_ns.

    Both are Unix ns. spans_per_s: the most that came in one of the last sixty seconds rolled up.
    """

    until_ns: int
    committed_ns: int
    spans_per_s: int = 0

    @property
    def is_all(self) -> bool:
        """Return whether every span is rolled up."""
        return self.committed_ns < self.until_ns


# The commit (Unix ns) of the oldest span that a tenant still has, and the day (Unix s) of its
# oldest trace: each is kept for as long as the tenant says.
KEPT = """
SELECT
    ifNull((
        SELECT toUnixTimestamp64Nano(ingested_at)
        FROM spans
        WHERE tenant_id = {tenant:String}
        ORDER BY ingested_at
        LIMIT 1
    ), toInt64(9223372036854775807)),
    (
        SELECT toUnixTimestamp(toDateTime(min(day), 'UTC'))
        FROM traces
        WHERE tenant_id = {tenant:String}
    )
"""

# The seconds, all but the last few, with more spans than were rolled up: new ones, those of a
# process that died, of an insert that took long, of a clock that was set back.
STALE_SECONDS = """
SELECT second, present
FROM (
    SELECT toUnixTimestamp(ingested_at) AS second, count() AS present
    FROM spans
    WHERE ingested_at >= fromUnixTimestamp64Second(
            least({rolled_up_to:Int64}, toUnixTimestamp(now())) - {look_back_s:Int64}, 'UTC'
        )
        AND ingested_at < fromUnixTimestamp64Second(
            toUnixTimestamp(now()) - {settle_s:Int64}, 'UTC'
        )
    GROUP BY second
) AS stored
LEFT JOIN (
    SELECT toUnixTimestamp(second) AS second, max(spans) AS done
    FROM rolled_up_seconds
    GROUP BY second
) AS rolled_up USING second
WHERE present > done
ORDER BY second
LIMIT {limit:UInt32}
"""

ROLL_UP = f"""
INSERT INTO traces (
    tenant_id, day, slot, trace_id,
    start_time, end_time, entry, services, models, service_hashes,
    model_hashes, gpu_hashes, names, span_ids, error_ids, tokens, client_tokens, ttft_ms,
    setup
)
SELECT
    tenant_id,
    toDate(ingested_at) AS day,
    toUInt32(greatest(intDiv(toUnixTimestamp64Nano(min(start_time)), {SLOT_NS}), 0)),
    trace_id,{folded(f"({MAX_SET})")}
FROM spans
WHERE ingested_at >= fromUnixTimestamp64Second({{first:Int64}}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Second({{last:Int64}} + 1, 'UTC')
    AND toUnixTimestamp(ingested_at) IN {{seconds:Array(UInt32)}}
GROUP BY tenant_id, day, trace_id
"""  # noqa: S608  (only fixed text is put together)

RECORD_SECONDS = """
INSERT INTO rolled_up_seconds (second, spans)
SELECT toDateTime(pair.1), pair.2
FROM (
    SELECT arrayJoin(arrayZip({seconds:Array(UInt32)}, {counts:Array(UInt64)})) AS pair
)
"""
