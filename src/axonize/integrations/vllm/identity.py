"""Which engine it is: its id, version, model and number of devices."""

from __future__ import annotations

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
    rank = getattr(parallel, "data_parallel_index", parallel.data_parallel_rank)
    model = served_name(config.model_config)
    device = getattr(getattr(config, "device_config", None), "device_type", "")
    attributes = {
        names.ENGINE_NAME: "vllm",
        names.ENGINE_VERSION: sys.modules["vllm"].__version__,
        semconv.GEN_AI_REQUEST_MODEL: model,
    }
    ranks = 0 if device == "cpu" else parallel.world_size
    gpus = recording.engine_gpus or tuple(f"cuda:{each}" for each in range(ranks))
    return Engine(attributes, model, f"{config.instance_id}-{rank}", len(gpus), gpus)


def served_name(config: Any) -> str:
    """Return the name that clients ask for, of a ModelConfig."""
    name = getattr(config, "served_model_name", None) or config.model
    return str(name[0] if isinstance(name, (list, tuple)) else name)
