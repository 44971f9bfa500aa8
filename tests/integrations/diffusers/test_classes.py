"""Which classes are followed, and that they are left as they were."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, StableDiffusionPipeline

from axonize import patching
from axonize.integrations.diffusers import DIFFUSERS
from tests.integrations.conftest import Recorded
from tests.integrations.diffusers.tiny import text_to_image

CALL = "generate_content StableDiffusionPipeline"
WHOLE = ["encode_prompt", "denoise", "decode"]


def functions() -> list[Any]:
    return [
        StableDiffusionPipeline.__call__,
        StableDiffusionPipeline.encode_prompt,
        DDIMScheduler.step,
        AutoencoderKL.decode,
    ]


def test_uninstalling_leaves_the_classes_as_they_were(recorded: Recorded) -> None:
    patching.uninstall(DIFFUSERS)
    before = functions()
    patching.install(DIFFUSERS)
    pipeline = text_to_image()
    pipeline("A fox", num_inference_steps=1)
    followed = functions()
    assert all(new is not old for new, old in zip(followed, before, strict=True))
    assert [each.__doc__ for each in followed] == [each.__doc__ for each in before]
    patching.uninstall(DIFFUSERS)
    assert functions() == before
    recorded.spans()
    pipeline("A fox", num_inference_steps=1)
    assert recorded.spans() == []


def test_a_pipeline_that_was_made_before_is_followed(recorded: Recorded) -> None:
    patching.uninstall(DIFFUSERS)
    pipeline = text_to_image()
    patching.install(DIFFUSERS)
    pipeline("A fox", num_inference_steps=1)
    assert recorded.outline() == [(CALL, WHOLE)]


def test_a_scheduler_may_be_exchanged(recorded: Recorded) -> None:
    pipeline = text_to_image()
    pipeline.scheduler = DDPMScheduler.from_config(pipeline.scheduler.config)
    pipeline("A fox", num_inference_steps=3)
    (call,) = recorded.tree()
    assert call["attributes"]["axonize.diffusion.scheduler"] == "DDPMScheduler"
    assert call["children"][1]["attributes"]["axonize.diffusion.steps"] == 3


def test_a_class_that_calls_the_one_it_inherits_from_is_one_call(recorded: Recorded) -> None:
    class Mine(StableDiffusionPipeline):  # type: ignore[misc]
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return super().__call__(*args, **kwargs)

    pipeline = Mine(**text_to_image().components, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    pipeline("A fox", num_inference_steps=1)
    assert recorded.outline() == [("generate_content Mine", WHOLE)]


def test_the_same_functions_outside_of_a_call_have_no_span(recorded: Recorded) -> None:
    pipeline = text_to_image()
    pipeline("A fox", num_inference_steps=1)
    recorded.spans()
    with torch.no_grad():
        pipeline.vae.decode(torch.zeros(1, 4, 8, 8))
        pipeline.encode_prompt("A fox", "cpu", 1, False)
        pipeline.scheduler.step(torch.zeros(1, 4, 8, 8), 1, torch.zeros(1, 4, 8, 8))
    assert recorded.spans() == []


def test_a_compiler_sees_through(recorded: Recorded) -> None:
    pipeline = text_to_image()
    pipeline("A fox", num_inference_steps=1)
    pipeline.vae.decode = torch.compile(pipeline.vae.decode, backend="eager", fullgraph=True)
    latents = torch.ones(1, 4, 8, 8)
    with torch.no_grad():
        compiled = pipeline.vae.decode(latents, return_dict=False)[0]
        plain = AutoencoderKL.decode(pipeline.vae, latents, return_dict=False)[0]
    assert torch.equal(compiled, plain)


@pytest.mark.parametrize("missing", ["vae", "scheduler"])
def test_a_pipeline_without_a_component_is_followed(recorded: Recorded, missing: str) -> None:
    pipeline = text_to_image()
    setattr(pipeline, missing, None)
    with pytest.raises(AttributeError):
        pipeline("A fox", num_inference_steps=1)
    (call,) = recorded.tree()
    assert call["status"][0] == "error"
