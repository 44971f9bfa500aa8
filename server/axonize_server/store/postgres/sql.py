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

AUTH_VERSION = "SELECT version FROM auth_version"

# Finds a key and notes its use in one step; each server asks every five minutes or so.
USE_KEY = """
UPDATE api_keys SET last_used_at = now() FROM tenants
WHERE key_sha256 = %s AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
    AND tenants.tenant_id = api_keys.tenant_id
RETURNING api_keys.tenant_id, scopes, key_sha256, expires_at, suspended_at IS NOT NULL
"""
INSERT_KEY = """
INSERT INTO api_keys (prefix, tenant_id, key_sha256, name, scopes, expires_at)
VALUES (%s, %s, %s, %s, %s, %s)
RETURNING prefix, tenant_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
"""
SELECT_KEYS = """
SELECT prefix, tenant_id, name, scopes, created_at, expires_at, last_used_at, revoked_at
FROM api_keys WHERE tenant_id = %s ORDER BY created_at, prefix
"""
REVOKE_KEY = """
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE tenant_id = %s AND prefix = %s
"""
