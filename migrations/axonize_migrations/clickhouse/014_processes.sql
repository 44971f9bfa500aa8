-- What each process that sends telemetry last said of its own: one row a process, the newest report holds.
-- A week is as long as anyone asks which processes there were; what they sent is in the other tables.
CREATE TABLE IF NOT EXISTS processes (
    tenant_id LowCardinality(String),
    instance_id String,
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3),
    service_name LowCardinality(String),
    environment LowCardinality(String),
    host LowCardinality(String),
    pid UInt64,
    command String,
    runtime_name LowCardinality(String),
    runtime_version LowCardinality(String),
    sdk_name LowCardinality(String),
    sdk_language LowCardinality(String),
    sdk_version LowCardinality(String),
    spans_exported UInt64,
    spans_waiting UInt64,
    spans_dropped Map(LowCardinality(String), UInt64),
    `hooks.integration` Array(LowCardinality(String)),
    `hooks.state` Array(LowCardinality(String)),
    `hooks.count` Array(UInt64),
    `faults.integration` Array(LowCardinality(String)),
    `faults.state` Array(LowCardinality(String)),
    `faults.target` Array(String),
    `faults.detail` Array(String)
)
ENGINE = ReplacingMergeTree(ingested_at)
ORDER BY (tenant_id, instance_id)
TTL toDateTime(ingested_at) + INTERVAL 7 DAY
SETTINGS index_granularity = 1024;
