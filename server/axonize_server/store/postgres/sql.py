"""Every PostgreSQL query."""

from __future__ import annotations

from axonize_server.gpus import CardFacts, MigFacts

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

_TENANT = (
    "tenant_id, name, created_at, suspended_at, max_spans_per_day, "
    "spans_days, traces_days, gpu_metrics_days, engine_steps_days"
)
SELECT_TENANTS = f"SELECT {_TENANT} FROM tenants ORDER BY tenant_id"  # noqa: S608
SELECT_TENANT = f"SELECT {_TENANT} FROM tenants WHERE tenant_id = %s"  # noqa: S608
INSERT_TENANT = f"""
INSERT INTO tenants (tenant_id, name, max_spans_per_day) VALUES (%s, %s, %s)
RETURNING {_TENANT}
"""  # noqa: S608  (only fixed text is put together)
SUSPEND_TENANT = f"""
UPDATE tenants SET suspended_at = coalesce(suspended_at, now()) WHERE tenant_id = %s
RETURNING {_TENANT}
"""  # noqa: S608  (only fixed text is put together)
RESUME_TENANT = f"""
UPDATE tenants SET suspended_at = NULL WHERE tenant_id = %s
RETURNING {_TENANT}
"""  # noqa: S608  (only fixed text is put together)
SET_QUOTA = f"""
UPDATE tenants SET max_spans_per_day = %s WHERE tenant_id = %s
RETURNING {_TENANT}
"""  # noqa: S608  (only fixed text is put together)
SET_RETENTION = f"""
UPDATE tenants
SET spans_days = %s, traces_days = %s, gpu_metrics_days = %s, engine_steps_days = %s
WHERE tenant_id = %s
RETURNING {_TENANT}
"""  # noqa: S608  (only fixed text is put together)
SELECT_AMONG = "SELECT tenant_id FROM tenants WHERE tenant_id = ANY(%s)"
SELECT_SUSPENDED = "SELECT tenant_id FROM tenants WHERE suspended_at IS NOT NULL"

# What was deleted twice keeps all of its minutes, and is looked after from then on.
INSERT_DELETED_TRACE = """
INSERT INTO deleted_traces AS known (tenant_id, trace_id, minutes) VALUES (%s, %s, %s)
ON CONFLICT (tenant_id, trace_id) DO UPDATE SET
    minutes = ARRAY(SELECT DISTINCT unnest(known.minutes || excluded.minutes) ORDER BY 1),
    deleted_at = now(),
    swept_at = NULL
RETURNING minutes
"""
SELECT_DELETED_TRACES = """
SELECT
    tenant_id, trace_id, minutes,
    swept_at IS NULL AND deleted_at <= now() - make_interval(secs => %s)
FROM deleted_traces
"""
SWEPT_DELETED_TRACE = """
UPDATE deleted_traces SET swept_at = now() WHERE tenant_id = %s AND trace_id = %s
"""
FORGET_DELETED_TRACES = """
DELETE FROM deleted_traces WHERE deleted_at <= now() - make_interval(secs => %s)
"""

UPSERT_SERVER = """
INSERT INTO servers AS known (server_id, version) VALUES (%s, %s)
ON CONFLICT (server_id) DO UPDATE SET
    version = greatest(known.version, excluded.version), seen_at = now()
"""
DELETE_SERVER = """
DELETE FROM servers WHERE server_id = %s OR seen_at < now() - interval '1 day'
"""
SERVERS_BEHIND = """
SELECT count(*) FROM servers
WHERE version < %s AND seen_at > now() - make_interval(secs => %s)
"""

# Later releases may add tables: whatever names a tenant is its own.
TABLES_OF_TENANTS = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = current_schema() AND column_name = 'tenant_id'
    AND table_name <> 'tenants' ORDER BY table_name
"""
DELETE_OF_TENANT = "DELETE FROM {table} WHERE tenant_id = %s"
DELETE_TENANT = "DELETE FROM tenants WHERE tenant_id = %s"

SELECT_USAGE = """
SELECT day, spans, engine_steps, gpu_seconds FROM usage_records
WHERE tenant_id = %s AND day BETWEEN %s AND %s ORDER BY day
"""
# Two servers that count the same day find the same.
INSERT_USAGE = """
INSERT INTO usage_records (tenant_id, day, spans, engine_steps, gpu_seconds)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

# The registry of GPUs. What is known stays known; times only widen.
UPSERT_PHYSICAL_GPU = """
INSERT INTO physical_gpus AS known
    (tenant_id, physical_uuid, model, vendor, first_seen, last_seen)
VALUES (%(tenant)s, %(physical_uuid)s, %(model)s, %(vendor)s, %(first)s, %(last)s)
ON CONFLICT (tenant_id, physical_uuid) DO UPDATE SET
    model = coalesce(nullif(excluded.model, ''), known.model),
    vendor = coalesce(nullif(excluded.vendor, ''), known.vendor),
    first_seen = least(known.first_seen, excluded.first_seen),
    last_seen = greatest(known.last_seen, excluded.last_seen)
"""
UPSERT_COMPUTE_RESOURCE = """
INSERT INTO compute_resources AS known
    (tenant_id, resource_uuid, physical_uuid, memory_bytes, first_seen, last_seen, recorded_at)
VALUES (
    %(tenant)s, %(resource_uuid)s, nullif(%(physical_uuid)s, ''), nullif(%(memory_bytes)s, 0),
    %(first)s, %(last)s, %(recorded)s
)
ON CONFLICT (tenant_id, resource_uuid) DO UPDATE SET
    physical_uuid = coalesce(excluded.physical_uuid, known.physical_uuid),
    memory_bytes = coalesce(excluded.memory_bytes, known.memory_bytes),
    first_seen = least(known.first_seen, excluded.first_seen),
    last_seen = greatest(known.last_seen, excluded.last_seen),
    recorded_at = greatest(known.recorded_at, excluded.recorded_at)
"""
UPSERT_RESOURCE_CONTEXT = """
INSERT INTO resource_contexts AS known
    (tenant_id, resource_uuid, host, service_name, environment, label, first_seen, last_seen)
VALUES (
    %(tenant)s, %(resource_uuid)s, %(host)s, %(service_name)s, %(environment)s, %(label)s,
    %(first)s, %(last)s
)
ON CONFLICT (tenant_id, resource_uuid, host, service_name, environment, label) DO UPDATE SET
    first_seen = least(known.first_seen, excluded.first_seen),
    last_seen = greatest(known.last_seen, excluded.last_seen)
"""
CARD_FACTS = ", ".join(CardFacts.__struct_fields__)
MIG_FACTS = ", ".join(MigFacts.__struct_fields__)


