-- What spans that ended in two seconds add up to, counted as `minutes` are, until these are. They are read while they
-- are the newest, so a day is long enough.
CREATE TABLE IF NOT EXISTS ticks (
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
ENGINE = ReplacingMergeTree(stored)
ORDER BY (tenant_id, tick, service_name, model, operation)
TTL tick + INTERVAL 1 DAY
SETTINGS index_granularity = 1024;
