"""A model, an environment and a collector for a vLLM that runs in processes of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integrations.collector import Collector, collecting
from tests.integrations.tiny_llama import save_tiny_llama

# Collected where vLLM is installed, and nowhere else: it needs an environment of its own.
collect_ignore_glob = [] if importlib.util.find_spec("vllm") else ["test_*.py"]
if importlib.util.find_spec("vllm"):
    with warnings.catch_warnings():  # errors in our tests; what it imports is full of them
        warnings.simplefilter("ignore")
        importlib.import_module("vllm.v1.engine.async_llm")

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a random model whose answers are not the same token again and again."""
    from safetensors.torch import load_file, save_file

    folder = save_tiny_llama(tmp_path_factory.mktemp("model"))
    weights = load_file(folder / "model.safetensors")
    larger = {name: value * 8 if "proj" in name else value for name, value in weights.items()}
    save_file(larger, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


def environment(temporary: Path, **more: str) -> dict[str, str]:
    """Return what vLLM needs to run on a CPU, with the test's own modules importable."""
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(temporary),
        "HF_HUB_OFFLINE": "1",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_LOGGING_LEVEL": "WARNING",
        "VLLM_NO_USAGE_STATS": "1",
        **more,
    }


@pytest.fixture(scope="session")
def adapter(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a LoRA adapter of rank 8 for the query projections, which are 128 x 128."""
    import torch
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    prefix = "base_model.model.model.layers"
    weights = {
        f"{prefix}.{layer}.self_attn.q_proj.lora_{side}.weight": torch.randn(shape) / 8
        for layer in (0, 1)
        for side, shape in (("A", (8, 128)), ("B", (128, 8)))
    }
    save_file(weights, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "base_model_name_or_path": str(model),
        "r": 8,
        "lora_alpha": 8,
        "target_modules": ["q_proj"],
        "bias": "none",
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder
