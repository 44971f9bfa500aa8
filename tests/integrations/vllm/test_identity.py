"""Which engine it is, of vLLM's own configuration."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
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


def side_by_side(**more: Any) -> Any:
    """Return the configuration of the second of two engines with two GPUs each."""
    local = {"data_parallel_index": 5, "data_parallel_rank_local": 1}
    parallel = SimpleNamespace(**{"world_size": 2, "data_parallel_rank": 0, **local, **more})
    return SimpleNamespace(
        parallel_config=parallel,
        model_config=SimpleNamespace(served_model_name="tiny"),
        device_config=SimpleNamespace(device_type="cuda"),
        instance_id="e",
    )


@pytest.mark.parametrize(
    ("visible", "more", "gpus"),
    [
        (None, {}, ("cuda:2", "cuda:3")),
        ("4,5,6,7", {}, ("cuda:2", "cuda:3")),
        ("6,7", {}, ("cuda:0", "cuda:1")),  # an older version: it sees its own
        (None, {"data_parallel_backend": "ray"}, ("cuda:0", "cuda:1")),
        (None, {"data_parallel_rank_local": 0}, ("cuda:0", "cuda:1")),  # the first of its host
        (None, {"data_parallel_rank_local": None, "data_parallel_index": 1}, ("cuda:2", "cuda:3")),
    ],
)
def test_engines_side_by_side_have_the_gpus_that_their_workers_take(
    visible: str | None, more: dict[str, Any], gpus: tuple[str, ...], monkeypatch: Any
) -> None:
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    engine = describe(side_by_side(**more))
    assert (engine.gpus, engine.gpu_count) == (gpus, 2)
    assert engine.id == f"e-{more.get('data_parallel_index', 5)}"


def test_a_name_may_be_one_or_many_or_the_models_own() -> None:
    assert served_name(SimpleNamespace(served_model_name=["a", "b"], model="m")) == "a"
    assert served_name(SimpleNamespace(served_model_name="a", model="m")) == "a"
    assert served_name(SimpleNamespace(served_model_name=None, model="m")) == "m"
