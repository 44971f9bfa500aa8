-- Joules of a step, of all GPUs of its engine; 0 where they were not measured, as in what came before.
ALTER TABLE engine_steps ADD COLUMN IF NOT EXISTS energy_j Float64 CODEC(ZSTD(1)) AFTER gpu_seconds;
