"""Which attributes are copied to columns of their own, under every name they are sent by."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

TEXT = pa.string()


class Key(NamedTuple):
    """An attribute name; its number times scale has the unit of the column."""

    name: str
    scale: float = 1.0


class Column(NamedTuple):
    """A promoted column and the keys that fill it; an earlier key wins over a later one."""

    name: str
    type: pa.DataType
    keys: tuple[Key, ...]


MILLISECONDS = 1e3

SPAN_COLUMNS = (
    Column("operation", TEXT, (Key("gen_ai.operation.name"), Key("llm.request.type"))),
    Column("provider", TEXT, (Key("gen_ai.provider.name"), Key("gen_ai.system"))),
    Column("model", TEXT, (Key("gen_ai.request.model"), Key("ai.model.name"))),
    Column("response_model", TEXT, (Key("gen_ai.response.model"),)),
    Column(
        "input_tokens",
        pa.uint32(),
        (
            Key("gen_ai.usage.input_tokens"),
            Key("gen_ai.usage.prompt_tokens"),
            Key("ai.llm.tokens.input"),
        ),
    ),
    Column(
        "output_tokens",
        pa.uint32(),
        (
            Key("gen_ai.usage.output_tokens"),
            Key("gen_ai.usage.completion_tokens"),
            Key("ai.llm.tokens.output"),
        ),
    ),
    Column("cached_tokens", pa.uint32(), (Key("gen_ai.usage.cache_read.input_tokens"),)),
    Column(
        "ttft_ms",
        pa.float32(),
        (
            Key("axonize.ttft_ms"),
            Key("gen_ai.response.time_to_first_chunk", MILLISECONDS),
            Key("gen_ai.server.time_to_first_token", MILLISECONDS),
            Key("gen_ai.latency.time_to_first_token", MILLISECONDS),
            Key("ai.llm.ttft_ms"),
        ),
    ),
    Column(
        "tpot_ms",
        pa.float32(),
        (
            Key("axonize.tpot_ms"),
            Key("gen_ai.server.time_per_output_token", MILLISECONDS),
            Key("ai.llm.tpot_ms"),
        ),
    ),
    Column("cost_usd", pa.float64(), (Key("cost.usd"),)),
    Column("http_status", pa.uint16(), (Key("http.response.status_code"), Key("http.status_code"))),
    Column("error_type", TEXT, (Key("error.type"),)),
)

# Of an `engine.step`; unlike those of spans, these are not kept as attributes beside the columns.
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
