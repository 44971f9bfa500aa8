"""Which engine it is: its id, version, model and number of devices."""

from __future__ import annotations

import os
import sys
from typing import Any

from axonize import recording, semconv
from axonize.engine import names
from axonize.engine.identity import Engine


def describe(config: Any) -> Engine:
    """Read the engine's identity from its VllmConfig.

    Its id is known in the engine's own process alone: vLLM makes the instance id anew there.
    """
    parallel = config.parallel_config
    model = served_name(config.model_config)
    device = getattr(getattr(config, "device_config", None), "device_type", "")
    attributes = {
        names.ENGINE_NAME: "vllm",
        names.ENGINE_VERSION: sys.modules["vllm"].__version__,
        semconv.GEN_AI_REQUEST_MODEL: model,
    }
    gpus = recording.engine_gpus or (() if device == "cpu" else _gpus(parallel))
    return Engine(attributes, model, f"{config.instance_id}-{_rank(parallel)}", len(gpus), gpus)


def _gpus(parallel: Any) -> tuple[str, ...]:
    """Return what an engine's GPUs are called in its process, as vLLM's workers find theirs.

    Engines side by side see all GPUs of the host and take them one after the other; those that Ray
    starts, and those of older versions, see their own alone.
    """
    size, visible = parallel.world_size, _visible_devices()
    first = size * _place(parallel)
    if visible and first + size > len(visible):
        first = 0
    return tuple(f"cuda:{number}" for number in range(first, first + size))


def _place(parallel: Any) -> int:
    """Return how many engines of the host come before this one; Ray gives each its own GPUs."""
    backends = ("data_parallel_backend", "distributed_executor_backend")
    if "ray" in [getattr(parallel, name, None) for name in backends]:
        return 0
    local = getattr(parallel, "data_parallel_rank_local", None)
    return _rank(parallel) if local is None else int(local)


def _rank(parallel: Any) -> int:
    return int(getattr(parallel, "data_parallel_index", parallel.data_parallel_rank))


def _visible_devices() -> list[str]:
    devices = os.environ.get("CUDA_VISIBLE_DEVICES")  # noqa: TID251 - CUDA's, no setting of ours
    return devices.split(",") if devices else []


def served_name(config: Any) -> str:
    """Return the name that clients ask for, of a ModelConfig."""
    name = getattr(config, "served_model_name", None) or config.model
    return str(name[0] if isinstance(name, (list, tuple)) else name)
