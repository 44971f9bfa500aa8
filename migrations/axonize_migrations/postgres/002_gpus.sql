-- Which GPUs there are, in three layers: the card, what computes on it (the card itself or a MIG
-- instance), and where and for whom that was used. Unknown text is ''. Kept up to date from what is
-- stored in ClickHouse; recorded_at says up to which time of commit that was read.
CREATE TABLE IF NOT EXISTS physical_gpus (
    tenant_id text NOT NULL,
    physical_uuid text NOT NULL,
    model text NOT NULL,
    vendor text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, physical_uuid)
);

CREATE TABLE IF NOT EXISTS compute_resources (
    tenant_id text NOT NULL,
    resource_uuid text NOT NULL,
    physical_uuid text,
    memory_bytes bigint,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, resource_uuid),
    FOREIGN KEY (tenant_id, physical_uuid) REFERENCES physical_gpus
);
CREATE INDEX IF NOT EXISTS compute_resources_of_a_card
    ON compute_resources (tenant_id, physical_uuid);
CREATE INDEX IF NOT EXISTS compute_resources_recorded_at ON compute_resources (recorded_at);

CREATE TABLE IF NOT EXISTS resource_contexts (
    tenant_id text NOT NULL,
    resource_uuid text NOT NULL,
    host text NOT NULL,
    service_name text NOT NULL,
    environment text NOT NULL,
    label text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, resource_uuid, host, service_name, environment, label),
    FOREIGN KEY (tenant_id, resource_uuid) REFERENCES compute_resources
);
