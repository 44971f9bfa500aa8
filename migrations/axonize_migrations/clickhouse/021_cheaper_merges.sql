-- ClickHouse draws up statistics of every column in every merge, for plans that no question here needs: a fifth of
-- what merges of spans took.
ALTER TABLE spans MODIFY SETTING auto_statistics_types = '';
ALTER TABLE engine_steps MODIFY SETTING auto_statistics_types = '';
ALTER TABLE gpu_metrics MODIFY SETTING auto_statistics_types = '';
ALTER TABLE traces MODIFY SETTING auto_statistics_types = '';
ALTER TABLE rolled_up_seconds MODIFY SETTING auto_statistics_types = '';
ALTER TABLE minutes MODIFY SETTING auto_statistics_types = '';
ALTER TABLE ticks MODIFY SETTING auto_statistics_types = '';
ALTER TABLE engine_minutes MODIFY SETTING auto_statistics_types = '';
ALTER TABLE processes MODIFY SETTING auto_statistics_types = '';

-- How long texts are lies beside them, not in a stream of its own, which compressed worse: a sixth less for inserts, and
-- no question asks for lengths alone. Small parts are read whole, so that marks of their parts only cost.
ALTER TABLE spans MODIFY SETTING string_serialization_version = 'single_stream';
ALTER TABLE spans MODIFY SETTING write_marks_for_substreams_in_compact_parts = 0;
