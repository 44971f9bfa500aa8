-- One row a step of an inference engine, in the order of commit like the spans. The arrays have one
-- entry for each request of the step, in the scheduler's order; those of speculation may be empty.
-- A row is as large as its batch, so the granules are smaller than those of spans.
CREATE TABLE IF NOT EXISTS engine_steps (
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
ENGINE = MergeTree
PARTITION BY toDate(ingested_at)
ORDER BY (tenant_id, ingested_at)
TTL toDateTime(ingested_at) + INTERVAL 30 DAY
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, merge_selector_base = 16, min_bytes_for_wide_part = 134217728;
