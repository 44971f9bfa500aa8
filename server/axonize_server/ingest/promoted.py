"""Which attributes are copied to columns of their own; for spans, folded from all emitters."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from axonize_server.ingest.emitters import EMITTERS

TEXT, FLAG = pa.string(), pa.bool_()


class Key(NamedTuple):
    """An attribute name; its number times scale has the unit of the column."""

    name: str
    scale: float = 1.0


class Column(NamedTuple):
    """A promoted column and the keys that fill it; an earlier key wins over a later one."""

    name: str
    type: pa.DataType
    keys: tuple[Key, ...]


_SPAN_TYPES = {
    "operation": TEXT,
    "provider": TEXT,
    "model": TEXT,
    "response_model": TEXT,
    "input_tokens": pa.uint32(),
    "output_tokens": pa.uint32(),
    "cached_tokens": pa.uint32(),
    "ttft_ms": pa.float32(),
    "tpot_ms": pa.float32(),
    "cost_usd": pa.float64(),
    "http_status": pa.uint16(),
    "error_type": TEXT,
    "setup": FLAG,
}


def _keys(column: str) -> tuple[Key, ...]:
    reads = [read for emitter in EMITTERS for read in emitter.reads if read.column == column]
    return tuple(dict.fromkeys(Key(read.key, read.scale) for read in reads))


SPAN_COLUMNS = tuple(Column(name, type_, _keys(name)) for name, type_ in _SPAN_TYPES.items())

# Of `engine.step`, `engine.idle` and `engine.calls`; unlike those of spans, these are not kept as
# attributes beside the columns.
STEP_COLUMNS = (
    Column("engine_id", TEXT, (Key("axonize.engine.id"),)),
    Column("engine_name", TEXT, (Key("axonize.engine.name"),)),
    Column("engine_version", TEXT, (Key("axonize.engine.version"),)),
    Column("model", TEXT, (Key("gen_ai.request.model"),)),
    Column("number", pa.uint64(), (Key("axonize.step.number"),)),
    Column("busy_seconds", pa.float64(), (Key("axonize.step.busy_seconds"),)),
    Column("schedule_ms", pa.float64(), (Key("axonize.step.schedule_ms"),)),
    Column("total_tokens", pa.uint32(), (Key("axonize.step.total_tokens"),)),
    Column("running", pa.uint32(), (Key("axonize.step.running"),)),
    Column("waiting", pa.uint32(), (Key("axonize.step.waiting"),)),
    Column("kv_cache_usage", pa.float64(), (Key("axonize.step.kv_cache_usage"),)),
    Column("cuda_graph_mode", TEXT, (Key("axonize.step.cuda_graph.mode"),)),
    Column("gpu_count", pa.uint16(), (Key("axonize.gpu.count"),)),
    Column("gpu_seconds", pa.float64(), (Key("axonize.gpu.seconds"),)),
    Column("energy_j", pa.float64(), (Key("axonize.gpu.energy_j"),)),
    Column("idle_gpu_seconds", pa.float64(), (Key("axonize.gpu.idle_seconds"),)),
    Column("idle_energy_j", pa.float64(), (Key("axonize.gpu.idle_energy_j"),)),
    Column("energy_source", TEXT, (Key("axonize.gpu.energy.source"),)),
    Column("cost_per_hour_usd", pa.float64(), (Key("axonize.gpu.cost_per_hour_usd"),)),
    Column("ended_requests", pa.uint32(), (Key("axonize.step.ended_requests"),)),
)

RESOURCE_COLUMNS = (
    Column("service_name", TEXT, (Key("service.name"),)),
    Column(
        "environment",
        TEXT,
        (Key("deployment.environment.name"), Key("deployment.environment")),
    ),
    Column("host", TEXT, (Key("host.name"),)),
    Column("service_version", TEXT, (Key("service.version"),)),
)

# "gpu.N.label" of a span is element N of its column "gpu.label".
GPU_FIELDS = ("label", "resource_uuid", "physical_uuid", "model", "vendor", "node_id")
MAX_GPUS = 64
