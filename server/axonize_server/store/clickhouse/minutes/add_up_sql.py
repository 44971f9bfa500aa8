"""The SQL that adds minutes up from their ticks, in a thousandth of the time of a count."""

from __future__ import annotations

from axonize_server.store.clickhouse.minutes.count_sql import COUNTED, MINUTE, TICK, among
from axonize_server.store.clickhouse.minutes.question_sql import TOTALS

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
        WHERE {among(MINUTE)}
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
"""  # noqa: S608  (only fixed text is put together)

ADD_UP_TICKS = f"""
INSERT INTO minutes (
    tenant_id, minute, service_name, model, operation, stored,
    {COUNTED}
)
SELECT
    tenant_id, toStartOfMinute(tick) AS minute, service_name, model, operation,
    sum(stored),{TOTALS}
FROM ticks FINAL
WHERE {_TICKS_AMONG}
GROUP BY tenant_id, minute, service_name, model, operation
ORDER BY minute
"""  # noqa: S608  (as above)
