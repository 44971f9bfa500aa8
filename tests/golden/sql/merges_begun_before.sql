SELECT count() FROM system.merges
WHERE database = currentDatabase() AND now() - elapsed <= {before:DateTime}
