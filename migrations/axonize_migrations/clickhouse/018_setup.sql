-- Whether a span makes ready, as what loads a model does; of a trace, whether its root does: then it is no request.
-- What was stored before does not say, and counts as a request.
ALTER TABLE spans ADD COLUMN IF NOT EXISTS setup Bool CODEC(ZSTD(1)) AFTER error_type;

ALTER TABLE traces ADD COLUMN IF NOT EXISTS setup SimpleAggregateFunction(max, Bool) CODEC(ZSTD(1)) AFTER ttft_ms;
