-- Of minutes: prompt tokens that were read from a cache, and times per output token, by bucket as durations are.
-- Minutes that were counted before have none.
ALTER TABLE minutes ADD COLUMN IF NOT EXISTS cached_tokens UInt64 CODEC(ZSTD(1)) AFTER output_tokens;

ALTER TABLE minutes ADD COLUMN IF NOT EXISTS tpots Map(UInt16, UInt64) CODEC(ZSTD(1)) AFTER ttfts;
