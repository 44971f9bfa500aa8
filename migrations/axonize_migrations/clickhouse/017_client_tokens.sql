-- Tokens that spans of kind client say, apart from those that all others say, which stay where they were: a call may be
-- traced at both of its ends. What was counted before is not told apart: it stands on both sides, so that it goes on to
-- count whichever sum is the larger.
ALTER TABLE traces ADD COLUMN IF NOT EXISTS client_tokens
    SimpleAggregateFunction(groupUniqArrayArray(10000), Array(Tuple(UInt64, UInt32, UInt32)))
    DEFAULT tokens CODEC(ZSTD(1)) AFTER tokens;

ALTER TABLE minutes ADD COLUMN IF NOT EXISTS client_input_tokens UInt64 DEFAULT input_tokens CODEC(ZSTD(1)) AFTER cached_tokens,
    ADD COLUMN IF NOT EXISTS client_output_tokens UInt64 DEFAULT output_tokens CODEC(ZSTD(1)) AFTER client_input_tokens,
    ADD COLUMN IF NOT EXISTS client_cached_tokens UInt64 DEFAULT cached_tokens CODEC(ZSTD(1)) AFTER client_output_tokens;

ALTER TABLE ticks ADD COLUMN IF NOT EXISTS client_input_tokens UInt64 DEFAULT input_tokens CODEC(ZSTD(1)) AFTER cached_tokens,
    ADD COLUMN IF NOT EXISTS client_output_tokens UInt64 DEFAULT output_tokens CODEC(ZSTD(1)) AFTER client_input_tokens,
    ADD COLUMN IF NOT EXISTS client_cached_tokens UInt64 DEFAULT cached_tokens CODEC(ZSTD(1)) AFTER client_output_tokens;
