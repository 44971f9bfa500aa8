CREATE TABLE IF NOT EXISTS schema_migrations ON CLUSTER `main` (
    version UInt32, name String, checksum String, applied_at DateTime DEFAULT now()
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/all/{database}/schema_migrations', '{shard}-{replica}') ORDER BY version;

CREATE TABLE IF NOT EXISTS spans_local ON CLUSTER `main` (
    tenant_id LowCardinality(String),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    span_id FixedString(8) CODEC(ZSTD(1)),
    parent_span_id FixedString(8) CODEC(ZSTD(1)),
    trace_state String CODEC(ZSTD(1)),
    flags UInt32 CODEC(ZSTD(1)),
    name LowCardinality(String),
    kind Enum8('unspecified' = 0, 'internal' = 1, 'server' = 2, 'client' = 3, 'producer' = 4, 'consumer' = 5),
    service_name LowCardinality(String),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    start_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    end_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    duration_ns UInt64 MATERIALIZED toUnixTimestamp64Nano(end_time) - toUnixTimestamp64Nano(start_time) CODEC(ZSTD(1)),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
    status_message String CODEC(ZSTD(1)),
    operation LowCardinality(String),
    provider LowCardinality(String),
    model LowCardinality(String),
    response_model LowCardinality(String),
    input_tokens UInt32 CODEC(ZSTD(1)),
    output_tokens UInt32 CODEC(ZSTD(1)),
    cached_tokens UInt32 CODEC(ZSTD(1)),
    ttft_ms Float32 CODEC(ZSTD(1)),
    tpot_ms Float32 CODEC(ZSTD(1)),
    cost_usd Float64 CODEC(ZSTD(1)),
    http_status UInt16 CODEC(ZSTD(1)),
    error_type LowCardinality(String),
    environment LowCardinality(String),
    host LowCardinality(String),
    service_version LowCardinality(String),
    `gpu.label` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `gpu.resource_uuid` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `gpu.physical_uuid` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `gpu.model` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `gpu.vendor` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `gpu.node_id` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    attribute_types LowCardinality(String),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attribute_types LowCardinality(String),
    scope_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    scope_attribute_types LowCardinality(String),
    `events.time` Array(DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
    `events.name` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `events.attributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    `events.attribute_types` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    `links.trace_id` Array(FixedString(16)) CODEC(ZSTD(1)),
    `links.span_id` Array(FixedString(8)) CODEC(ZSTD(1)),
    `links.trace_state` Array(String) CODEC(ZSTD(1)),
    `links.attributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    `links.attribute_types` Array(LowCardinality(String)) CODEC(ZSTD(1)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX start_time_minmax start_time TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/spans_local', '{replica}')
PARTITION BY toDate(ingested_at)
ORDER BY (tenant_id, ingested_at)
TTL toDateTime(ingested_at) + INTERVAL 30 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, merge_selector_base = 16, min_bytes_for_wide_part = 134217728;

CREATE TABLE IF NOT EXISTS spans ON CLUSTER `main` AS spans_local
ENGINE = Distributed(`main`, currentDatabase(), spans_local, cityHash64(trace_id));

CREATE TABLE IF NOT EXISTS engine_steps_local ON CLUSTER `main` (
    tenant_id LowCardinality(String),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    engine_id LowCardinality(String),
    engine_name LowCardinality(String),
    engine_version LowCardinality(String),
    service_name LowCardinality(String),
    host LowCardinality(String),
    model LowCardinality(String),
    number UInt64 CODEC(Delta(8), ZSTD(1)),
    start_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    end_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    duration_ns UInt64 MATERIALIZED toUnixTimestamp64Nano(end_time) - toUnixTimestamp64Nano(start_time) CODEC(ZSTD(1)),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
    status_message String CODEC(ZSTD(1)),
    busy_seconds Float64 CODEC(ZSTD(1)),
    schedule_ms Float64 CODEC(ZSTD(1)),
    total_tokens UInt32 CODEC(ZSTD(1)),
    running UInt32 CODEC(ZSTD(1)),
    waiting UInt32 CODEC(ZSTD(1)),
    kv_cache_usage Float64 CODEC(ZSTD(1)),
    request_ids Array(String) CODEC(ZSTD(1)),
    trace_ids Array(FixedString(16)) CODEC(ZSTD(1)),
    span_ids Array(FixedString(8)) CODEC(ZSTD(1)),
    scheduled_tokens Array(UInt32) CODEC(ZSTD(1)),
    prefill_tokens Array(UInt32) CODEC(ZSTD(1)),
    draft_tokens Array(UInt32) CODEC(ZSTD(1)),
    accepted_tokens Array(UInt32) CODEC(ZSTD(1)),
    preempted_ids Array(String) CODEC(ZSTD(1)),
    cuda_graph_mode LowCardinality(String),
    gpu_count UInt16 CODEC(ZSTD(1)),
    gpu_seconds Float64 CODEC(ZSTD(1)),
    attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    attribute_types LowCardinality(String),
    resource_attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    resource_attribute_types LowCardinality(String),
    INDEX trace_ids_bloom trace_ids TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX preempted_ids_bloom preempted_ids TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX start_time_minmax start_time TYPE minmax GRANULARITY 1
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/engine_steps_local', '{replica}')
PARTITION BY toDate(ingested_at)
ORDER BY (tenant_id, ingested_at)
TTL toDateTime(ingested_at) + INTERVAL 30 DAY
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, merge_selector_base = 16, min_bytes_for_wide_part = 134217728;

CREATE TABLE IF NOT EXISTS engine_steps ON CLUSTER `main` AS engine_steps_local
ENGINE = Distributed(`main`, currentDatabase(), engine_steps_local, cityHash64(engine_id));

CREATE TABLE IF NOT EXISTS gpu_metrics_local ON CLUSTER `main` (
    tenant_id LowCardinality(String),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    host LowCardinality(String),
    physical_uuid LowCardinality(String),
    resource_uuid LowCardinality(String),
    model LowCardinality(String),
    vendor LowCardinality(String),
    emitter LowCardinality(String),
    power_source LowCardinality(String),
    utilization Nullable(Float32) CODEC(ZSTD(1)),
    memory_used_bytes Nullable(UInt64) CODEC(ZSTD(1)),
    memory_total_bytes Nullable(UInt64) CODEC(ZSTD(1)),
    temperature_c Nullable(Float32) CODEC(ZSTD(1)),
    power_w Nullable(Float32) CODEC(ZSTD(1)),
    energy_j Nullable(Float64) CODEC(ZSTD(1)),
    sm_clock_mhz Nullable(Float32) CODEC(ZSTD(1)),
    memory_clock_mhz Nullable(Float32) CODEC(ZSTD(1)),
    throttle_reasons Nullable(UInt64) CODEC(ZSTD(1)),
    ecc_corrected Nullable(UInt64) CODEC(ZSTD(1)),
    ecc_uncorrected Nullable(UInt64) CODEC(ZSTD(1)),
    xid_errors Nullable(UInt64) CODEC(ZSTD(1)),
    xid_last Nullable(UInt64) CODEC(ZSTD(1)),
    pcie_rx_bytes_per_s Nullable(Float64) CODEC(ZSTD(1)),
    pcie_tx_bytes_per_s Nullable(Float64) CODEC(ZSTD(1)),
    nvlink_rx_bytes_per_s Nullable(Float64) CODEC(ZSTD(1)),
    nvlink_tx_bytes_per_s Nullable(Float64) CODEC(ZSTD(1)),
    sm_active Nullable(Float32) CODEC(ZSTD(1)),
    tensor_active Nullable(Float32) CODEC(ZSTD(1)),
    dram_active Nullable(Float32) CODEC(ZSTD(1))
)
ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/gpu_metrics_local', '{replica}')
PARTITION BY toDate(ingested_at)
ORDER BY (tenant_id, resource_uuid, time)
TTL toDateTime(ingested_at) + INTERVAL 7 DAY
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS gpu_metrics ON CLUSTER `main` AS gpu_metrics_local
ENGINE = Distributed(`main`, currentDatabase(), gpu_metrics_local, cityHash64(resource_uuid));

CREATE TABLE IF NOT EXISTS traces_local ON CLUSTER `main` (
    tenant_id LowCardinality(String),
    day Date,
    slot UInt32 CODEC(Delta(4), ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)),
    start_time SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    end_time SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(Delta(8), ZSTD(1)),
    entry SimpleAggregateFunction(min, String) CODEC(ZSTD(1)),
    services SimpleAggregateFunction(groupUniqArrayArray(10000), Array(String)) CODEC(ZSTD(1)),
    models SimpleAggregateFunction(groupUniqArrayArray(10000), Array(String)) CODEC(ZSTD(1)),
    service_hashes SimpleAggregateFunction(groupUniqArrayArray(10000), Array(UInt64)) CODEC(ZSTD(1)),
    model_hashes SimpleAggregateFunction(groupUniqArrayArray(10000), Array(UInt64)) CODEC(ZSTD(1)),
    gpu_hashes SimpleAggregateFunction(groupUniqArrayArray(10000), Array(UInt64)) CODEC(ZSTD(1)),
    names SimpleAggregateFunction(groupUniqArrayArray(10000), Array(String)) CODEC(ZSTD(1)),
    span_ids SimpleAggregateFunction(groupUniqArrayArray(10000), Array(UInt64)) CODEC(ZSTD(1)),
    error_ids SimpleAggregateFunction(groupUniqArrayArray(10000), Array(UInt64)) CODEC(ZSTD(1)),
    tokens SimpleAggregateFunction(groupUniqArrayArray(10000), Array(Tuple(UInt64, UInt32, UInt32))) CODEC(ZSTD(1)),
    ttft_ms SimpleAggregateFunction(min, Nullable(Float32)) CODEC(ZSTD(1)),
    INDEX trace_id_bloom trace_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/traces_local', '{replica}')
PARTITION BY day
ORDER BY (tenant_id, slot, trace_id)
TTL day + INTERVAL 90 DAY
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS traces ON CLUSTER `main` AS traces_local
ENGINE = Distributed(`main`, currentDatabase(), traces_local, cityHash64(trace_id));

CREATE TABLE IF NOT EXISTS rolled_up_seconds_local ON CLUSTER `main` (
    second DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    spans SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedAggregatingMergeTree('/clickhouse/tables/{shard}/{database}/rolled_up_seconds_local', '{replica}')
PARTITION BY toYYYYMM(second)
ORDER BY second
TTL second + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1;

CREATE TABLE IF NOT EXISTS rolled_up_seconds ON CLUSTER `main` AS rolled_up_seconds_local
ENGINE = Distributed(`main`, currentDatabase(), rolled_up_seconds_local, cityHash64(second));

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS energy_j Float64 CODEC(ZSTD(1)) AFTER gpu_seconds;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS energy_j Float64 CODEC(ZSTD(1)) AFTER gpu_seconds;

CREATE TABLE IF NOT EXISTS minutes_local ON CLUSTER `main` (
    tenant_id LowCardinality(String),
    minute DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    service_name LowCardinality(String),
    model LowCardinality(String),
    operation LowCardinality(String),
    stored UInt64 CODEC(ZSTD(1)),
    spans UInt64 CODEC(ZSTD(1)),
    errors UInt64 CODEC(ZSTD(1)),
    input_tokens UInt64 CODEC(ZSTD(1)),
    output_tokens UInt64 CODEC(ZSTD(1)),
    cost_usd Float64 CODEC(ZSTD(1)),
    durations Map(UInt16, UInt64) CODEC(ZSTD(1)),
    ttfts Map(UInt16, UInt64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/minutes_local', '{replica}', stored)
ORDER BY (tenant_id, minute, service_name, model, operation)
TTL minute + INTERVAL 90 DAY
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS minutes ON CLUSTER `main` AS minutes_local
ENGINE = Distributed(`main`, currentDatabase(), minutes_local, cityHash64(minute));

ALTER TABLE spans_local ON CLUSTER `main` ADD INDEX IF NOT EXISTS end_time_minmax end_time TYPE minmax GRANULARITY 1;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS idle_gpu_seconds Float64 CODEC(ZSTD(1)) AFTER energy_j;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS idle_gpu_seconds Float64 CODEC(ZSTD(1)) AFTER energy_j;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS idle_energy_j Float64 CODEC(ZSTD(1)) AFTER idle_gpu_seconds;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS idle_energy_j Float64 CODEC(ZSTD(1)) AFTER idle_gpu_seconds;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS energy_source LowCardinality(String) AFTER idle_energy_j;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS energy_source LowCardinality(String) AFTER idle_energy_j;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS cost_per_hour_usd Float64 CODEC(ZSTD(1)) AFTER energy_source;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS cost_per_hour_usd Float64 CODEC(ZSTD(1)) AFTER energy_source;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS ended_requests UInt32 CODEC(ZSTD(1)) AFTER cost_per_hour_usd;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS ended_requests UInt32 CODEC(ZSTD(1)) AFTER cost_per_hour_usd;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS gpu_uuids Array(LowCardinality(String)) CODEC(ZSTD(1)) AFTER ended_requests;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS gpu_uuids Array(LowCardinality(String)) CODEC(ZSTD(1)) AFTER ended_requests;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS gpu_shares Array(Float64) CODEC(ZSTD(1)) AFTER gpu_uuids;

ALTER TABLE engine_steps ON CLUSTER `main` ADD COLUMN IF NOT EXISTS gpu_shares Array(Float64) CODEC(ZSTD(1)) AFTER gpu_uuids;

ALTER TABLE engine_steps_local ON CLUSTER `main` ADD INDEX IF NOT EXISTS end_time_minmax end_time TYPE minmax GRANULARITY 1;

CREATE TABLE IF NOT EXISTS engine_minutes_local ON CLUSTER `main` (
    tenant_id LowCardinality(String),
    minute DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    engine_id LowCardinality(String),
    service_name LowCardinality(String),
    model LowCardinality(String),
    stored UInt64 CODEC(ZSTD(1)),
    gpu_count UInt16 CODEC(ZSTD(1)),
    gpu_uuids Array(LowCardinality(String)) CODEC(ZSTD(1)),
    gpu_shares Array(Float64) CODEC(ZSTD(1)),
    cost_per_hour_usd Float64 CODEC(ZSTD(1)),
    energy_sources Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ended_requests UInt64 CODEC(ZSTD(1)),
    total_tokens UInt64 CODEC(ZSTD(1)),
    prefill_tokens UInt64 CODEC(ZSTD(1)),
    busy_gpu_seconds Float64 CODEC(ZSTD(1)),
    idle_gpu_seconds Float64 CODEC(ZSTD(1)),
    measured_gpu_seconds Float64 CODEC(ZSTD(1)),
    busy_energy_j Float64 CODEC(ZSTD(1)),
    idle_energy_j Float64 CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/engine_minutes_local', '{replica}', stored)
ORDER BY (tenant_id, minute, engine_id)
TTL minute + INTERVAL 90 DAY
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS engine_minutes ON CLUSTER `main` AS engine_minutes_local
ENGINE = Distributed(`main`, currentDatabase(), engine_minutes_local, cityHash64(minute));

ALTER TABLE minutes_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS cached_tokens UInt64 CODEC(ZSTD(1)) AFTER output_tokens;

ALTER TABLE minutes ON CLUSTER `main` ADD COLUMN IF NOT EXISTS cached_tokens UInt64 CODEC(ZSTD(1)) AFTER output_tokens;

ALTER TABLE minutes_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS tpots Map(UInt16, UInt64) CODEC(ZSTD(1)) AFTER ttfts;

ALTER TABLE minutes ON CLUSTER `main` ADD COLUMN IF NOT EXISTS tpots Map(UInt16, UInt64) CODEC(ZSTD(1)) AFTER ttfts;

ALTER TABLE spans_local ON CLUSTER `main` MODIFY TTL toDateTime(ingested_at) + INTERVAL 1096 DAY;

ALTER TABLE engine_steps_local ON CLUSTER `main` MODIFY TTL toDateTime(ingested_at) + INTERVAL 1096 DAY;

ALTER TABLE gpu_metrics_local ON CLUSTER `main` MODIFY TTL toDateTime(ingested_at) + INTERVAL 1096 DAY;

ALTER TABLE traces_local ON CLUSTER `main` MODIFY TTL day + INTERVAL 1096 DAY;

ALTER TABLE minutes_local ON CLUSTER `main` MODIFY TTL minute + INTERVAL 1096 DAY;

ALTER TABLE engine_minutes_local ON CLUSTER `main` MODIFY TTL minute + INTERVAL 1096 DAY;

ALTER TABLE rolled_up_seconds_local ON CLUSTER `main` MODIFY TTL second + INTERVAL 1096 DAY;

CREATE TABLE IF NOT EXISTS processes_local ON CLUSTER `main` (
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
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/processes_local', '{replica}', ingested_at)
ORDER BY (tenant_id, instance_id)
TTL toDateTime(ingested_at) + INTERVAL 7 DAY
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS processes ON CLUSTER `main` AS processes_local
ENGINE = Distributed(`main`, currentDatabase(), processes_local, cityHash64(instance_id));

ALTER TABLE spans_local ON CLUSTER `main` MODIFY SETTING max_parts_to_merge_at_once = 24;

ALTER TABLE traces_local ON CLUSTER `main` MODIFY SETTING max_parts_to_merge_at_once = 24, max_compress_block_size = 262144;

ALTER TABLE spans_local ON CLUSTER `main` MODIFY COLUMN start_time CODEC(T64, LZ4),
    MODIFY COLUMN end_time CODEC(T64, LZ4),
    MODIFY COLUMN duration_ns CODEC(T64, LZ4),
    MODIFY COLUMN input_tokens CODEC(T64, ZSTD(1)),
    MODIFY COLUMN output_tokens CODEC(T64, ZSTD(1)),
    MODIFY COLUMN name CODEC(ZSTD(1)),
    MODIFY COLUMN kind CODEC(ZSTD(1)),
    MODIFY COLUMN service_name CODEC(ZSTD(1)),
    MODIFY COLUMN operation CODEC(ZSTD(1)),
    MODIFY COLUMN provider CODEC(ZSTD(1)),
    MODIFY COLUMN model CODEC(ZSTD(1)),
    MODIFY COLUMN response_model CODEC(ZSTD(1)),
    MODIFY COLUMN host CODEC(ZSTD(1)),
    MODIFY COLUMN attribute_types CODEC(ZSTD(1));

ALTER TABLE spans ON CLUSTER `main` MODIFY COLUMN start_time CODEC(T64, LZ4),
    MODIFY COLUMN end_time CODEC(T64, LZ4),
    MODIFY COLUMN duration_ns CODEC(T64, LZ4),
    MODIFY COLUMN input_tokens CODEC(T64, ZSTD(1)),
    MODIFY COLUMN output_tokens CODEC(T64, ZSTD(1)),
    MODIFY COLUMN name CODEC(ZSTD(1)),
    MODIFY COLUMN kind CODEC(ZSTD(1)),
    MODIFY COLUMN service_name CODEC(ZSTD(1)),
    MODIFY COLUMN operation CODEC(ZSTD(1)),
    MODIFY COLUMN provider CODEC(ZSTD(1)),
    MODIFY COLUMN model CODEC(ZSTD(1)),
    MODIFY COLUMN response_model CODEC(ZSTD(1)),
    MODIFY COLUMN host CODEC(ZSTD(1)),
    MODIFY COLUMN attribute_types CODEC(ZSTD(1));

CREATE TABLE IF NOT EXISTS ticks_local ON CLUSTER `main` (
    tenant_id LowCardinality(String),
    tick DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    service_name LowCardinality(String),
    model LowCardinality(String),
    operation LowCardinality(String),
    stored UInt64 CODEC(ZSTD(1)),
    spans UInt64 CODEC(ZSTD(1)),
    errors UInt64 CODEC(ZSTD(1)),
    input_tokens UInt64 CODEC(ZSTD(1)),
    output_tokens UInt64 CODEC(ZSTD(1)),
    cached_tokens UInt64 CODEC(ZSTD(1)),
    cost_usd Float64 CODEC(ZSTD(1)),
    durations Map(UInt16, UInt64) CODEC(ZSTD(1)),
    ttfts Map(UInt16, UInt64) CODEC(ZSTD(1)),
    tpots Map(UInt16, UInt64) CODEC(ZSTD(1))
)
ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/ticks_local', '{replica}', stored)
ORDER BY (tenant_id, tick, service_name, model, operation)
TTL tick + INTERVAL 1 DAY
SETTINGS index_granularity = 1024;

CREATE TABLE IF NOT EXISTS ticks ON CLUSTER `main` AS ticks_local
ENGINE = Distributed(`main`, currentDatabase(), ticks_local, cityHash64(tick));

ALTER TABLE traces_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS client_tokens
    SimpleAggregateFunction(groupUniqArrayArray(10000), Array(Tuple(UInt64, UInt32, UInt32)))
    DEFAULT tokens CODEC(ZSTD(1)) AFTER tokens;

ALTER TABLE traces ON CLUSTER `main` ADD COLUMN IF NOT EXISTS client_tokens
    SimpleAggregateFunction(groupUniqArrayArray(10000), Array(Tuple(UInt64, UInt32, UInt32)))
    DEFAULT tokens CODEC(ZSTD(1)) AFTER tokens;

ALTER TABLE minutes_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS client_input_tokens UInt64 DEFAULT input_tokens CODEC(ZSTD(1)) AFTER cached_tokens,
    ADD COLUMN IF NOT EXISTS client_output_tokens UInt64 DEFAULT output_tokens CODEC(ZSTD(1)) AFTER client_input_tokens,
    ADD COLUMN IF NOT EXISTS client_cached_tokens UInt64 DEFAULT cached_tokens CODEC(ZSTD(1)) AFTER client_output_tokens;

ALTER TABLE minutes ON CLUSTER `main` ADD COLUMN IF NOT EXISTS client_input_tokens UInt64 DEFAULT input_tokens CODEC(ZSTD(1)) AFTER cached_tokens,
    ADD COLUMN IF NOT EXISTS client_output_tokens UInt64 DEFAULT output_tokens CODEC(ZSTD(1)) AFTER client_input_tokens,
    ADD COLUMN IF NOT EXISTS client_cached_tokens UInt64 DEFAULT cached_tokens CODEC(ZSTD(1)) AFTER client_output_tokens;

ALTER TABLE ticks_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS client_input_tokens UInt64 DEFAULT input_tokens CODEC(ZSTD(1)) AFTER cached_tokens,
    ADD COLUMN IF NOT EXISTS client_output_tokens UInt64 DEFAULT output_tokens CODEC(ZSTD(1)) AFTER client_input_tokens,
    ADD COLUMN IF NOT EXISTS client_cached_tokens UInt64 DEFAULT cached_tokens CODEC(ZSTD(1)) AFTER client_output_tokens;

ALTER TABLE ticks ON CLUSTER `main` ADD COLUMN IF NOT EXISTS client_input_tokens UInt64 DEFAULT input_tokens CODEC(ZSTD(1)) AFTER cached_tokens,
    ADD COLUMN IF NOT EXISTS client_output_tokens UInt64 DEFAULT output_tokens CODEC(ZSTD(1)) AFTER client_input_tokens,
    ADD COLUMN IF NOT EXISTS client_cached_tokens UInt64 DEFAULT cached_tokens CODEC(ZSTD(1)) AFTER client_output_tokens;

ALTER TABLE spans_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS setup Bool CODEC(ZSTD(1)) AFTER error_type;

ALTER TABLE spans ON CLUSTER `main` ADD COLUMN IF NOT EXISTS setup Bool CODEC(ZSTD(1)) AFTER error_type;

ALTER TABLE traces_local ON CLUSTER `main` ADD COLUMN IF NOT EXISTS setup SimpleAggregateFunction(max, Bool) CODEC(ZSTD(1)) AFTER ttft_ms;

ALTER TABLE traces ON CLUSTER `main` ADD COLUMN IF NOT EXISTS setup SimpleAggregateFunction(max, Bool) CODEC(ZSTD(1)) AFTER ttft_ms;

ALTER TABLE traces_local ON CLUSTER `main` MODIFY COLUMN start_time CODEC(T64, LZ4),
    MODIFY COLUMN end_time CODEC(T64, LZ4),
    MODIFY COLUMN service_hashes CODEC(LZ4),
    MODIFY COLUMN model_hashes CODEC(LZ4);

ALTER TABLE traces ON CLUSTER `main` MODIFY COLUMN start_time CODEC(T64, LZ4),
    MODIFY COLUMN end_time CODEC(T64, LZ4),
    MODIFY COLUMN service_hashes CODEC(LZ4),
    MODIFY COLUMN model_hashes CODEC(LZ4);

ALTER TABLE spans_local ON CLUSTER `main` MODIFY COLUMN duration_ns REMOVE CODEC;

ALTER TABLE spans ON CLUSTER `main` MODIFY COLUMN duration_ns REMOVE CODEC;

ALTER TABLE spans_local ON CLUSTER `main` MODIFY COLUMN duration_ns UInt64 ALIAS toUnixTimestamp64Nano(end_time) - toUnixTimestamp64Nano(start_time);

ALTER TABLE spans ON CLUSTER `main` MODIFY COLUMN duration_ns UInt64 ALIAS toUnixTimestamp64Nano(end_time) - toUnixTimestamp64Nano(start_time);

ALTER TABLE spans_local ON CLUSTER `main` MODIFY COLUMN resource_attributes CODEC(LZ4),
    MODIFY COLUMN scope_attributes CODEC(LZ4);

ALTER TABLE spans ON CLUSTER `main` MODIFY COLUMN resource_attributes CODEC(LZ4),
    MODIFY COLUMN scope_attributes CODEC(LZ4);

ALTER TABLE spans_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE engine_steps_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE gpu_metrics_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE traces_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE rolled_up_seconds_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE minutes_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE ticks_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE engine_minutes_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE processes_local ON CLUSTER `main` MODIFY SETTING auto_statistics_types = '';

ALTER TABLE spans_local ON CLUSTER `main` MODIFY SETTING string_serialization_version = 'single_stream';

ALTER TABLE spans_local ON CLUSTER `main` MODIFY SETTING write_marks_for_substreams_in_compact_parts = 0;
