"""Statements that remove a part of what a tenant has stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

# A statement returns when the rows are gone, on every replica.
SETTINGS = {"mutations_sync": 2}

_TRACE = "toFixedString(unhex({trace_id:String}), 16)"

IS_STORED = f"""
SELECT count()
FROM (
    SELECT 1 FROM spans
    WHERE tenant_id = {{tenant:String}} AND trace_id = {_TRACE} LIMIT 1
    UNION ALL
    SELECT 1 FROM traces
    WHERE tenant_id = {{tenant:String}} AND trace_id = {_TRACE} LIMIT 1
    UNION ALL
    SELECT 1 FROM engine_steps
    WHERE tenant_id = {{tenant:String}} AND has(trace_ids, {_TRACE}) LIMIT 1
)
"""  # noqa: S608  (only fixed text is put together)

# The minutes of a trace of which every span that was counted, if any, is still there; none older
# than those that are counted.
MINUTES_OF_TRACE = f"""
SELECT minute
FROM (
    SELECT toUnixTimestamp(toStartOfMinute(end_time)) AS minute, count() AS present
    FROM spans
    WHERE tenant_id = {{tenant:String}}
        AND toStartOfMinute(end_time) IN (
            SELECT toStartOfMinute(end_time) FROM spans
            WHERE tenant_id = {{tenant:String}} AND trace_id = {_TRACE}
        )
    GROUP BY minute
) AS there
LEFT JOIN (
    SELECT toUnixTimestamp(minute) AS minute, sum(stored) AS done
    FROM minutes FINAL
    WHERE tenant_id = {{tenant:String}}
    GROUP BY minute
) AS counted USING minute
WHERE present >= done AND minute >= toUnixTimestamp(now()) - {{kept_s:Int64}}
ORDER BY minute
"""  # noqa: S608  (as above)

# Which of these traces have spans or steps that were committed lately.
COME_BACK = """
SELECT DISTINCT tenant_id, lower(hex(trace_id))
FROM (
    SELECT tenant_id, trace_id FROM spans
    WHERE tenant_id IN {tenants:Array(String)}
        AND ingested_at >= now() - INTERVAL {since_s:Int64} SECOND
    UNION ALL
    SELECT tenant_id, arrayJoin(trace_ids) FROM engine_steps
    WHERE tenant_id IN {tenants:Array(String)}
        AND ingested_at >= now() - INTERVAL {since_s:Int64} SECOND
)
WHERE (tenant_id, trace_id) IN (
    SELECT pair.1, toFixedString(unhex(pair.2), 16)
    FROM (SELECT arrayJoin(arrayZip({tenants:Array(String)}, {traces:Array(String)})) AS pair)
)
"""

_OF_TRACE = f"tenant_id = {{tenant:String}} AND trace_id = {_TRACE}"
_UNLINK = (
    f"UPDATE span_ids = arrayMap((t, s) -> if(t = {_TRACE}, toFixedString('', 8), s), "
    "trace_ids, span_ids), "
    f"trace_ids = arrayMap(t -> if(t = {_TRACE}, toFixedString('', 16), t), trace_ids) "
    f"WHERE tenant_id = {{tenant:String}} AND has(trace_ids, {_TRACE})"
)
_MINUTES = (
    "DELETE WHERE tenant_id = {tenant:String} "
    "AND toUnixTimestamp(minute) IN {minutes:Array(UInt32)}"
)


def of_trace(cluster: str) -> tuple[str, ...]:
    """Return what removes the spans of a trace, its roll-up, and its place in engine steps."""
    return (
        _alter("spans", f"DELETE WHERE {_OF_TRACE}", cluster),
        _alter("traces", f"DELETE WHERE {_OF_TRACE}", cluster),
        _alter("engine_steps", _UNLINK, cluster),
    )


def minutes(cluster: str) -> str:
    """Return what removes some counted minutes of a tenant."""
    return _alter("minutes", _MINUTES, cluster)


def ticks(cluster: str) -> str:
    """Return what removes some counted ticks of a tenant."""
    return _alter("ticks", _MINUTES.replace("(minute)", "(tick)"), cluster)


# The day that each table is kept by: of commit, or for statistics that of the minute.
DAYS: Mapping[str, str] = {
    "spans": "toDate(ingested_at)",
    "engine_steps": "toDate(ingested_at)",
    "gpu_metrics": "toDate(ingested_at)",
    "traces": "day",
    "minutes": "toDate(minute)",
    "engine_minutes": "toDate(minute)",
}
# A client's clock would make the partitions of the others.
PARTITIONED = ("spans", "engine_steps", "gpu_metrics", "traces")


def stored_days(table: str) -> str:
    """Return the query for the days before {before} that hold rows, and whose these are."""
    day = DAYS[table]
    return f"""
SELECT {day} AS stored_day, groupUniqArray(tenant_id)
FROM {table}
WHERE {day} < {{before:Date}}
GROUP BY stored_day
ORDER BY stored_day
"""  # noqa: S608  (only names of the table above)


def drop_day(table: str, day: date, cluster: str) -> str:
    """Return what removes a day of a partitioned table, whoever it is of."""
    return _alter(table, f"DROP PARTITION ID '{day:%Y%m%d}'", cluster)


def delete_days(table: str, cluster: str) -> str:
    """Return what removes the days before that in {befores} of each of {tenants}.

    One statement, whatever is to be removed: each looks at every part of the table.
    """
    over = "transform(tenant_id, {tenants:Array(String)}, {befores:Array(Date)}, toDate(0))"
    return _alter(table, f"DELETE WHERE {DAYS[table]} < {over}", cluster)


def oldest_write(cluster: str) -> str:
    """Return the query for how long the oldest statement has been writing, s; 0 for none.

    ClickHouse goes on with what a server has asked for that is gone, or waits no longer.
    """
    processes = (
        f"clusterAllReplicas(`{cluster}`, system.processes)" if cluster else "system.processes"
    )
    return f"""
SELECT max(elapsed)
FROM {processes}
WHERE query_kind = 'Insert' AND current_database = currentDatabase()
"""  # noqa: S608  (only fixed text and the name of the cluster)


def _alter(table: str, change: str, cluster: str) -> str:
    """Return a change of the table that holds the rows, on every shard of a cluster."""
    if not cluster:
        return f"ALTER TABLE {table} {change}"
    return f"ALTER TABLE {table}_local ON CLUSTER `{cluster}` {change}"
