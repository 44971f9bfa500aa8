"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline

from tests.integrations.diffusers.tiny import noise_to_image, save


def example() -> list[Any]:
    """Return what the library answers, the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = DiffusionPipeline.from_pretrained(save(Path(folder)), safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    asked = {"output_type": "np", "num_inference_steps": 2}
    drawn = pipeline("The fox", generator=torch.Generator().manual_seed(1), **asked)
    noise = noise_to_image()(generator=torch.Generator().manual_seed(2), **asked)
    return [drawn.images.tolist(), noise.images.tolist()]
