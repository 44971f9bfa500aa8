-- What a merge holds in memory grows with the number of its parts: 6 MiB for each part of spans. A hundred,
-- as ClickHouse takes of what piles up behind a large merge, were 350 MiB.
ALTER TABLE spans MODIFY SETTING max_parts_to_merge_at_once = 24;

-- A part of traces is written through two buffers of this size for each of some thirty streams; its granules
-- are so small that the blocks it compresses stay as they are.
ALTER TABLE traces MODIFY SETTING max_parts_to_merge_at_once = 24, max_compress_block_size = 262144;

-- Times of neighbours share their high bits, and their differences are as random as they are: T64 keeps what
-- differs, in less room, and is read in half the time. Codes of dictionaries are far from a byte of chance.
ALTER TABLE spans MODIFY COLUMN start_time CODEC(T64, LZ4),
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
