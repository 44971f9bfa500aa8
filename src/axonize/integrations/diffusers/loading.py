"""How long a pipeline takes to load."""

from __future__ import annotations

from pathlib import PurePath

from axonize import semconv
from axonize.patching import Call, Observer
from axonize.speed import Span


def load(call: Call) -> Observer:
    """Follow DiffusionPipeline.from_pretrained."""
    path = str(call.argument("pretrained_model_name_or_path", default=""))
    name = PurePath(path).name if PurePath(path).is_absolute() else path
    with Span(f"load {name}", {semconv.GEN_AI_REQUEST_MODEL: name}) as span:
        pipeline = yield
        span.set_attribute(semconv.PIPELINE_CLASS, type(pipeline).__name__)
        span.set_attribute(semconv.MODEL_DTYPE, str(pipeline.dtype).removeprefix("torch."))
        span.set_attribute(semconv.DEVICE, str(pipeline.device))
