"""Which engine it is, of vLLM's own configuration."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import vllm
from vllm.engine.arg_utils import EngineArgs

from axonize.integrations.vllm.identity import describe, served_name


def test_an_engine_on_a_cpu_has_no_device_that_is_paid_for(model: Path) -> None:
    config = EngineArgs(str(model), served_model_name=["tiny", "small"]).create_engine_config()
    engine = describe(config)
    assert (engine.model, engine.gpu_count) == ("tiny", 0)
    assert engine.id == f"{config.instance_id}-{config.parallel_config.data_parallel_index}"
    assert engine.attributes == {
        "axonize.engine.name": "vllm",
        "axonize.engine.version": vllm.__version__,
        "gen_ai.request.model": "tiny",
    }


def test_a_name_may_be_one_or_many_or_the_models_own() -> None:
    assert served_name(SimpleNamespace(served_model_name=["a", "b"], model="m")) == "a"
    assert served_name(SimpleNamespace(served_model_name="a", model="m")) == "a"
    assert served_name(SimpleNamespace(served_model_name=None, model="m")) == "m"
