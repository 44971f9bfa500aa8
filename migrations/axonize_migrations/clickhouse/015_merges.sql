-- What a merge holds in memory grows with the number of its parts: 6 MiB for each part of spans. A hundred,
-- as ClickHouse takes of what piles up behind a large merge, were 350 MiB.
ALTER TABLE spans MODIFY SETTING max_parts_to_merge_at_once = 24;

-- A part of traces is written through two buffers of this size for each of some thirty streams; its granules
-- are so small that the blocks it compresses stay as they are.
ALTER TABLE traces MODIFY SETTING max_parts_to_merge_at_once = 24, max_compress_block_size = 262144;