def _told(facts: type[CardFacts | MigFacts]) -> str:
    """Return what each is from now on: of two containers on a host one may know less."""
    return ", ".join(f"coalesce(%({name})s, {name})" for name in facts.__struct_fields__)


IDENTIFY_PHYSICAL_GPU = f"""
UPDATE physical_gpus SET ({CARD_FACTS}) = ({_told(CardFacts)})
WHERE tenant_id = %(tenant)s AND physical_uuid = %(uuid)s
"""  # noqa: S608 - fixed text
IDENTIFY_COMPUTE_RESOURCE = f"""
UPDATE compute_resources SET ({MIG_FACTS}) = ({_told(MigFacts)})
WHERE tenant_id = %(tenant)s AND resource_uuid = %(uuid)s
"""  # noqa: S608 - fixed text
SELECT_IDENTITIES = f"""
SELECT resource_uuid, {CARD_FACTS}, {MIG_FACTS}
FROM compute_resources LEFT JOIN physical_gpus USING (tenant_id, physical_uuid)
WHERE tenant_id = %(tenant)s AND resource_uuid = ANY(%(uuids)s)
"""  # noqa: S608 - fixed text
GPUS_RECORDED_AT = "SELECT max(recorded_at) FROM compute_resources"
SELECT_RESOURCES_SINCE = """
SELECT resource_uuid, coalesce(physical_uuid, ''), coalesce((
    SELECT host
    FROM resource_contexts
    WHERE tenant_id = %(tenant)s AND resource_uuid = known.resource_uuid AND host <> ''
    ORDER BY last_seen DESC
    LIMIT 1
), ''), coalesce(card.model, ''), coalesce(card.vendor, ''), known.first_seen, known.last_seen
FROM compute_resources AS known LEFT JOIN physical_gpus AS card USING (tenant_id, physical_uuid)
WHERE tenant_id = %(tenant)s AND known.last_seen >= %(since)s
ORDER BY resource_uuid
LIMIT 1000
"""
SELECT_COMPUTE_RESOURCE = f"""
SELECT resource_uuid, memory_bytes, first_seen, last_seen, {MIG_FACTS}, physical_uuid
FROM compute_resources
WHERE tenant_id = %(tenant)s AND resource_uuid = %(uuid)s
"""  # noqa: S608 - fixed text
SELECT_PHYSICAL_GPU = f"""
SELECT physical_uuid, model, vendor, first_seen, last_seen, {CARD_FACTS}
FROM physical_gpus
WHERE tenant_id = %(tenant)s AND physical_uuid = %(uuid)s
"""  # noqa: S608 - fixed text
SELECT_CARD_RESOURCES = f"""
SELECT resource_uuid, memory_bytes, first_seen, last_seen, {MIG_FACTS}
FROM compute_resources
WHERE tenant_id = %(tenant)s AND physical_uuid = %(uuid)s
ORDER BY resource_uuid
LIMIT 1000
"""  # noqa: S608 - fixed text
SELECT_RESOURCE_CONTEXTS = """
SELECT host, service_name, environment, label, first_seen, last_seen
FROM resource_contexts
WHERE tenant_id = %(tenant)s AND resource_uuid = %(uuid)s
ORDER BY last_seen DESC, host, service_name, environment, label
LIMIT 1000
"""

SELECT_PRICES = """
SELECT physical_uuid, valid_from, cost_per_hour_usd
FROM gpu_prices
WHERE tenant_id = %(tenant)s
ORDER BY physical_uuid, valid_from
"""
UPSERT_PRICE = """
INSERT INTO gpu_prices (tenant_id, physical_uuid, valid_from, cost_per_hour_usd)
SELECT tenant_id, physical_uuid, %(from)s, %(usd)s
FROM compute_resources
WHERE tenant_id = %(tenant)s AND resource_uuid = %(uuid)s AND physical_uuid IS NOT NULL
ON CONFLICT (tenant_id, physical_uuid, valid_from) DO UPDATE SET
    cost_per_hour_usd = excluded.cost_per_hour_usd
"""
SELECT_CARDS = """
SELECT resource_uuid, physical_uuid, model
FROM compute_resources JOIN physical_gpus USING (tenant_id, physical_uuid)
WHERE tenant_id = %(tenant)s AND resource_uuid = ANY(%(uuids)s)
"""

INSERT_SESSION = """
INSERT INTO sessions (session_sha256, key_sha256, expires_at) VALUES (%s, %s, %s)
"""
SELECT_SESSION = """
SELECT key_sha256, expires_at FROM sessions WHERE session_sha256 = %s AND expires_at > now()
"""
DELETE_SESSION = "DELETE FROM sessions WHERE session_sha256 = %s"
DELETE_OLD_SESSIONS = "DELETE FROM sessions WHERE expires_at <= now()"
