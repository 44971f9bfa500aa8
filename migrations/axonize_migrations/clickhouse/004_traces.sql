-- One row a trace, merged from as many as there were roll-ups. Every column is a merge that may be
-- applied twice and in any order: a minimum, a maximum, or the union of sets, which stop growing at
-- 10 000 entries; readers count such a trace again from its spans.
-- day: of commit, so that no client's clock makes partitions. slot: the five minutes in which the
-- earliest span of the row starts. entry: the place of the span that names the trace, in an order that
-- is that of its bytes, and what it says; the minimum of a tuple costs three times as much. The hashes
-- are what filters read instead of texts. Rows hold sets, so the granules are smaller than those of spans.
CREATE TABLE IF NOT EXISTS traces (
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
ENGINE = AggregatingMergeTree
PARTITION BY day
ORDER BY (tenant_id, slot, trace_id)
TTL day + INTERVAL 90 DAY
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1;

-- How many of the spans committed in a second are in traces.
CREATE TABLE IF NOT EXISTS rolled_up_seconds (
    second DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    spans SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(second)
ORDER BY second
TTL second + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1;
