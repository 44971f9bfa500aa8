"""Every query on engine steps; values are always bound, the tenant comes first.

A retried request may have stored a step twice, so a step is taken once by engine, number and start.
A record with the number 0 is no step: nothing ran.
"""

from __future__ import annotations

from axonize_server.steps import StepKey, StepSearch
from axonize_server.store.clickhouse.sql import Query, arrived_from

_STEP_COLUMNS = """
SELECT
    engine_id, engine_name, engine_version, model, service_name, host, gpu_count,
    number, toUnixTimestamp64Nano(start_time), toUnixTimestamp64Nano(end_time),
    toString(status), status_message, busy_seconds, schedule_ms, total_tokens,
    running, waiting, kv_cache_usage, cuda_graph_mode, gpu_seconds, energy_j,
    mapKeys(attributes), mapValues(attributes), attribute_types,
    -- One text for each array: arrays cost ten times as much to receive.
    toJSONString(preempted_ids), toJSONString(request_ids),
    toJSONString(arrayMap(i -> if(i = toFixedString('', 16), '', lower(hex(i))), trace_ids)),
    toJSONString(arrayMap(i -> if(i = toFixedString('', 8), '', lower(hex(i))), span_ids)),
    toJSONString(scheduled_tokens), toJSONString(prefill_tokens),
    toJSONString(draft_tokens), toJSONString(accepted_tokens)
FROM engine_steps
"""

# The keys are found first: a step is as large as its batch, and most that are read are not wanted.
_STEPS = (
    _STEP_COLUMNS  # noqa: S608 - fixed text
    + """PREWHERE (start_time, engine_id, number) IN (
    SELECT start_time, engine_id, number
    FROM engine_steps
    WHERE tenant_id = {{tenant:String}}
        AND ingested_at >= fromUnixTimestamp64Nano({{arrived_from:Int64}}, 'UTC')
        AND start_time >= fromUnixTimestamp64Nano({{from:Int64}}, 'UTC')
        AND start_time < fromUnixTimestamp64Nano({{to:Int64}}, 'UTC')
        AND number > 0{conditions}
    ORDER BY start_time DESC, engine_id DESC, number DESC
    LIMIT 1 BY start_time, engine_id, number
    LIMIT {{limit:UInt32}}
)
WHERE tenant_id = {{tenant:String}}
    AND ingested_at >= fromUnixTimestamp64Nano({{arrived_from:Int64}}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({{from:Int64}}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({{to:Int64}}, 'UTC')
ORDER BY start_time DESC, engine_id DESC, number DESC
LIMIT 1 BY start_time, engine_id, number
"""
)


def steps(tenant: str, search: StepSearch, after: StepKey | None, limit: int) -> Query:
    """Build the query for steps of one engine or of all, newest first."""
    conditions = ""
    parameters: dict[str, object] = {
        "tenant": tenant,
        "arrived_from": arrived_from(search.from_ns),
        "from": search.from_ns,
        "to": search.to_ns,
        "limit": limit,
    }
    if search.engine_id is not None:
        conditions += "\n        AND engine_id = {engine:String}"
        parameters["engine"] = search.engine_id
    if after is not None:
        conditions += f"\n        AND {_AFTER_STEP.format(comparison='<')}"
        parameters |= _after_step(after)
    return Query(_STEPS.format(conditions=conditions), parameters)


_AFTER_STEP = (
    "(start_time, engine_id, number) {comparison} "
    "(fromUnixTimestamp64Nano({{after_start:Int64}}, 'UTC'), {{after_engine:String}}, "
    "{{after_number:UInt64}})"
)


def _after_step(after: StepKey) -> dict[str, object]:
    return {
        "after_start": after.start_ns,
        "after_engine": after.engine_id,
        "after_number": after.number,
    }


ENGINES = """
SELECT
    engine_id, any(engine_name), any(engine_version), any(model), any(service_name), any(host),
    max(gpu_count),
    groupBitmap(number), toUnixTimestamp64Nano(min(start_time)),
    toUnixTimestamp64Nano(max(end_time))
FROM engine_steps
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
    AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
    AND number > 0
GROUP BY engine_id
ORDER BY max(end_time) DESC, engine_id
LIMIT 1000
"""

