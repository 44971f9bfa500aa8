-- What cards cost, each price from a moment on; NULL: from then on the price of the model holds again.
CREATE TABLE IF NOT EXISTS gpu_prices (
    tenant_id text NOT NULL,
    physical_uuid text NOT NULL,
    valid_from timestamptz NOT NULL,
    cost_per_hour_usd double precision
        CHECK (cost_per_hour_usd >= 0 AND cost_per_hour_usd < 'Infinity'),
    PRIMARY KEY (tenant_id, physical_uuid, valid_from)
);
