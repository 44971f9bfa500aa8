"""The SQL that finds the minutes and ticks that need a count."""

from __future__ import annotations

from axonize_server.store.clickhouse.minutes.count_sql import MINUTE, TICK, Unit


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
"""  # noqa: S608  (only fixed text is put together)


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
