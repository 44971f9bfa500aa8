"""Queries on all that a tenant has stored."""

from __future__ import annotations

# Never less than SPANS, and read from the sort key alone.
ROWS = """
SELECT count()
FROM spans
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND ingested_at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
"""

# A request that was sent again after midnight counts on the day when it was stored first.
SPANS = """
SELECT count()
FROM (
    SELECT 1
    FROM spans
    WHERE tenant_id = {tenant:String}
        AND ingested_at >= fromUnixTimestamp64Nano({before:Int64}, 'UTC')
        AND ingested_at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    GROUP BY trace_id, span_id
    HAVING min(ingested_at) >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
)
"""

STEPS = """
SELECT count(), sum(seconds)
FROM (
    SELECT any(gpu_seconds) AS seconds
    FROM engine_steps
    WHERE tenant_id = {tenant:String} AND number > 0
        AND ingested_at >= fromUnixTimestamp64Nano({before:Int64}, 'UTC')
        AND ingested_at < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    GROUP BY engine_id, number, start_time
    HAVING min(ingested_at) >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
)
"""

# Later releases may add tables: whatever names a tenant is its own. What is rolled up of others
# comes after them, or it would be rolled up again.
TABLES = """
SELECT table
FROM system.columns
WHERE database = currentDatabase() AND name = 'tenant_id'
    AND table IN (
        SELECT name FROM system.tables
        WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
    )
ORDER BY match(table, '^(traces|minutes|ticks|engine_minutes)'), table
"""
COUNT = "SELECT count() FROM {table:Identifier} WHERE tenant_id = {tenant:String}"
# The statement returns when the rows are gone, on every replica.
DELETE_SETTINGS = {"mutations_sync": 2}


def delete(cluster: str) -> str:
    """Return the statement that removes a tenant from one table, on every shard of a cluster."""
    where = f" ON CLUSTER `{cluster}`" if cluster else ""
    return f"ALTER TABLE {{table:Identifier}}{where} DELETE WHERE tenant_id = {{tenant:String}}"
