"""Every PostgreSQL query."""

from __future__ import annotations

# Any constant number will do, as long as every release uses the same one.
MIGRATION_LOCK = 4_207_849_484
LOCK = f"SELECT pg_advisory_lock({MIGRATION_LOCK})"
UNLOCK = f"SELECT pg_advisory_unlock({MIGRATION_LOCK})"
SET_LOCK_TIMEOUT = "SET lock_timeout = '120s'"

CREATE_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
SELECT_MIGRATIONS = "SELECT version, name, checksum FROM schema_migrations"
INSERT_MIGRATION = "INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s)"

PING = "SELECT 1"
