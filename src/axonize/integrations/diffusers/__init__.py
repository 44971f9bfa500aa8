"""diffusers: pipeline calls with text encoding, every denoising step, and decoding."""

from __future__ import annotations

from axonize.integrations.diffusers.classes import follow_known, follow_new, follow_no_more
from axonize.integrations.diffusers.loading import load
from axonize.integrations.diffusers.run import denoising
from axonize.patching import Integration, Patch

PIPELINES = "diffusers.pipelines.pipeline_utils"

DIFFUSERS = Integration(
    name="diffusers",
    requires="diffusers>=0.30",
    patches=(
        Patch(PIPELINES, "DiffusionPipeline.from_pretrained", load),
        Patch(PIPELINES, "DiffusionPipeline.register_modules", follow_new),
        Patch(PIPELINES, "DiffusionPipeline.progress_bar", denoising),
    ),
    begin=follow_known,
    undo=follow_no_more,
)
