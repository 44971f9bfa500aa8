-- The server removes what is over, tenant by tenant; these are bounds for a server that does not.
ALTER TABLE spans MODIFY TTL toDateTime(ingested_at) + INTERVAL 1096 DAY;
ALTER TABLE engine_steps MODIFY TTL toDateTime(ingested_at) + INTERVAL 1096 DAY;
ALTER TABLE gpu_metrics MODIFY TTL toDateTime(ingested_at) + INTERVAL 1096 DAY;
ALTER TABLE traces MODIFY TTL day + INTERVAL 1096 DAY;
ALTER TABLE minutes MODIFY TTL minute + INTERVAL 1096 DAY;
ALTER TABLE engine_minutes MODIFY TTL minute + INTERVAL 1096 DAY;
ALTER TABLE rolled_up_seconds MODIFY TTL second + INTERVAL 1096 DAY;
