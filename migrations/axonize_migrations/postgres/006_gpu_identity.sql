-- What cards and MIG instances are, as axonize.gpu.info said it last; NULL: not said. Names of the cloud
-- are OpenTelemetry's.
ALTER TABLE physical_gpus
    ADD COLUMN IF NOT EXISTS architecture text,
    ADD COLUMN IF NOT EXISTS compute_capability text,
    ADD COLUMN IF NOT EXISTS pci_bus_id text,
    ADD COLUMN IF NOT EXISTS numa_node integer,
    ADD COLUMN IF NOT EXISTS driver_version text,
    ADD COLUMN IF NOT EXISTS cuda_version text,
    ADD COLUMN IF NOT EXISTS nvlink_peers text[],
    ADD COLUMN IF NOT EXISTS k8s_node_name text,
    ADD COLUMN IF NOT EXISTS cloud_provider text,
    ADD COLUMN IF NOT EXISTS cloud_region text,
    ADD COLUMN IF NOT EXISTS cloud_availability_zone text,
    ADD COLUMN IF NOT EXISTS host_id text,
    ADD COLUMN IF NOT EXISTS host_type text;

ALTER TABLE compute_resources
    ADD COLUMN IF NOT EXISTS mig_profile text,
    ADD COLUMN IF NOT EXISTS gpu_instance_id integer,
    ADD COLUMN IF NOT EXISTS compute_instance_id integer,
    ADD COLUMN IF NOT EXISTS sm_share double precision;
