"""How long a pipeline takes to load."""

from __future__ import annotations

from pathlib import Path

import pytest
from diffusers import DiffusionPipeline

from tests.integrations.conftest import Recorded
from tests.integrations.diffusers.tiny import save


def test_a_pipeline_that_is_loaded_has_a_span(tmp_path: Path, recorded: Recorded) -> None:
    folder = save(tmp_path / "tiny-diffusion")
    recorded.spans()
    pipeline = DiffusionPipeline.from_pretrained(folder, safety_checker=None)
    assert recorded.tree() == [
        {
            "name": "load tiny-diffusion",
            "attributes": {
                "gen_ai.request.model": "tiny-diffusion",
                "axonize.pipeline.class": "StableDiffusionPipeline",
                "axonize.model.dtype": "float32",
                "axonize.device": "cpu",
                "axonize.setup": True,
            },
        }
    ]
    pipeline.set_progress_bar_config(disable=True)
    pipeline("A fox", num_inference_steps=1)
    (call,) = recorded.tree()
    assert call["attributes"]["gen_ai.request.model"] == "tiny-diffusion"


def test_one_that_cannot_be_loaded_is_an_error(tmp_path: Path, recorded: Recorded) -> None:
    with pytest.raises(OSError, match="model_index"):
        DiffusionPipeline.from_pretrained(tmp_path)
    (load,) = recorded.tree()
    assert load["attributes"]["error.type"] == "OSError"
