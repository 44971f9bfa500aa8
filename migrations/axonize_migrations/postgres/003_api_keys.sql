-- Keys of tenants, the browser sessions that they open, a version that every server watches, and
-- what tenants have used.
ALTER TABLE tenants ADD COLUMN IF NOT EXISTS suspended_at timestamptz;
ALTER TABLE tenants ADD COLUMN IF NOT EXISTS max_spans_per_day bigint CHECK (max_spans_per_day >= 0);

CREATE TABLE IF NOT EXISTS api_keys (
    prefix text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES tenants ON DELETE CASCADE,
    key_sha256 bytea NOT NULL UNIQUE CHECK (length(key_sha256) = 32),
    name text NOT NULL,
    scopes text[] NOT NULL CHECK (scopes <@ ARRAY['ingest', 'read', 'admin'] AND scopes <> '{}'),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX IF NOT EXISTS api_keys_by_tenant ON api_keys (tenant_id);

-- A session stands for a key: it ends with the key, also the key of static authentication.
CREATE TABLE IF NOT EXISTS sessions (
    session_sha256 bytea PRIMARY KEY CHECK (length(session_sha256) = 32),
    key_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

-- Days that are over, for good: the spans themselves are dropped after 30 days.
CREATE TABLE IF NOT EXISTS usage_records (
    tenant_id text NOT NULL REFERENCES tenants ON DELETE CASCADE,
    day date NOT NULL,
    spans bigint NOT NULL,
    engine_steps bigint NOT NULL,
    gpu_seconds double precision NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

-- A row and not a sequence: a change must not be seen before it is committed.
CREATE TABLE IF NOT EXISTS auth_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL
);
INSERT INTO auth_version (version) VALUES (1) ON CONFLICT DO NOTHING;

CREATE OR REPLACE FUNCTION bump_auth_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE auth_version SET version = version + 1;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER tenants_changed
    AFTER UPDATE OR DELETE ON tenants
    FOR EACH STATEMENT EXECUTE FUNCTION bump_auth_version();
CREATE OR REPLACE TRIGGER api_keys_changed
    AFTER INSERT OR DELETE OR
    UPDATE OF tenant_id, key_sha256, scopes, expires_at, revoked_at ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION bump_auth_version();
CREATE OR REPLACE TRIGGER sessions_changed
    AFTER DELETE ON sessions
    FOR EACH STATEMENT EXECUTE FUNCTION bump_auth_version();
