"""The spans of pipeline calls, on real pipelines of a few thousand parameters."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from axonize import guard, patching
from axonize.integrations.torch import TORCH
from tests.integrations.conftest import MEASURED, Recorded
from tests.integrations.diffusers.tiny import SIZE, noise_to_image, text_to_image

STEPS = {
    "axonize.diffusion.step.p50_ms": MEASURED,
    "axonize.diffusion.step.p99_ms": MEASURED,
    "axonize.diffusion.step.max_ms": MEASURED,
    "axonize.diffusion.scheduler_ms": MEASURED,
    "axonize.diffusion.model_ms": MEASURED,
}


def denoise(steps: int) -> dict[str, Any]:
    counted = {
        "axonize.diffusion.steps": steps,
        "axonize.diffusion.step_ms": (MEASURED,) * steps,
    }
    return {"name": "denoise", "attributes": STEPS | counted}


def test_text_to_image(recorded: Recorded) -> None:
    generator = torch.Generator().manual_seed(7)
    asked = {"num_inference_steps": 4, "num_images_per_prompt": 2, "guidance_scale": 3.0}
    text_to_image()("A fox", generator=generator, **asked)
    assert recorded.tree() == [
        {
            "name": "generate_content StableDiffusionPipeline",
            "attributes": {
                "gen_ai.operation.name": "generate_content",
                "gen_ai.provider.name": "huggingface",
                "gen_ai.request.model": "StableDiffusionPipeline",
                "gen_ai.request.choice.count": 2,
                "gen_ai.request.seed": 7,
                "gen_ai.output.type": "image",
                "axonize.pipeline.class": "StableDiffusionPipeline",
                "axonize.model.class": "UNet2DConditionModel",
                "axonize.model.dtype": "float32",
                "axonize.device": "cpu",
                "axonize.diffusion.scheduler": "DDIMScheduler",
                "axonize.diffusion.steps": 4,
                "axonize.diffusion.guidance_scale": 3.0,
                "axonize.diffusion.width": SIZE,
                "axonize.diffusion.height": SIZE,
                "axonize.diffusion.outputs": 2,
            },
            "children": [{"name": "encode_prompt"}, denoise(4), {"name": "decode"}],
        }
    ]


@pytest.mark.parametrize("output_type", ["pil", "np"])
def test_noise_to_image_has_neither_prompt_nor_vae(recorded: Recorded, output_type: str) -> None:
    noise_to_image()(batch_size=3, num_inference_steps=2, output_type=output_type)
    (call,) = recorded.tree()
    assert call["children"] == [denoise(2)]
    attributes = call["attributes"]
    assert attributes["axonize.diffusion.outputs"] == 3
    size = attributes["axonize.diffusion.width"], attributes["axonize.diffusion.height"]
    assert size == (8, 8)


@pytest.mark.parametrize(("output_type", "size"), [("pt", (24, 16)), ("latent", (24, 16))])
def test_width_and_height_are_those_of_the_image(
    recorded: Recorded, output_type: str, size: tuple[int, int]
) -> None:
    asked = {"width": 24, "height": 16, "output_type": output_type, "num_inference_steps": 1}
    text_to_image()("A fox", **asked)
    (call,) = recorded.tree()
    attributes = call["attributes"]
    assert (attributes["axonize.diffusion.width"], attributes["axonize.diffusion.height"]) == size
    decoded = [child["name"] for child in call["children"]] == [
        "encode_prompt",
        "denoise",
        "decode",
    ]
    assert decoded is (output_type == "pt")


def test_an_error_of_a_step_is_that_of_the_call(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = text_to_image()

    def interrupt(*_: Any) -> Any:
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        pipeline("A fox", num_inference_steps=3, callback_on_step_end=interrupt)
    (call,) = recorded.tree()
    assert call["status"] == ("error", "RuntimeError: no more")
    _, steps = call["children"]
    assert (steps["status"], steps["attributes"]["axonize.diffusion.steps"]) == ("error", 1)


def test_a_call_that_the_pipeline_refuses_is_its_error(recorded: Recorded) -> None:
    with pytest.raises(TypeError):
        text_to_image()("A fox", no_such_argument=1, prompt="twice")
    (call,) = recorded.tree()
    assert call["status"][0] == "error"


def test_the_modules_of_a_pipeline_have_no_spans_of_their_own(recorded: Recorded) -> None:
    patching.install(TORCH)
    try:
        with torch.no_grad():
            text_to_image()("A fox", num_inference_steps=1)
    finally:
        patching.uninstall(TORCH)
    assert recorded.outline() == [
        ("generate_content StableDiffusionPipeline", ["encode_prompt", "denoise", "decode"])
    ]


def test_a_broken_step_harms_no_image(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    guard.set_strict(False)
    monkeypatch.setattr("axonize.integrations.diffusers.run.monotonic_ns", lambda: 1 / 0)
    images = text_to_image()("A fox", num_inference_steps=2, output_type="np").images
    assert images.shape == (1, SIZE, SIZE, 3)
