"""How long a model takes to load."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from tests.integrations.conftest import Recorded
from tests.integrations.tiny_llama import save_tiny_llama


def test_a_model_that_is_loaded_has_a_span(tmp_path: Path, recorded: Recorded) -> None:
    folder = save_tiny_llama(tmp_path / "tiny-llama")
    model, _ = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    assert recorded.tree() == [
        {
            "name": "load tiny-llama",
            "attributes": {
                "gen_ai.request.model": "tiny-llama",
                "gen_ai.provider.name": "huggingface",
                "axonize.model.class": "LlamaForCausalLM",
                "axonize.model.type": "llama",
                "axonize.model.dtype": "float32",
                "axonize.device": "cpu",
                "axonize.torch.parameters": model.num_parameters(),
                "axonize.setup": True,
            },
        }
    ]


def test_one_that_cannot_be_loaded_is_an_error(tmp_path: Path, recorded: Recorded) -> None:
    save_tiny_llama(tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").unlink()
    with pytest.raises(OSError, match="safetensors"):
        AutoModelForCausalLM.from_pretrained(tmp_path / "broken")
    (load,) = recorded.tree()
    assert (load["name"], load["attributes"]["error.type"]) == ("load broken", "OSError")
