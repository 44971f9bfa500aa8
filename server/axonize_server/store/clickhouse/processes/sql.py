"""The SQL of processes that send telemetry."""

from __future__ import annotations

SERVICES_SINCE = """
SELECT DISTINCT service_name
FROM processes
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
"""

SEEN_SINCE = """
SELECT
    instance_id, toUnixTimestamp64Nano(toDateTime64(ingested_at, 9, 'UTC')),
    service_name, environment, host, pid, command, runtime_name, runtime_version,
    sdk_name, sdk_language, sdk_version,
    spans_exported, spans_waiting, spans_dropped,
    hooks.integration, hooks.state, hooks.count,
    faults.integration, faults.state, faults.target, faults.detail
FROM processes FINAL
WHERE tenant_id = {tenant:String}
    AND ingested_at >= fromUnixTimestamp64Nano({from:Int64}, 'UTC')
ORDER BY ingested_at DESC, instance_id
LIMIT {limit:UInt32}
"""
