-- Statistics of the spans that ended in a minute, by service, model and operation. A minute is counted as
-- a whole, again when spans come late, and the row that counted most rows of spans is the one that holds:
-- so the version is that number. No partitions: a client's wrong clock would make them.
-- durations, ttfts: how many by bucket; bucket b begins at 2^(b/16) nanoseconds.
CREATE TABLE IF NOT EXISTS minutes (
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
ENGINE = ReplacingMergeTree(stored)
ORDER BY (tenant_id, minute, service_name, model, operation)
TTL minute + INTERVAL 90 DAY
SETTINGS index_granularity = 1024;

ALTER TABLE spans ADD INDEX IF NOT EXISTS end_time_minmax end_time TYPE minmax GRANULARITY 1;
