"""Every ClickHouse query: constants, and builders for those that depend on what is asked.

Values are always bound as {name:Type} parameters. Every query takes the tenant first and filters
on it. A retried request may have stored a span twice, so spans are taken once by their id.
"""

from __future__ import annotations

import time
from typing import NamedTuple

HOUR_NS = 3_600_000_000_000

# A span that starts at t by its own clock arrived at t - 24 h or later, unless that clock is more
# than a day ahead: that prunes by the sort key of the table, the index on start_time does the rest.
CLOCK_AHEAD_NS = 24 * HOUR_NS
# How long after a time range the later spans of its traces are looked for.
TRACE_TAIL_NS = HOUR_NS

PING = "SELECT 1"

CREATE_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version UInt32, name String, checksum String, applied_at DateTime DEFAULT now()
) ENGINE = MergeTree ORDER BY version
"""
MIGRATIONS_ENGINE = """
SELECT engine FROM system.tables
WHERE database = currentDatabase() AND name = 'schema_migrations'
"""
SELECT_MIGRATIONS = "SELECT version, name, any(checksum) FROM schema_migrations GROUP BY ALL"
INSERT_MIGRATION = """
INSERT INTO schema_migrations (version, name, checksum)
SELECT {version:UInt32}, {name:String}, {checksum:String}
"""


class Query(NamedTuple):
    """A query and the values of its parameters."""

    text: str
    parameters: dict[str, object]


def arrived_from(from_ns: int) -> int:
    """Return when what starts at from_ns or later arrived first; both Unix ns.

    What starts in the future has a wrong clock, and may have arrived at any time.
    """
    return 0 if from_ns > time.time_ns() else max(from_ns - CLOCK_AHEAD_NS, 0)


# The end of a call that a span is: what clients say of tokens is kept apart from what all others
# say, for a call may be traced at both of its ends. Of what each says the larger counts.
OF_CLIENT, OF_OTHERS = "kind = 'client'", "kind != 'client'"

# What spans named that ended in the range, in whole minutes: from the minutes that are counted, the
# spans of other times, and those committed lately.
FACETS = """
WITH (SELECT max(toUnixTimestamp(minute)) + 60 FROM minutes WHERE minute <= now()) AS counted_to
SELECT
    arraySort(groupUniqArray(1000)(service_name)),
    arraySort(groupUniqArrayIf(1000)(model, model != ''))
FROM (
    SELECT DISTINCT service_name, model
    FROM minutes
    WHERE tenant_id = {tenant:String}
        AND minute >= toDateTime({from:Int64}, 'UTC')
        AND minute < toDateTime({to:Int64}, 'UTC')
    UNION ALL
    SELECT DISTINCT service_name, model
    FROM spans
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Second({arrived_from:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second({from:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')
        AND (
            end_time >= fromUnixTimestamp64Second(counted_to, 'UTC')
            OR end_time < fromUnixTimestamp64Second({counted_from:Int64}, 'UTC')
        )
    UNION ALL
    SELECT DISTINCT service_name, model
    FROM spans
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Second({lately:Int64}, 'UTC')
        AND end_time >= fromUnixTimestamp64Second({from:Int64}, 'UTC')
        AND end_time < fromUnixTimestamp64Second({to:Int64}, 'UTC')
)
"""

TRACE_SPANS = """
SELECT
    lower(hex(span_id)),
    if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))),
    name, service_name, toString(kind), toString(status),
    toUnixTimestamp64Nano(start_time), toUnixTimestamp64Nano(end_time),
    model, input_tokens, output_tokens, ttft_ms,
    -- One text for six arrays: arrays cost ten times as much to receive, and few spans differ.
    if(empty(`gpu.label`), '', toJSONString(arrayZip(
        `gpu.label`, `gpu.resource_uuid`, `gpu.physical_uuid`, `gpu.model`, `gpu.vendor`,
        `gpu.node_id`
    ))),
    length(`links.span_id`), length(`events.name`),
    multiIf(
        start_time > ingested_at + INTERVAL 1 MINUTE, 'ahead',
        end_time < ingested_at - INTERVAL 1 DAY, 'behind',
        ''
    )
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
"""

_SPAN_DETAILS = """
SELECT
    lower(hex(span_id)),
    if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))),
    name, toString(kind), service_name, scope_name, scope_version,
    toUnixTimestamp64Nano(start_time), toUnixTimestamp64Nano(end_time),
    toString(status), status_message, trace_state,
    mapKeys(attributes), mapValues(attributes), attribute_types,
    mapKeys(resource_attributes), mapValues(resource_attributes), resource_attribute_types,
    `events.name`, arrayMap(t -> toUnixTimestamp64Nano(t), `events.time`),
    arrayMap(m -> mapKeys(m), `events.attributes`),
    arrayMap(m -> mapValues(m), `events.attributes`), `events.attribute_types`,
    arrayMap(i -> lower(hex(i)), `links.trace_id`), arrayMap(i -> lower(hex(i)), `links.span_id`),
    `links.trace_state`,
    arrayMap(m -> mapKeys(m), `links.attributes`),
    arrayMap(m -> mapValues(m), `links.attributes`), `links.attribute_types`
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
"""

SPAN_DETAIL = _SPAN_DETAILS + "    AND span_id = unhex({span_id:String})\nLIMIT 1\n"

SPAN_DETAILS_PAGE = (
    _SPAN_DETAILS
    + """    AND (start_time, span_id) > (
        fromUnixTimestamp64Nano({after_start:Int64}, 'UTC'), unhex({after_span:String})
    )
ORDER BY start_time, span_id
LIMIT 1 BY span_id
LIMIT {limit:UInt32}
"""
)
