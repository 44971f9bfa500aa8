-- How many days after the day of commit (UTC) each kind of data is kept, by tenant. What is rolled up
-- must outlive what it is made of.
ALTER TABLE tenants
    ADD COLUMN IF NOT EXISTS spans_days integer NOT NULL DEFAULT 30
        CHECK (spans_days BETWEEN 1 AND 1095),
    ADD COLUMN IF NOT EXISTS traces_days integer NOT NULL DEFAULT 90
        CHECK (traces_days BETWEEN spans_days AND 1095),
    ADD COLUMN IF NOT EXISTS gpu_metrics_days integer NOT NULL DEFAULT 7
        CHECK (gpu_metrics_days BETWEEN 1 AND 1095),
    ADD COLUMN IF NOT EXISTS engine_steps_days integer NOT NULL DEFAULT 30
        CHECK (engine_steps_days BETWEEN 1 AND 1095);

-- Traces that somebody deleted: their spans that come later are removed, too. minutes: those to count
-- again, in Unix seconds. swept_at: when it was made sure that no roll-up under way had brought it back.
CREATE TABLE IF NOT EXISTS deleted_traces (
    tenant_id text NOT NULL REFERENCES tenants ON DELETE CASCADE,
    trace_id text NOT NULL CHECK (trace_id ~ '^[0-9a-f]{32}$'),
    minutes bigint[] NOT NULL,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    swept_at timestamptz,
    PRIMARY KEY (tenant_id, trace_id)
);

-- Servers that take telemetry, and up to which version of the accounts each has put into effect: nothing
-- of a tenant that was suspended by then is written by it any more.
CREATE TABLE IF NOT EXISTS servers (
    server_id text PRIMARY KEY,
    version bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
);
