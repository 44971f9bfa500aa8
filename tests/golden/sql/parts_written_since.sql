SELECT table, name, path
FROM system.parts
WHERE database = currentDatabase() AND active AND modification_time >= {since:DateTime}
