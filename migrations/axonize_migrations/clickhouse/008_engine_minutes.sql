-- What a record of an engine charges beside its step: the time before it in which no step ran, and which GPUs
-- they are. A record with the number 0 is no step: the engine had nothing to do up to its end.
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS idle_gpu_seconds Float64 CODEC(ZSTD(1)) AFTER energy_j;
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS idle_energy_j Float64 CODEC(ZSTD(1)) AFTER idle_gpu_seconds;
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS energy_source LowCardinality(String) AFTER idle_energy_j;
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS cost_per_hour_usd Float64 CODEC(ZSTD(1)) AFTER energy_source;
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS ended_requests UInt32 CODEC(ZSTD(1)) AFTER cost_per_hour_usd;
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS gpu_uuids Array(LowCardinality(String)) CODEC(ZSTD(1)) AFTER ended_requests;
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS gpu_shares Array(Float64) CODEC(ZSTD(1)) AFTER gpu_uuids;
ALTER TABLE engine_steps ADD INDEX IF NOT EXISTS end_time_minmax end_time TYPE minmax GRANULARITY 1;

-- What the records of an engine that ended in a minute add up to. A minute is counted as a whole, as in
-- `minutes`: the row that counted most rows of engine_steps is the one that holds.
CREATE TABLE IF NOT EXISTS engine_minutes (
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
ENGINE = ReplacingMergeTree(stored)
ORDER BY (tenant_id, minute, engine_id)
TTL minute + INTERVAL 90 DAY
SETTINGS index_granularity = 1024;
