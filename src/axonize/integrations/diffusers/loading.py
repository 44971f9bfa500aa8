"""How long a pipeline takes to load."""

from __future__ import annotations

from axonize import semconv
from axonize.naming import name_of
from axonize.patching import Call, Observer
from axonize.speed import Span


def load(call: Call) -> Observer:
    """Follow DiffusionPipeline.from_pretrained."""
    name = name_of(str(call.argument("pretrained_model_name_or_path", default="")))
    attributes = {semconv.GEN_AI_REQUEST_MODEL: name, semconv.SETUP: True}
    with Span(f"load {name}", attributes) as span:
        pipeline = yield
        span.set_attribute(semconv.PIPELINE_CLASS, type(pipeline).__name__)
        span.set_attribute(semconv.MODEL_DTYPE, str(pipeline.dtype).removeprefix("torch."))
        span.set_attribute(semconv.DEVICE, str(pipeline.device))