# Each step once, and no rest; then each engine by itself, because requests run on several at the
# same time.
_STEPS_ONCE = """
        SELECT
            engine_id, any(model) AS model,
            intDiv(toUnixTimestamp64Nano(start_time) - {from:Int64}, {width:Int64}) AS bucket,
            any(running) AS running, any(waiting) AS waiting, any(kv_cache_usage) AS usage,
            any(total_tokens) AS tokens, any(arraySum(prefill_tokens)) AS prefill,
            any(length(preempted_ids)) AS preempted, any(busy_seconds) AS busy,
            any(gpu_seconds) AS gpu_seconds, any(energy_j) AS energy_j
        FROM engine_steps
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
            AND start_time < fromUnixTimestamp64Nano({to:Int64}, 'UTC')
            AND number > 0
            AND ({service:Nullable(String)} IS NULL
                OR engine_steps.service_name = {service:Nullable(String)})
            AND ({model:Nullable(String)} IS NULL
                OR engine_steps.model = {model:Nullable(String)})
        GROUP BY engine_id, number, start_time"""

STEPS_OVER_TIME = f"""
SELECT
    bucket, sum(steps), sum(running), sum(waiting), avg(kv), max(most_kv), sum(tokens),
    sum(prefill), sum(preempted), sum(busy), sum(gpu_seconds), sum(energy_j)
FROM (
    SELECT
        bucket, count() AS steps, avg(running) AS running, avg(waiting) AS waiting,
        avg(usage) AS kv, max(usage) AS most_kv, sum(tokens) AS tokens, sum(prefill) AS prefill,
        sum(preempted) AS preempted, sum(busy) AS busy, sum(gpu_seconds) AS gpu_seconds,
        sum(energy_j) AS energy_j
    FROM ({_STEPS_ONCE}
    )
    GROUP BY engine_id, bucket
)
GROUP BY bucket
ORDER BY bucket
"""  # noqa: S608 - fixed text

STEPS_BY_MODEL = f"""
SELECT model, count(), sum(busy), sum(gpu_seconds), sum(energy_j)
FROM ({_STEPS_ONCE}
)
GROUP BY model
ORDER BY model
LIMIT 1000
"""  # noqa: S608 - fixed text

TRACE_START = """
SELECT count(), toUnixTimestamp64Nano(min(start_time))
FROM spans
WHERE tenant_id = {tenant:String} AND trace_id = unhex({trace_id:String})
"""

RIDES = """
SELECT
    groupUniqArrayArray(arrayMap(
        (r, s) -> [engine_id, r, if(s = toFixedString('', 8), '', lower(hex(s)))],
        arrayFilter((r, t) -> t = unhex({trace_id:String}), request_ids, trace_ids),
        arrayFilter((s, t) -> t = unhex({trace_id:String}), span_ids, trace_ids)
    )),
    toUnixTimestamp64Nano(min(start_time)), toUnixTimestamp64Nano(max(start_time))
FROM engine_steps
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND has(trace_ids, toFixedString(unhex({trace_id:String}), 16))
"""

# A request that is preempted for a step does not ride in it, so its trace is not among the step's.
TRACE_STEPS = (
    _STEP_COLUMNS  # noqa: S608 - fixed text
    + """PREWHERE (start_time, engine_id, number) IN (
    SELECT DISTINCT start_time, engine_id, number
    FROM (
        SELECT start_time, engine_id, number
        FROM engine_steps
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND has(trace_ids, toFixedString(unhex({trace_id:String}), 16))
        UNION ALL
        SELECT start_time, engine_id, number
        FROM engine_steps
        WHERE tenant_id = {tenant:String}
            AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
            AND start_time >= fromUnixTimestamp64Nano({first:Int64}, 'UTC')
            AND start_time <= fromUnixTimestamp64Nano({last:Int64}, 'UTC')
            AND engine_id IN {engines:Array(String)}
            AND hasAny(preempted_ids, {requests:Array(String)})
    )
    WHERE """
    + _AFTER_STEP.format(comparison=">")
    + """
    ORDER BY start_time, engine_id, number
    LIMIT {limit:UInt32}
)
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({arrived_from:Int64}, 'UTC')
    AND start_time >= fromUnixTimestamp64Nano({first:Int64}, 'UTC')
    AND start_time <= fromUnixTimestamp64Nano({last:Int64}, 'UTC')
ORDER BY start_time, engine_id, number
LIMIT 1 BY start_time, engine_id, number
"""
)
